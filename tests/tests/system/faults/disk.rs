//! A store whose disk is full or does not sync: nothing is approved, an alarm is logged, and the process says why it
//! ends. When the disk is well again, everything is decided once.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use system_tests::cosigner::Action;
use system_tests::harness::failing_disk::{FailingDisk, Failure};
use system_tests::harness::{Options, System, skipped};
use system_tests::requests::{Destination, Transfer};
use system_tests::services::{binaries, ports};

use super::{TREASURY, impatient, lines, on_file, told_to_retry};

/// Files of the store, in the way `harness` lays them out.
const STORE: &str = "/decider/data/decider.db";
/// A decider whose store failed does not linger.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
const TMPFS_MIB: u64 = 2;

/// Of a limit of 1: what is on record before the fault, and what two of have room after it.
fn pays(amount: &str) -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, amount))
}

#[tokio::test]
async fn a_sync_that_fails() {
    survives(Failure::Sync).await;
}

#[tokio::test]
async fn a_disk_that_takes_no_byte() {
    survives(Failure::Write).await;
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_of_a_write() {
    survives(Failure::HalfWrite).await;
}

async fn survives(failure: Failure) {
    let Some(disk) = FailingDisk::build() else { return };
    let environment = disk.environment(STORE);
    let mut system = System::with(Options { environment, edit_edge: impatient, ..Options::default() }).await;
    decided_once(&mut system, || disk.fail(failure), || disk.mend()).await;
}

/// The one story of this file: approved, then the disk fails, then it is well again.
async fn decided_once(system: &mut System, fail: impl FnOnce(), mend: impl FnOnce()) {
    let before = pays("0.4");
    assert_eq!(system.send(&before.payload()).await.reply.action, Action::Approve, "{}", system.logs());
    let record = system.record(&before.request_id).await.unwrap();

    fail();
    let during: Vec<_> = (0..4).map(|_| pays("0.3")).collect();
    for transfer in &during {
        told_to_retry(system, transfer).await;
    }
    ends_and_says_why(system).await;

    mend();
    system.start_decider().await;
    assert_eq!(system.record(&before.request_id).await.as_ref(), Some(&record));
    let mut approved = 0;
    for transfer in during.iter().chain(&during) {
        let action = system.send(&transfer.payload()).await.reply.action;
        let charges = usize::from(action == Action::Approve);
        assert_eq!(on_file(system, transfer), (vec![action.to_string()], charges), "{}", system.logs());
        approved += charges;
    }
    assert_eq!(approved, 4, "two have room, and each was asked twice");
    assert_eq!(on_file(system, &before), (vec!["APPROVE".to_owned()], 1));
    system.stop().await;
}

async fn ends_and_says_why(system: &mut System) {
    let ended = system.decider().ended(ENDS_WITHIN).await.unwrap();
    let log = system.decider().log_text();
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "{ended:?}\n{log}");
    let alarms = lines(&log, "ERROR");
    let says =
        |what: &str| alarms.iter().any(|line| line["message"].as_str().is_some_and(|m| m.contains(what)));
    assert!(says("the store failed"), "no alarm:\n{log}");
    assert!(says("the decider ends"), "no last word:\n{log}");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.contains("the store failed") && last.contains("must not decide"), "{last}");
}

/// Every sync of a running process ends with EIO, by the kernel's own word. Dropped, it is well again.
struct FailingSyncs(Child);

impl FailingSyncs {
    /// `None`, said on standard error, where we may not look into another process.
    fn of(process: u32) -> Option<Self> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO", "-p"]);
        let spawned = strace.arg(process.to_string()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = spawned else {
            skipped("a sync that the kernel lets fail: install strace (apt-get install strace)");
            return None;
        };
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        lines.read_line(&mut said).unwrap();
        // It writes what it sees until it ends: somebody has to read that.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        if said.contains("attached") {
            return Some(Self(child));
        }
        let _ = child.wait();
        skipped(&format!("a sync that the kernel lets fail: strace may not: {}", said.trim()));
        None
    }
}

impl Drop for FailingSyncs {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

#[tokio::test]
async fn a_sync_that_the_kernel_lets_fail() {
    let mut system = System::with(Options { edit_edge: impatient, ..Options::default() }).await;
    let decider = system.decider().id();
    let syncs = RefCell::new(FailingSyncs::of(decider));
    if syncs.take().is_some() {
        let fail = || *syncs.borrow_mut() = FailingSyncs::of(decider);
        decided_once(&mut system, fail, || drop(syncs.take())).await;
    }
}

/// A file system of its own, as small as that. `None`, said on standard error, where we may not mount one.
struct SmallDisk<'a> {
    at: &'a Path,
}

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let size = format!("size={TMPFS_MIB}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { at }),
            other => {
                skipped(&format!("a disk that is really full needs the right to mount one: {other:?}"));
                None
            }
        }
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let zeros = vec![0_u8; usize::try_from(TMPFS_MIB << 20).unwrap()];
        let full = std::fs::write(self.at.join("ballast"), zeros).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    fn empty(&self) {
        std::fs::remove_file(self.at.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily: a test that has failed still has a decider on it.
        let _ = Command::new("umount").arg("-l").arg(self.at).status();
    }
}

#[tokio::test]
async fn a_disk_that_is_really_full() {
    let options = Options { decider: false, edge: false, edit_edge: impatient, ..Options::default() };
    let mut system = System::with(options).await;
    let data = system.local().database().parent().unwrap().to_owned();
    let Some(disk) = SmallDisk::mount(&data) else { return };
    system.start_decider().await;
    system.start_edge().await;
    decided_once(&mut system, || disk.fill(), || disk.empty()).await;
}

#[tokio::test]
async fn a_second_decider_on_the_same_file_does_not_start() {
    let mut system = System::start().await;
    let (mut second, other) = (String::new(), ports::free_addresses());
    let config = std::fs::read_to_string(system.local().decider_config()).unwrap();
    let ours = system.local().addresses().unwrap();
    for (ours, other) in [(ours.decider, other.decider), (ours.decider_admin, other.decider_admin)] {
        let text = if second.is_empty() { &config } else { &second };
        second = text.replace(&ours.to_string(), &other.to_string());
    }
    let link = system.local().database().with_file_name("link.db");
    std::os::unix::fs::symlink(system.local().database(), link).unwrap();
    for name in ["data/decider.db", "data/link.db", "data/../data/decider.db"] {
        let path = system.local().decider_config().with_file_name("second.yaml");
        std::fs::write(&path, second.replace("data/decider.db", name)).unwrap();
        let output = Command::new(binaries::find("decider").unwrap())
            .args(["run", "--config"])
            .arg(path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains("another decider has this store open"), "{name}: {said}");
    }
    let transfer = pays("0.1");
    assert_eq!(system.send(&transfer.payload()).await.reply.action, Action::Approve, "the first one serves");
    system.stop().await;
}
