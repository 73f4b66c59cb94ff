//! Where the server's programs are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where distributions put them, apart from `PATH`: version by version.
const PLACES: [(&str, &str); 3] =
    [("/usr/lib/postgresql", "bin"), ("/usr/pgsql", "bin"), ("/opt/homebrew/opt", "bin")];

/// What is used of them: a directory with some links to them is not the place.
const PROGRAMS: [&str; 3] = ["initdb", "pg_basebackup", "postgres"];

/// What to do where there is none.
pub const INSTALL: &str = "no PostgreSQL server (15 or later) is on this machine, and a ledger of several deciders needs a \
    real one. Debian, Ubuntu: sudo apt-get install postgresql; Fedora: sudo dnf install postgresql-server; macOS: brew \
    install postgresql@17. Or point DECIDER_TEST_POSTGRES_URL to a server's superuser";

/// The directory with the server's programs. Installs the distribution's package where it may: once, however many
/// tests ask at the same time.
pub fn find() -> Option<&'static Path> {
    static DIRECTORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| found().or_else(|| install().then(found).flatten()));
    directory.as_deref()
}

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let placed = PLACES.iter().flat_map(|(place, bin)| below(Path::new(place), bin));
    on_path
        .into_iter()
        .chain(placed)
        .find(|directory| PROGRAMS.iter().all(|program| directory.join(program).is_file()))
}

/// The newest version first.
fn below(place: &Path, bin: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    versions.sort();
    versions.into_iter().rev().map(|version| version.join(bin)).collect()
}

fn install() -> bool {
    let apt = |arguments: &[&str]| {
        let status =
            Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
        status.is_ok_and(|status| status.success())
    };
    crate::cluster::is_root() && apt(&["update"]) && apt(&["install", "-y", "postgresql"])
}
