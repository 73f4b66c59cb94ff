//! A server of our own. It goes when the program goes, however that ends: a shell waits for the end of a pipe that the
//! program holds open. Until then the shell starts a server that was killed again.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Database, binaries, sql};

/// In memory, where that can be: a sync costs nothing there, and a killed server loses nothing either.
const MEMORY: &str = "/dev/shm";

const READY_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A server refuses to run as root.
const USERS: [&str; 2] = ["postgres", "nobody"];

const KEEPER: &str = r#"
dir=$1; shift
trap '' HUP INT TERM
( while [ ! -e "$dir/stop" ]; do "$@" >>"$dir/log" 2>&1 </dev/null; sleep 0.1; done; touch "$dir/ended" ) &
cat >/dev/null
touch "$dir/stop"
until [ -e "$dir/ended" ]; do
  kill -QUIT "$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null)" 2>/dev/null
  sleep 0.05
done
rm -rf "$dir"
"#;

/// Small, and as careful with what it acknowledges as one in earnest.
const SETTINGS: [&str; 9] = [
    // Below its directory, so that it goes with that when it was killed.
    "dynamic_shared_memory_type=mmap",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_buffers=64MB",
    "fsync=on",
    "synchronous_commit=on",
    "autovacuum_naptime=10s",
    "log_checkpoints=off",
    "wal_level=replica",
];

/// A server with its directory. Dropped, it ends.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    port: u16,
    keeper: Child,
}

impl Cluster {
    /// Starts one with these settings beside the usual ones, such as `default_transaction_isolation=serializable`.
    pub fn start(settings: &[&str]) -> Self {
        Self::with_files(&[], settings)
    }

    /// The same with files that it alone may read. To its settings, the directory of `NAME` is `../NAME`.
    pub fn with_files(files: &[(&str, &str)], settings: &[&str]) -> Self {
        let memory = Path::new(MEMORY);
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self::create(&place, files, settings)
    }

    /// Starts one below a directory that everybody may enter: on the disk whose syncs are to count.
    pub fn start_in(place: &Path, settings: &[&str]) -> Self {
        Self::create(place, &[], settings)
    }

    fn create(place: &Path, files: &[(&str, &str)], settings: &[&str]) -> Self {
        let programs = binaries::find().unwrap_or_else(|| panic!("{}", binaries::INSTALL));
        let user = user();
        let directory = tempfile::Builder::new().prefix("countersign-pg-").tempdir_in(place).unwrap().keep();
        if let Some((uid, gid)) = user {
            chown(&directory, Some(uid), Some(gid)).unwrap();
        }
        for (name, text) in files {
            write_private(&directory.join(name), text, user);
        }
        initialise(programs, &directory, user);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&directory).arg(programs.join("postgres"));
        keeper
            .arg("-D")
            .arg(directory.join("data"))
            .arg("-k")
            .arg(&directory)
            .args(["-p", &port.to_string()]);
        for setting in SETTINGS.iter().chain(settings) {
            keeper.args(["-c", setting]);
        }
        let keeper = as_user(&mut keeper, user).current_dir("/").stdin(Stdio::piped()).spawn().unwrap();
        let cluster = Self { directory, port, keeper };
        cluster.until_ready();
        cluster
    }

    /// A new, empty database.
    pub fn database(&self) -> Database {
        Database::create(&self.url())
    }

    /// Its superuser, over the loopback.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// SIGKILL to the server. It is started again at once, and recovers.
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
        if let Some(process) = file.lines().next() {
            let _ = Command::new("sh").arg("-c").arg(format!("kill -KILL {process}")).status();
        }
    }

    /// Waits until it answers.
    pub fn until_ready(&self) {
        let started = Instant::now();
        while !sql::answers(&self.url()) {
            let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(started.elapsed() < READY_WITHIN, "the server does not come up:\n{}", log());
            std::thread::sleep(POLL);
        }
    }

    /// Leaves it running until the program ends. Its URL.
    pub fn leak(self) -> String {
        let url = self.url();
        std::mem::forget(self);
        url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Whether this program may do everything.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// Whom to run as, where it must be somebody else.
fn user() -> Option<(u32, u32)> {
    if !is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &&str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(*name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    Some(USERS.iter().find_map(ids).expect("no user to run PostgreSQL as: neither postgres nor nobody"))
}

fn as_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    match user {
        Some((uid, gid)) => command.uid(uid).gid(gid),
        None => command,
    }
}

fn write_private(path: &Path, text: &str, user: Option<(u32, u32)>) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    if let Some((uid, gid)) = user {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

fn initialise(programs: &Path, directory: &Path, user: Option<(u32, u32)>) {
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.arg("-D").arg(directory.join("data")).current_dir("/");
    initdb.args(["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
    let output = as_user(&mut initdb, user).output().unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
}
