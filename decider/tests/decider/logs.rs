//! What it logs, as programs read it.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::program::{decider, terminate};
use crate::support::Files;

/// The lines up to the one that says that it serves, at a level.
fn lines_at(level: &str) -> Vec<String> {
    let files = Files::new();
    let mut child = decider(&["run", "--config", "decider.yaml"])
        .current_dir(files.path(""))
        .env("RUST_LOG", level)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let (told, found) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.for_each(|line| drop(told.send(line))));
    let mut seen = Vec::new();
    while let Ok(line) = found.recv_timeout(std::time::Duration::from_secs(3)) {
        let serves = line.contains("the decider serves");
        if !line.contains("the store is in memory") {
            seen.push(line);
        }
        if serves {
            break;
        }
    }
    terminate(child);
    seen
}

#[test]
fn a_level_that_cannot_be_read_is_told_and_info_counts() {
    for level in ["loud", "info,=", "decider", "info,decider=lout", "=debug"] {
        let lines = lines_at(level);
        assert_eq!(lines.len(), 2, "{level}: {lines:?}");
        assert!(
            lines[0].contains("\"level\":\"WARN\"") && lines[0].contains("RUST_LOG"),
            "{level}: {lines:?}"
        );
        let object: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(object["value"], *level);
    }
}

#[test]
fn levels_are_taken_for_all_and_by_module() {
    for (level, count) in
        [("info", 1), ("INFO", 1), ("", 1), ("warn,decider=info", 1), ("off", 0), ("warn", 0)]
    {
        let lines = lines_at(level);
        assert_eq!(lines.len(), count, "{level}: {lines:?}");
        for line in lines {
            let names = line.split(",\"").map(|field| field.split("\":").next().unwrap().to_owned());
            let names: Vec<String> = names.collect();
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{line}");
            assert_eq!(names[0], "{\"time", "{line}");
        }
    }
}
