//! Files that should not be read, or not to their end.

use std::process::Command;

use crate::support::{Files, program::EDGE};

/// A pipe, for one: reading it would wait for whoever writes to it.
#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let files = Files::new();
    let made = Command::new("mkfifo").arg(files.path("pipe")).status();
    assert!(made.expect("mkfifo runs").success());
    let yaml = files.yaml(1).replace("reply_private.pem", "pipe");
    let file = files.write("edge.yaml", yaml.as_bytes());
    for config in [file, files.path("pipe"), files.path("")] {
        let mut command = Command::new("timeout");
        command.args(["10", EDGE, "check", "--config"]).arg(config);
        let output = command.output().expect("runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(78), "{told}");
        assert!(told.contains("it is no regular file, but a directory, a pipe or a device"), "{told}");
    }
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let files = Files::new();
    let mut yaml = files.yaml(1);
    yaml.push_str(&format!("# {}\n", "x".repeat(1 << 20)));
    let file = files.write("edge.yaml", yaml.as_bytes());
    let output = Command::new(EDGE).args(["check", "--config"]).arg(file).output().expect("runs");
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(78));
    assert!(told.contains("it has more than 1048576 bytes, which is the most that is read"), "{told}");
}
