//! A server of our own. It goes when the program goes, however that ends: a shell waits for the end of a pipe that the
//! program holds open. Until then the shell starts a server that was killed again.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Database, binaries, ports, sql};

/// In memory, where that can be: a sync costs nothing there, and a killed server loses nothing either.
const MEMORY: &str = "/dev/shm";
/// On a disk, and open to the user that a server runs as.
pub const DISK: &str = "/var/tmp";

const READY_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A server refuses to run as root.
const USERS: [&str; 2] = ["postgres", "nobody"];

const KEEPER: &str = r#"
dir=$1; shift
trap '' HUP INT TERM
( while [ ! -e "$dir/stop" ]; do [ -e "$dir/held" ] || "$@" >>"$dir/log" 2>&1 </dev/null; sleep 0.1; done
  touch "$dir/ended" ) &
cat >/dev/null
touch "$dir/stop"
until [ -e "$dir/ended" ]; do
  main=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null)
  kill -QUIT "$main" 2>/dev/null && kill -CONT "$main" 2>/dev/null
  sleep 0.05
done
rm -rf "$dir"
"#;

/// Small, and as careful with what it acknowledges as one in earnest.
const SETTINGS: [&str; 10] = [
    // Below its directory, so that it goes with that when it was killed.
    "dynamic_shared_memory_type=mmap",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_buffers=64MB",
    // What is in memory has to fit there, several servers at a time.
    "max_wal_size=128MB",
    "fsync=on",
    "synchronous_commit=on",
    "autovacuum_naptime=10s",
    "log_checkpoints=off",
    "wal_level=replica",
];

/// What a server is started with, beside the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup<'a> {
    /// Files that it alone may read, by name. To its settings, the directory of `NAME` is `../NAME`.
    pub files: &'a [(&'a str, &'a str)],
    /// Such as `default_transaction_isolation=serializable`.
    pub settings: &'a [&'a str],
    /// Its environment, such as `LD_PRELOAD`.
    pub environment: &'a [(String, String)],
    /// On a disk ([`DISK`]), for measurements. Else in memory, where that can be.
    pub on_disk: bool,
}

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
        Self::of(&Setup { settings, ..Setup::default() })
    }

    /// Starts one.
    pub fn of(setup: &Setup<'_>) -> Self {
        Self::over(setup, |directory| {
            let mut initdb = program("initdb");
            initdb.arg("-D").arg(directory.join("data"));
            initdb.args(["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
            initdb
        })
    }

    /// Starts one whose data a program makes.
    pub(super) fn over(setup: &Setup<'_>, data: impl FnOnce(&Path) -> Command) -> Self {
        let directory = directory(setup.on_disk);
        for (name, text) in setup.files {
            write_private(&directory.join(name), text);
        }
        let output = data(&directory).output().unwrap();
        assert!(output.status.success(), "no data: {}", String::from_utf8_lossy(&output.stderr));
        let port = ports::free();
        let keeper = keeper(&directory, port, setup).spawn().unwrap();
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

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whoever calls from this address needs no password, as from this machine.
    pub fn trust(&self, address: &str) {
        let file = self.directory.join("data/pg_hba.conf");
        let rules = std::fs::read_to_string(&file).unwrap() + &format!("host all all {address}/32 trust\n");
        std::fs::write(&file, rules).unwrap();
        sql::execute(&self.url(), "SELECT pg_reload_conf()");
    }

    /// SIGKILL to the server. It is started again at once, and recovers.
    pub fn kill(&self) {
        self.signal("KILL", &self.process().into_iter().collect::<Vec<_>>());
    }

    /// SIGKILL to the server and everything that works for it at the same moment, as when its machine goes. It stays
    /// away until [`Cluster::come_back`].
    pub fn go_away(&self) {
        self.hold();
        self.signal("KILL", &self.processes());
        self.until_gone();
    }

    /// Its main process and those that work for it.
    fn processes(&self) -> Vec<String> {
        let Some(main) = self.process() else { return Vec::new() };
        let children =
            std::fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap_or_default();
        std::iter::once(main).chain(children.split_whitespace().map(str::to_owned)).collect()
    }

    /// Nothing of it goes on until [`Cluster::thaw`]; its connections stay.
    pub fn freeze(&self) {
        self.signal("STOP", &self.processes());
    }

    /// Goes on after [`Cluster::freeze`].
    pub fn thaw(&self) {
        self.signal("CONT", &self.processes());
    }

    /// Ends in good order, and stays away until [`Cluster::come_back`].
    pub fn stop(&self) {
        self.hold();
        self.signal("INT", &self.process().into_iter().collect::<Vec<_>>());
        self.until_gone();
    }

    /// Starts again with the data as it is, and waits until it answers.
    pub fn come_back(&self) {
        std::fs::remove_file(self.directory.join("held")).unwrap();
        self.until_ready();
    }

    fn hold(&self) {
        std::fs::write(self.directory.join("held"), "").unwrap();
    }

    fn process(&self) -> Option<String> {
        let file = std::fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
        file.lines().next().map(str::to_owned)
    }

    fn signal(&self, name: &str, processes: &[String]) {
        let _ = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", processes.join(" "))).status();
    }

    fn until_gone(&self) {
        let started = Instant::now();
        while sql::answers(&self.url()) {
            assert!(started.elapsed() < READY_WITHIN, "the server does not go away");
            std::thread::sleep(POLL);
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

fn as_user(mut command: Command) -> Command {
    if let Some((uid, gid)) = user() {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/");
    command
}

/// One of the server's programs.
pub(super) fn program(name: &str) -> Command {
    as_user(Command::new(programs().join(name)))
}

fn programs() -> &'static Path {
    binaries::find().unwrap_or_else(|| panic!("{}", binaries::INSTALL))
}

fn directory(on_disk: bool) -> PathBuf {
    let place = Path::new(if on_disk { DISK } else { MEMORY });
    let place = if place.is_dir() { place.to_owned() } else { std::env::temp_dir() };
    let directory =
        tempfile::Builder::new().prefix("countersign-pg-").tempdir_in(place).map(TempDir::keep).unwrap();
    own(&directory);
    directory
}

fn own(path: &Path) {
    if let Some((uid, gid)) = user() {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    own(path);
}

fn keeper(directory: &Path, port: u16, setup: &Setup<'_>) -> Command {
    let mut keeper = as_user(Command::new("sh"));
    keeper.args(["-c", KEEPER, "keeper"]).arg(directory).arg("env");
    keeper.args(setup.environment.iter().map(|(name, value)| format!("{name}={value}")));
    keeper.arg(programs().join("postgres")).arg("-D").arg(directory.join("data"));
    keeper.arg("-k").arg(directory).args(["-p", &port.to_string()]);
    for setting in SETTINGS.iter().chain(setup.settings) {
        keeper.args(["-c", setting]);
    }
    keeper.stdin(Stdio::piped());
    keeper
}
