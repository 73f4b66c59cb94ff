//! Who runs where: the server under measurement on one core, everything else on another.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::Error;
use super::proc;

/// Of util-linux. Without it nothing is pinned.
const TASKSET: &str = "taskset";

/// Two cores, or none where there are not two or nobody can be bound to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cores {
    pair: Option<Pair>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    server: usize,
    load: usize,
}

impl Cores {
    /// Chooses from the cores that this process may use.
    pub fn choose() -> Self {
        let pair = if taskset_is_there() { pair(&allowed(), &siblings) } else { None };
        Self { pair }
    }

    /// Keeps this process, and whatever it starts, off the server's core.
    pub fn leave_the_server_core(&self) -> Result<(), Error> {
        let Some(Pair { load, .. }) = self.pair else { return Ok(()) };
        let me = std::process::id().to_string();
        let bound = Command::new(TASKSET)
            .args(["-a", "-c", "-p", &load.to_string(), &me])
            .stdout(Stdio::null())
            .status()
            .map_err(Error::io("cannot bind the load to a core"))?;
        if bound.success() { Ok(()) } else { Err(Error::Child(format!("{TASKSET}: {bound}"))) }
    }

    /// The command that runs a program on the server's core. Its process id is that of the program.
    pub fn on_server_core(&self, program: &Path, arguments: Vec<OsString>) -> (PathBuf, Vec<OsString>) {
        let Some(Pair { server, .. }) = self.pair else { return (program.to_owned(), arguments) };
        let bound = ["-c".into(), server.to_string().into(), program.as_os_str().to_owned()];
        (PathBuf::from(TASKSET), bound.into_iter().chain(arguments).collect())
    }

    /// For people.
    pub fn describe(&self) -> String {
        match self.pair {
            Some(Pair { server, load }) => format!("server on core {server}, load on core {load}"),
            None => "not bound to cores (two cores and taskset of util-linux are needed): take the figures with care"
                .to_owned(),
        }
    }
}

fn taskset_is_there() -> bool {
    let version = Command::new(TASKSET).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// The first core, and the next one that is not its other thread.
fn pair(allowed: &BTreeSet<usize>, siblings: &dyn Fn(usize) -> BTreeSet<usize>) -> Option<Pair> {
    let server = *allowed.first()?;
    let threads = siblings(server);
    let others = || allowed.iter().copied().filter(|core| *core != server);
    let load = others().find(|core| !threads.contains(core)).or_else(|| others().next())?;
    Some(Pair { server, load })
}

fn allowed() -> BTreeSet<usize> {
    proc::status_line(std::process::id(), "Cpus_allowed_list").map(|list| parse(&list)).unwrap_or_default()
}

fn siblings(core: usize) -> BTreeSet<usize> {
    let file = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    std::fs::read_to_string(file).map(|list| parse(&list)).unwrap_or_default()
}

/// A list as the kernel writes it: `0-3,8`.
fn parse(list: &str) -> BTreeSet<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    };
    list.trim().split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_kernel_writes_them() {
        assert_eq!(parse("0-2,8\n"), BTreeSet::from([0, 1, 2, 8]));
        assert_eq!(parse(""), BTreeSet::new());
    }

    #[test]
    fn the_load_does_not_run_on_the_other_thread_of_the_servers_core() {
        let alone = |core| BTreeSet::from([core]);
        let paired = |core: usize| BTreeSet::from([core & !1, core | 1]);
        let choose = |list, siblings: &dyn Fn(usize) -> BTreeSet<usize>| {
            pair(&parse(list), siblings).map(|pair| (pair.server, pair.load))
        };
        assert_eq!(choose("0-1", &alone), Some((0, 1)));
        assert_eq!(choose("0-3", &paired), Some((0, 2)));
        assert_eq!(choose("2,3", &paired), Some((2, 3)));
        assert_eq!(choose("5", &alone), None);
    }

    #[test]
    fn a_bound_program_keeps_its_arguments() {
        let program = Path::new("/bin/edge");
        let bound = Cores { pair: Some(Pair { server: 3, load: 4 }) };
        let (command, arguments) = bound.on_server_core(program, vec!["run".into()]);
        assert_eq!(command, Path::new("taskset"));
        assert_eq!(arguments, ["-c", "3", "/bin/edge", "run"]);
        let free = Cores { pair: None }.on_server_core(program, vec!["run".into()]);
        assert_eq!(free, (program.to_owned(), vec!["run".into()]));
    }
}
