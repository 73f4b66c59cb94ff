//! The program as a child process.

use std::{
    cell::RefCell,
    collections::{BTreeSet, VecDeque},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::Files;

/// How long a line is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub const EDGE: &str = env!("CARGO_BIN_EXE_edge");

/// A running edge; killed when dropped.
pub struct Program {
    child: Child,
    log: Log,
    pub address: SocketAddr,
    pub json_address: Option<SocketAddr>,
    pub admin_address: SocketAddr,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Runs it with this configuration and environment, until it serves.
    pub fn run(files: &Files, yaml: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = spawn(files, yaml, environment);
        let log = Log::of(&mut child);
        let serving = log.until("serving");
        log.put_back();
        let known = |name: &str| Some(serving[name].as_str()?.parse().expect("an address"));
        let address = |name: &str| known(name).expect(name);
        let (json_address, admin_address) = (known("json_address"), address("admin_address"));
        Self { address: address("address"), json_address, admin_address, child, log }
    }

    /// Tells it that its files are whole.
    pub fn hang_up(&self) {
        self.tell("-HUP");
    }

    /// The first event with this message that was not read yet.
    pub fn told(&self, message: &str) -> serde_json::Value {
        self.log.until(message)
    }

    /// Has it open no more files than so many, from now on.
    pub fn allow_files(&self, files: u64) {
        let pid = Pid::from_child(&self.child);
        let limit = Rlimit { current: Some(files), maximum: Some(files) };
        prlimit(Some(pid), Resource::Nofile, limit).expect("a child");
    }

    /// The scheduling policies of its threads, as the system numbers them.
    pub fn scheduling_policies(&self) -> BTreeSet<String> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("a child");
        let policy = |thread: std::io::Result<std::fs::DirEntry>| {
            let stat =
                std::fs::read_to_string(thread.expect("a thread").path().join("stat")).expect("a thread");
            // proc(5): `policy` is field 41; the second is a name in brackets, which may hold blanks.
            let (_, rest) = stat.rsplit_once(')').expect("a name");
            rest.split_whitespace().nth(41 - 3).expect("field 41").to_owned()
        };
        threads.map(policy).collect()
    }

    /// Reads its log, or does not.
    pub fn read_log(&self, read: bool) {
        self.log.unread.store(!read, Ordering::Relaxed);
    }

    /// Tells it to end, and gives back its exit code: of a log that may not be read.
    pub fn end_unread(&mut self) -> Option<i32> {
        self.tell("-TERM");
        self.wait()
    }

    fn tell(&self, signal: &str) {
        let told = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        assert!(told.expect("kill runs").success());
    }

    /// Tells it to end, and gives back its exit code and its whole log.
    pub fn end(mut self) -> (Option<i32>, String) {
        self.tell("-TERM");
        let code = self.wait();
        (code, self.log.whole())
    }

    fn wait(&mut self) -> Option<i32> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("still running");
    }
}

fn spawn(files: &Files, yaml: &str, environment: &[(&str, &str)]) -> Child {
    let file = files.write("edge.yaml", yaml.as_bytes());
    let mut command = Command::new(EDGE);
    for inherited in ["RUST_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        command.env_remove(inherited);
    }
    command.arg("run").env("EDGE_CONFIG", file).envs(environment.iter().copied()).stderr(Stdio::piped());
    command.spawn().expect("runs")
}

/// The log of a child, read as it comes: a full pipe would stop the child.
struct Log {
    lines: mpsc::Receiver<String>,
    read: RefCell<Vec<String>>,
    /// What was put back.
    waiting: RefCell<VecDeque<String>>,
    /// Nothing is read: the pipe fills.
    unread: Arc<AtomicBool>,
}

impl Log {
    fn of(child: &mut Child) -> Self {
        let (sender, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let unread = Arc::<AtomicBool>::default();
        let gate = Arc::clone(&unread);
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| {
                while gate.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                sender.send(line)
            })
        });
        Self { lines, read: RefCell::default(), waiting: RefCell::default(), unread }
    }

    /// The first event with this message.
    fn until(&self, message: &str) -> serde_json::Value {
        loop {
            let before = self.waiting.borrow_mut().pop_front();
            let line = before.unwrap_or_else(|| self.lines.recv_timeout(PATIENCE).expect(message));
            let event: serde_json::Value = serde_json::from_str(&line).expect("every line is JSON");
            self.read.borrow_mut().push(line);
            if event["message"] == message {
                return event;
            }
        }
    }

    /// All lines but the last one were not read: what comes before what is nobody's to rely on.
    fn put_back(&self) {
        let mut read = self.read.borrow_mut();
        let last = read.pop();
        self.waiting.borrow_mut().extend(read.drain(..));
        read.extend(last);
    }

    /// Everything up to the child's end.
    fn whole(&self) -> String {
        let mut lines = self.read.take();
        lines.extend(self.waiting.take());
        lines.extend(self.lines.iter());
        lines.join("\n")
    }
}
