//! `demo`, which `make run` starts, with the real services.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use system_tests::local::{Addresses, Local, Settings};
use system_tests::services::{binaries, ports};
use tokio::process::Command;

/// Everything is built: a second run takes seconds.
const SECOND_RUN: Duration = Duration::from_secs(20);

fn demo(directory: &Path, addresses: &Addresses) -> Command {
    for service in ["edge", "decider"] {
        binaries::check_fresh(service).unwrap_or_else(|error| panic!("{error}"));
    }
    let ports: Vec<_> = addresses.named().iter().map(|(_, address)| address.port().to_string()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command
        .arg("--dir")
        .arg(directory)
        .args(["--ports", &ports.join(",")])
        .env_remove("ONCE")
        .env_remove("STORE")
        .env_remove("DECIDERS")
        .kill_on_drop(true);
    command
}

async fn once(directory: &Path, addresses: &Addresses) -> Output {
    demo(directory, addresses).env("ONCE", "1").output().await.unwrap()
}

/// `Command::output` would take the standard output itself.
async fn printing_to(out: impl Into<Stdio>, mut demo: Command) -> Output {
    let demo = demo.stdout(out).stderr(Stdio::piped()).spawn().unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), demo.wait_with_output()).await;
    ended.expect("it ends").unwrap()
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The second column of the table.
fn actions(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let action = |line: &str| {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).nth(1).map(str::to_owned)
    };
    text.lines().skip(2).filter_map(action).collect()
}

const ACTIONS: [&str; 11] = [
    "APPROVE", "APPROVE", "APPROVE", "REJECT", "REJECT", "APPROVE", "APPROVE", "APPROVE", "REJECT", "IGNORE",
    "APPROVE",
];

#[tokio::test]
async fn every_sample_is_answered_as_expected_and_again_on_the_second_run() {
    let directory = tempfile::tempdir().unwrap();
    let (local, addresses) = (directory.path().join(".local"), ports::free_addresses_with_json());
    let first = once(&local, &addresses).await;
    assert!(first.status.success(), "{}", shown(&first));
    assert_eq!(actions(&first), ACTIONS, "{}", shown(&first));
    let text = shown(&first);
    for explained in [
        "allow rule eth-to-treasury",
        "0.99 of 1 ETH",
        "allow rule btc-to-known-addresses",
        "(on record)",
        "no allow rule covers it",
        "deny rule over-2-eth-at-once",
        "limit eth-per-vault-and-hour",
        "0.1 of 1 ETH",
    ] {
        assert!(text.contains(explained), "{explained} is missing in\n{text}");
    }

    let started = Instant::now();
    let second = once(&local, &addresses).await;
    assert!(second.status.success(), "{}", shown(&second));
    assert_eq!(actions(&second), actions(&first));
    assert!(!shown(&second).contains("--ports"), "they are the same: {}", shown(&second));
    assert!(started.elapsed() < SECOND_RUN, "took {:?}", started.elapsed());
}

#[tokio::test]
async fn several_deciders_share_one_ledger_and_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join(".local");
    let mut demo = demo(&local, &ports::free_addresses_of_fleet(3));
    let output =
        demo.env("ONCE", "1").args(["--store", "postgres", "--deciders", "3"]).output().await.unwrap();
    let text = shown(&output);
    assert!(output.status.success(), "{text}");
    assert_eq!(actions(&output).get(..ACTIONS.len()), Some(ACTIONS.map(str::to_owned).as_slice()), "{text}");
    let shares = text.lines().find_map(|line| line.strip_prefix("Over one ledger: ")).unwrap_or_default();
    let shares: Vec<_> = shares.trim_end_matches('.').split(", ").collect();
    assert_eq!(shares.len(), 3, "{text}");
    assert!(shares.iter().filter(|share| !share.ends_with(" 0")).count() > 1, "one did all: {text}");
}

#[tokio::test]
async fn an_unexpected_answer_is_shown_and_fails() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { addresses: ports::free_addresses(), ..Settings::default() };
    let strict = settings.policy.replace(r#"max: {amount: "1"}"#, r#"max: {amount: "0.5"}"#);
    assert_ne!(strict, settings.policy);
    let local = Local::create(directory.path(), &Settings { policy: strict, ..settings.clone() }).unwrap();
    let output = once(local.root(), &settings.addresses).await;
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(shown(&output).contains("REJECT (expected APPROVE)"), "{}", shown(&output));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut once = demo(local.root(), &settings.addresses);
    once.arg("--once");
    let unread = printing_to(writer, once).await;
    assert_eq!(unread.status.code(), Some(1), "though nobody reads the table: {}", shown(&unread));
}

#[tokio::test]
async fn who_is_interrupted_before_the_answers_are_in_has_not_succeeded() {
    let directory = tempfile::tempdir().unwrap();
    let mut demo = demo(directory.path(), &ports::free_addresses()).arg("--once").spawn().unwrap();
    while !directory.path().join("logs/decider.log").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let id = demo.id().unwrap().to_string();
    Command::new("sh").args(["-c", &format!("kill -INT {id}")]).status().await.unwrap();
    assert_eq!(demo.wait().await.unwrap().code(), Some(130));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_before_anything_starts() {
    let directory = tempfile::tempdir().unwrap();
    let addresses = ports::free_addresses();
    let _other = std::net::TcpListener::bind(addresses.edge).unwrap();
    let output = once(directory.path(), &addresses).await;
    assert_eq!(output.status.code(), Some(1));
    let text = shown(&output);
    assert!(text.contains(&format!("port {} (the edge) is taken", addresses.edge.port())), "{text}");
    let file = directory.path().join("edge/edge.yaml").display().to_string();
    assert!(text.contains(&file), "which file to change is said: {text}");
    assert!(!directory.path().join("logs/decider.log").exists());
    let new = directory.path().join("new");
    let output = once(&new, &addresses).await;
    assert!(shown(&output).contains("name others by --ports"), "{}", shown(&output));
    assert!(!new.exists(), "files would keep the port");
}

#[tokio::test]
async fn ports_that_run_into_each_other_are_refused_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join(".local");
    let twice = Addresses { decider: ports::free_addresses().edge, ..ports::free_addresses() };
    let twice = Addresses { edge: twice.decider, ..twice };
    let output = once(&local, &twice).await;
    assert_eq!(output.status.code(), Some(64), "{}", shown(&output));
    let port = twice.edge.port();
    assert!(shown(&output).contains(&format!("{port} is given twice")), "{}", shown(&output));
    // The second decider would have the first one's admin port.
    let near = Addresses { decider_admin: (twice.edge.ip(), port + 1).into(), ..twice };
    let near = Addresses { edge: ports::free_addresses().edge, ..near };
    let output = demo(&local, &near).args(["--store", "postgres", "--deciders", "3"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(shown(&output).contains("is given twice"), "{}", shown(&output));
    assert!(!local.exists());
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_ends_it_and_a_full_disk_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let addresses = ports::free_addresses();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = printing_to(writer, demo(directory.path(), &addresses)).await;
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = printing_to(full, demo(directory.path(), &addresses)).await;
    assert_eq!(output.status.code(), Some(74), "{}", shown(&output));
    assert!(shown(&output).contains("demo: cannot write to standard output"), "{}", shown(&output));
    ports::check_free(&addresses).unwrap();
}

#[tokio::test]
async fn a_service_that_does_not_start_shows_why() {
    let directory = tempfile::tempdir().unwrap();
    let settings =
        Settings { addresses: ports::free_addresses(), policy: "version: 0\n".into(), ..Settings::default() };
    let local = Local::create(directory.path(), &settings).unwrap();
    let output = once(local.root(), &settings.addresses).await;
    assert_eq!(output.status.code(), Some(1));
    let text = shown(&output);
    assert!(text.contains("the decider has ended (exit status: 78)"), "{text}");
    assert!(text.contains("policy.yaml"), "{text}");
}

#[tokio::test]
async fn it_stays_up_until_it_is_interrupted_and_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let addresses = ports::free_addresses();
    let mut demo =
        demo(directory.path(), &addresses).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(demo.stdout.take().unwrap()));
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.starts_with("Send your own request:") {
            break;
        }
    }
    assert!(ports::check_free(&addresses).is_err(), "it still runs");
    let id = demo.id().unwrap().to_string();
    Command::new("sh").args(["-c", &format!("kill -INT {id}")]).status().await.unwrap();
    assert!(demo.wait().await.unwrap().success());
    ports::check_free(&addresses).unwrap();
}

/// What people have made their own stays as it is, and goes on without what came later.
#[tokio::test]
async fn configurations_from_before_json_mode_still_work() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { addresses: ports::free_addresses(), ..Settings::default() };
    let local = Local::create(directory.path(), &settings).unwrap();
    let before = std::fs::read_to_string(local.edge_config()).unwrap();
    assert!(!before.contains("json"));
    let output = once(local.root(), &ports::free_addresses_with_json()).await;
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(actions(&output), ACTIONS[..10], "{}", shown(&output));
    assert!(shown(&output).contains("--ports is not used"), "{}", shown(&output));
    assert_eq!(std::fs::read_to_string(local.edge_config()).unwrap(), before);
}
