//! The program itself: its command line, exit codes, logs and end.

use std::process::Command;

use crate::support::{
    CONFIG, Caller, Decider, Files, Manner, PARENT, TX,
    caller::plain_get,
    program::{EDGE, Program},
    vector,
};

fn edge(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(EDGE).args(args).env_remove("EDGE_CONFIG").output().expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn exit_codes_tell_usage_from_configuration() {
    let files = Files::new();
    let good = files.write("good.yaml", files.yaml(1).as_bytes());
    let bad = files.write(
        "bad.yaml",
        files.yaml(1).replace("tenant: default", "tenant: A").replace("edge.key", "none.key").as_bytes(),
    );
    let (good, bad) = (good.to_str().expect("text"), bad.to_str().expect("text"));
    assert_eq!(edge(&["check", "--config", good]).0, Some(0));
    for args in [["check", "--config", bad], ["run", "--config", bad]] {
        let (code, _, stderr) = edge(&args);
        assert_eq!(code, Some(78));
        assert_eq!(stderr.lines().count(), 2, "{stderr}");
        assert!(
            stderr.contains("listen.private_key: cannot read") && stderr.contains("paths[0].tenant: must be"),
            "{stderr}"
        );
    }
    assert_eq!(edge(&["run", "--config", "/nonexistent.yaml"]).0, Some(78));
    for args in
        [&[][..], &["fly"], &["run"], &["run", "--colour"], &["check", "--config", good, "--output", "xml"]]
    {
        assert_eq!(edge(args).0, Some(64), "{args:?}");
    }
    for args in [&["--help"][..], &["run", "--help"], &["--version"]] {
        assert_eq!(edge(args).0, Some(0), "{args:?}");
    }
}

/// `SCHED_BATCH` of sched(7).
#[test]
fn no_thread_interrupts_a_signature() {
    let files = Files::new();
    let program = Program::run(&files, &files.yaml(1), &[]);
    let niced = rustix::process::getpriority_process(None) != Ok(0);
    assert!(
        niced || program.scheduling_policies() == ["3".to_owned()].into(),
        "{:?}",
        program.scheduling_policies()
    );
}

#[test]
fn check_speaks_json() {
    let files = Files::new();
    let bad = files.write("bad.yaml", files.yaml(1).replace("tenant: default", "tenant: A").as_bytes());
    let (code, stdout, _) = edge(&["check", "--config", bad.to_str().expect("text"), "--output", "json"]);
    let told: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &told["ok"]), (Some(78), &false.into()));
    assert_eq!(told["mistakes"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["mistakes"][0]["place"], "paths[0].tenant");
    assert!(told["mistakes"][0]["line"].as_u64().is_some_and(|line| line > 10));
    let good = files.write("good.yaml", files.yaml(1).as_bytes());
    let (code, stdout, _) = edge(&["check", "--config", good.to_str().expect("text"), "--output", "json"]);
    let told: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &told["ok"], &told["mistakes"]), (Some(0), &true.into(), &serde_json::json!([])));
    // The tests' keys are readable by everybody.
    assert_eq!(told["warnings"][0]["place"], "listen.private_key");
}

#[test]
fn keys_are_made_and_shown() {
    let files = Files::new();
    let text = |name: &str| files.path(name).to_str().expect("text").to_owned();
    let (out, yaml) = (text("new.pem"), text("edge.yaml"));
    let (code, public, advice) = edge(&["keys", "new", "--algorithm", "es256", "--out", &out]);
    assert_eq!(code, Some(0), "{advice}");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n") && advice.contains("2026.08.19"), "{advice}");
    assert_eq!(edge(&["keys", "new", "--out", &out]).0, Some(1));
    let (code, shown, _) = edge(&["keys", "show", "--key", &out]);
    assert!(code == Some(0) && shown.ends_with(&public), "{shown}");
    files.write("edge.yaml", files.yaml(1).replace("reply_private.pem", "new.pem").as_bytes());
    let (code, shown, _) = edge(&["keys", "show", "--config", &yaml]);
    assert!(
        code == Some(0) && shown.contains(&public) && shown.contains("certificate of decider"),
        "{shown}"
    );
    assert!(!shown.contains("PRIVATE"));
    let (code, shown, _) = edge(&["keys", "show", "--config", &yaml, "--output", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((code, &shown["paths"][0]["reply_key"]["public_key"]), (Some(0), &public.into()));
    files.write("edge.yaml", b"listen: {}");
    for (args, code) in [
        (&["keys", "show", "--config", &yaml][..], 78),
        (&["keys", "show", "--key", &yaml], 78),
        (&["keys", "show"], 64),
        (&["keys", "new"], 64),
        (&["keys", "new", "--algorithm", "rs512", "--out", &out], 64),
        (&["keys"], 64),
        (&["keys", "new", "--out", "/nonexistent/new.pem"], 1),
        (&["keys", "new", "--help"], 0),
    ] {
        assert_eq!(edge(args).0, Some(code), "{args:?}");
    }
}

#[test]
fn a_private_key_is_not_printed() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let mut command = Command::new(EDGE);
    command.args(["keys", "new", "--algorithm", "es256", "--out", "-"]).current_dir(directory.path());
    let output = command.output().expect("runs");
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(told.contains("a private key is not printed: give the name of a file"), "{told}");
    assert!(!directory.path().join("-").exists());
}

#[test]
fn an_address_that_is_taken_fails_the_start() {
    let files = Files::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let yaml = files.yaml(1).replacen("127.0.0.1:0", &address, 1);
    let file = files.write("edge.yaml", yaml.as_bytes());
    let (code, _, stderr) = edge(&["run", "--config", file.to_str().expect("text")]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("cannot listen on {address} (listen)")), "{stderr}");
}

/// What was begun by then would fail for no other reason than the end, and be told as if it were the cause.
#[test]
fn a_start_that_fails_tells_that_and_no_more() {
    let files = Files::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let admin = taken.local_addr().expect("an address");
    let yaml =
        files.yaml(1).replace("admin:\n  address: 127.0.0.1:0", &format!("admin:\n  address: {admin}"));
    let file = files.write("edge.yaml", yaml.as_bytes());
    for _ in 0..10 {
        let (code, _, stderr) = edge(&["run", "--config", file.to_str().expect("text")]);
        assert_eq!(code, Some(1));
        assert!(stderr.starts_with(&format!("edge: cannot listen on {admin} (admin)")), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[tokio::test]
async fn serves_logs_without_secrets_and_ends_when_told() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let program = Program::run(&files, &files.yaml(decider.port), &[("RUST_LOG", "trace")]);
    let caller = Caller::new(program.address, &files);
    let request = caller.request(http::Method::POST, TX).header("traceparent", PARENT);
    assert_eq!(caller.send(request, vector("synthetic_request_tx_sign.jwt")).await.action(), "APPROVE");
    let secret = r#"{"requestId":"r","type":"EXCHANGE","extraInfo":{"apiKey":"K3Y-S3CRET","addresses":"{\"BTC\":\"4DDR3SS\"}"}}"#;
    assert_eq!(caller.ask(CONFIG, secret).await.action(), "APPROVE");
    assert_eq!(caller.ask(TX, r#"{"requestId":"r","note":"N0TE","note":"N0TE"}"#).await.action(), "REJECT");
    assert_eq!(caller.post(TX, vector("synthetic_negative_zero_signature.jwt")).await.status, 401);
    assert_eq!(plain_get(program.admin_address, "/livez").await.0, 200);

    let (code, log) = program.end();
    assert_eq!(code, Some(0), "{log}");
    for secret in
        ["K3Y-S3CRET", "4DDR3SS", "N0TE", "0x5dC69B1F", "5dc69b1fbb13", "eyJ", "PRIVATE KEY", "0.0100000"]
    {
        assert!(!log.contains(secret), "{secret} in the log");
    }
    let answered = log.lines().find(|line| line.contains("48f6871c")).expect("one event for the request");
    let answered: serde_json::Value = serde_json::from_str(answered).expect("JSON");
    insta::assert_snapshot!(
        ["message", "path", "request_id", "action", "reason_code", "decision_id", "trace_id"].map(|name| answered[name].to_string()).join(" "),
        @r#""answered" "" "48f6871c-0467-4b56-8c44-426f3d6487f5" "APPROVE" "ALLOWED" "01997000-0000-7000-8000-000000000001" "0af7651916cd43dd8448eb211c80319c""#
    );
}

/// What tells it of new files may come as soon as it runs, whether or not it has read the old ones.
#[test]
fn a_hang_up_while_the_configuration_is_read_does_not_end_it() {
    let files = Files::new();
    // Takes a while to read. With a mistake, so that it ends by itself.
    let long = files.yaml(1) + &"  - {tenant: 1}\n".repeat(20_000);
    let file = files.write("edge.yaml", long.as_bytes());
    let mut command = Command::new(EDGE);
    command.args(["run", "--config"]).arg(file).stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("runs");
    while !catches_hang_ups(child.id()) {
        assert_eq!(child.try_wait().expect("a child"), None, "it ended without having listened");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let told = Command::new("kill").arg("-HUP").arg(child.id().to_string()).status();
    assert!(told.expect("kill runs").success());
    assert_eq!(child.wait().expect("ends").code(), Some(78));
}

/// Whether SIGHUP, the first of the signals, has a handler in this process.
fn catches_hang_ups(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}
