//! The level of the log.

use std::process::Command;

use crate::support::{Files, program::EDGE};

#[test]
fn a_level_that_would_turn_logs_off_by_mistake_is_told() {
    let files = Files::new();
    let file = files.write("edge.yaml", files.yaml(1).as_bytes());
    for level in ["loud", "info,=", "edge=loud", "info,,debug", "=info"] {
        let mut command = Command::new("timeout");
        command.args(["10", EDGE, "run", "--config"]).arg(&file).env("RUST_LOG", level);
        let output = command.output().expect("runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(78), "{level}: {told}");
        assert!(told.starts_with("edge: RUST_LOG is "), "{told}");
    }
}
