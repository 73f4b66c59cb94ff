//! The level of the log.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::support::{Files, program::EDGE};

#[test]
fn a_level_that_would_turn_logs_off_by_mistake_is_told_and_info_counts() {
    let files = Files::new();
    let file = files.write("edge.yaml", files.yaml(1).as_bytes());
    for level in ["loud", "info,=", "edge=loud", "info,,debug", "=info"] {
        let mut command = Command::new(EDGE);
        command.args(["run", "--config"]).arg(&file).env("RUST_LOG", level).stderr(Stdio::piped());
        let mut child = command.spawn().expect("runs");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let (mut told, mut serves) = (false, false);
        for line in lines {
            told |= line.contains("RUST_LOG is ");
            serves |= line.contains("\"serving\"");
            if serves {
                break;
            }
        }
        child.kill().and_then(|()| child.wait()).expect("ends");
        assert!(told && serves, "{level}");
    }
}
