//! Output that nobody takes: a pipe that is closed, a disk that is full.

use std::{
    fs::File,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{
    Caller, Decider, Files, Manner, TX,
    caller::plain_get,
    program::{EDGE, Program},
};

#[test]
fn output_that_nobody_takes_is_no_panic() {
    let files = Files::new();
    let (good, bad) = (files.path("good.yaml"), files.path("bad.yaml"));
    files.write("good.yaml", files.yaml(1).as_bytes());
    files.write("bad.yaml", b"listen: {}");
    let (good, bad) = (good.to_str().expect("text"), bad.to_str().expect("text"));
    let new = files.path("new.pem");
    for (args, code) in [
        (&["check", "--config", good][..], 0),
        (&["check", "--config", good, "--output", "json"], 0),
        (&["check", "--config", bad, "--output", "json"], 78),
        (&["keys", "show", "--config", good], 0),
        (&["keys", "new", "--algorithm", "es256", "--out", new.to_str().expect("text")], 0),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let (closed, told) = edge_into(writer, args);
        assert!(closed == Some(code) && !told.contains("standard output"), "{args:?}: {closed:?} {told}");
        let _ = std::fs::remove_file(&new);
        let (full, told) = edge_into(File::create("/dev/full").expect("opens"), args);
        assert_eq!(full, Some(74), "{args:?}: {told}");
        assert!(told.contains("edge: cannot write to standard output: No space left on device"), "{told}");
    }
    // It is there, and says how to see the public half.
    assert!(new.exists());
    let full = File::create("/dev/full").expect("opens");
    let status = Command::new(EDGE).args(["check", "--config", good]).stderr(full).status().expect("runs");
    assert_eq!(status.code(), Some(0), "warnings that nobody takes");
}

/// Runs it with its standard output there: exit code and standard error.
fn edge_into(out: impl Into<Stdio>, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(EDGE);
    command.args(args).env_remove("EDGE_CONFIG").stdout(out).stderr(Stdio::piped());
    let output = command.spawn().and_then(Child::wait_with_output).expect("runs");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

/// A log that is not read, by a shipper that hangs for one, holds up no answer, no probe and no end.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_the_log_stops_nobody() {
    const REQUESTS: usize = 400;
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let mut unread = Program::run(&files, &files.yaml(decider.port), &[]);
    unread.read_log(false);
    let caller = Caller::new(unread.address, &files).over_http2();
    let mut connection = caller.open().await;
    for number in 0..REQUESTS {
        let asking = connection.post(TX, caller.token(&format!(r#"{{"requestId":"{number}"}}"#)));
        let reply = tokio::time::timeout(Duration::from_secs(10), asking).await;
        assert_eq!(reply.expect("an answer").status, 200, "{number}");
    }
    assert_eq!(plain_get(unread.admin_address, "/livez").await.0, 200);
    drop(connection);
    assert_eq!(unread.end_unread(), Some(0));
}
