//! What becomes of what is said when nobody takes it: a pipe that is closed, a disk that is full.

use std::fs::{File, OpenOptions};
use std::process::{Output, Stdio};

use insta::assert_snapshot;

use crate::program::decider;
use crate::support::{CONFIG, Files};

const COMMANDS: [&[&str]; 11] = [
    &["check", "--config", "decider.yaml"],
    &["check", "--config", "decider.yaml", "--output", "json"],
    &["policy", "test", "--policy", "policy.yaml"],
    &["policy", "check", "--policy", "policy.yaml"],
    &["policy", "schema"],
    &["policy", "explain", "request.json", "--policy", "policy.yaml"],
    &["store", "stats", "--config", "decider.yaml"],
    &["store", "stats", "--config", "decider.yaml", "--output", "json"],
    &["store", "verify", "--config", "decider.yaml"],
    &["store", "export", "--config", "decider.yaml"],
    &["store", "backup", "--config", "decider.yaml", "--to", "backup.db"],
];

/// With a store that has been started once, and a request.
async fn files() -> Files {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: decider.db}"));
    files.write("request.json", include_str!("../../../tests/examples/decide.json"));
    files.start().await.stop().await.unwrap();
    files
}

/// How a command ends that prints there, and what it says on standard error.
fn printing(files: &Files, command: &[&str], out: Stdio) -> (i32, String) {
    let Output { status, stderr, .. } =
        decider(command).current_dir(files.path("")).stdout(out).stderr(Stdio::piped()).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full_disk() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

#[tokio::test]
async fn a_pipe_that_is_closed_ends_it_quietly() {
    let files = files().await;
    for command in COMMANDS {
        assert_eq!(printing(&files, command, closed_pipe()), (0, String::new()), "{command:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_a_failure_with_a_message() {
    let files = files().await;
    for command in COMMANDS.into_iter().filter(|command| command[1] != "export") {
        let (code, err) = printing(&files, command, full_disk().into());
        assert_eq!(code, 1, "{command:?}: {err}");
        insta::allow_duplicates! {
            assert_snapshot!(err, @"decider: standard output cannot be written: No space left on device (os error 28)");
        }
    }
}

#[test]
fn mistakes_that_nobody_reads_end_it_as_they_would() {
    let files = Files::new();
    files.write("policy.yaml", "version: 1\n");
    for to in [closed_pipe(), full_disk().into()] {
        let command = decider(&["check", "--policy", "policy.yaml"])
            .current_dir(files.path(""))
            .stderr(to)
            .stdout(Stdio::null())
            .status();
        assert_eq!(command.unwrap().code(), Some(78));
    }
}
