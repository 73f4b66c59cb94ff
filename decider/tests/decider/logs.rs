//! What it logs, as programs read it.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use proto::decider::v1 as wire;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use serde_json::Value;

use crate::admin::get;
use crate::program::{decider, terminate};
use crate::support::{CONFIG, Files, POLICY, call, connect, leaf_until, transfer, wait_for_metric};

/// How long nothing is said before nothing more is waited for: on a busy machine it takes a start some seconds.
const QUIET: Duration = Duration::from_secs(60);

/// Lines that wait for whoever reads them here; where they are not taken, no more are read.
const MOST_UNTAKEN: usize = 64;

/// The client that is granted everything.
const CLIENT: &str = "spiffe://example.org/client";
const SERVES: &str = "the decider serves";
/// What is said before it serves.
const AT_EVERY_START: [&str; 2] = ["the store is in memory", "the store is being opened"];

/// A decider that logs.
struct Logging {
    child: Child,
    lines: Receiver<String>,
}

impl Logging {
    fn start(files: &Files, level: &str) -> Self {
        Self::start_in(files, &[("RUST_LOG", level)])
    }

    fn start_in(files: &Files, environment: &[(&str, &str)]) -> Self {
        let mut child = decider(&["run", "--config", "decider.yaml"])
            .current_dir(files.path(""))
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let read = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        // Where nobody takes a line, none is read.
        let (told, lines) = sync_channel(MOST_UNTAKEN);
        std::thread::spawn(move || read.for_each(|line| drop(told.send(line))));
        Self { child, lines }
    }

    /// The lines up to one that has these words, but for those of every start.
    fn lines_to(&self, words: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(QUIET) {
            let last = line.contains(words);
            if !AT_EVERY_START.iter().any(|said| line.contains(said)) {
                seen.push(line);
            }
            if last {
                break;
            }
        }
        seen
    }

    /// The object of a line that has these words.
    fn line(&self, words: &str) -> Value {
        serde_json::from_str(self.lines_to(words).last().unwrap()).unwrap()
    }

    fn hang_up(&self) {
        let told = Command::new("kill").arg("-HUP").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
    }

    /// How many more lines with these words there are until it ends.
    fn end(self, words: &str) -> usize {
        assert_eq!(terminate(self.child), Some(0));
        self.lines.iter().filter(|line| line.contains(words)).count()
    }
}

/// The lines up to the one that says that it serves, at a level.
fn lines_at(level: &str) -> Vec<String> {
    lines_in(&[("RUST_LOG", level)])
}

/// The same in an environment.
fn lines_in(environment: &[(&str, &str)]) -> Vec<String> {
    let files = Files::new();
    let logging = Logging::start_in(&files, environment);
    let lines = logging.lines_to(SERVES);
    logging.end(SERVES);
    lines
}

/// All lines but for those of every start, of a decider that may say nothing.
fn all_lines_at(level: &str) -> Vec<String> {
    let files = Files::new();
    let Logging { child, lines } = Logging::start(&files, level);
    until_it_minds(child.id());
    assert_eq!(terminate(child), Some(0));
    lines.iter().filter(|line| !AT_EVERY_START.iter().any(|said| line.contains(said))).collect()
}

/// Waits until a process takes a SIGTERM for a word and not for its end.
fn until_it_minds(process: u32) {
    const SIGTERM: u64 = 1 << 14;
    let minds = || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        u64::from_str_radix(caught, 16).unwrap() & SIGTERM != 0
    };
    while !minds() {
        std::thread::sleep(Duration::from_millis(10));
    }
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

/// What only watches must not keep it from deciding.
#[test]
fn traces_that_cannot_be_exported_are_told_and_it_serves() {
    const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    for endpoint in ["https://localhost:4317", "not an address", "grpc://localhost:4317"] {
        let lines = lines_in(&[(ENDPOINT, endpoint)]);
        assert_eq!(lines.len(), 2, "{endpoint}: {lines:?}");
        assert!(
            lines[0].contains("\"level\":\"WARN\"") && lines[0].contains("traces are not exported"),
            "{lines:?}"
        );
        let off = lines_in(&[(ENDPOINT, endpoint), ("OTEL_SDK_DISABLED", "true")]);
        assert_eq!(off.len(), 1, "nothing is to be exported: {off:?}");
    }
}

#[test]
fn levels_are_taken_for_all_and_by_module() {
    for (level, count) in
        [("info", 1), ("INFO", 1), ("", 1), ("warn,decider=info", 1), ("off", 0), ("warn", 0)]
    {
        if count == 0 {
            assert_eq!(all_lines_at(level), [""; 0], "{level}");
            continue;
        }
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

/// A path with a mistake in it, or a disk that is not mounted, is a ledger in which nothing was charged.
#[test]
fn a_new_ledger_is_told_with_its_path() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: data/decider.db}"));
    let told = || {
        let logging = Logging::start(&files, "info");
        let lines = logging.lines_to(SERVES);
        logging.end(SERVES);
        let new = lines.into_iter().find(|line| line.contains("new, empty ledger"));
        new.map(|line| serde_json::from_str::<Value>(&line).unwrap())
    };
    let first = told().unwrap();
    assert_eq!((&first["level"], &first["path"]), (&"WARN".into(), &"data/decider.db".into()));
    assert_eq!(told(), None, "it is there");
    for file in ["decider.db", "decider.db.seen"] {
        std::fs::remove_file(files.path(&format!("data/{file}"))).unwrap();
    }
    files.write("data/decider.db", "");
    assert!(told().is_some(), "a file without a byte is new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_handshake_is_told_with_its_cause_and_not_each_time() {
    let files = Files::new();
    let logging = Logging::start(&files, "info");
    let address = logging.line(SERVES)["grpc"].as_str().unwrap().to_owned();
    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    // A port that is looked at is no handshake.
    drop(std::net::TcpStream::connect(&address).unwrap());
    for _ in 0..5 {
        // A client may believe itself connected until it hears what the server makes of its certificate.
        let _ = connect(port, files.tls_of("stranger")).await;
    }
    let told = logging.line("handshake");
    assert_eq!(told["level"], "WARN");
    assert!(
        told["error"].as_str().is_some_and(|error| error.starts_with("invalid peer certificate")),
        "{told}"
    );
    assert!(told["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{told}");
    assert_eq!(logging.end("handshake"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_and_a_refusal_say_who_asked() {
    let files = Files::new();
    let logging = Logging::start(&files, "info");
    let serves = logging.line(SERVES);
    let address = |name: &str| serves[name].as_str().unwrap().parse::<SocketAddr>().unwrap();
    let mut client = DecisionServiceClient::new(files.channel(address("grpc").port()).await);
    client.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    assert_eq!(logging.line("\"decided\"")["caller"], CLIENT);

    let note = Some("x".repeat(5000));
    let broken = wire::DecideRequest { note, tenant: "another".into(), ..transfer("r-2", "0.1") };
    client.decide(call(broken)).await.unwrap_err();
    let told = logging.line("breaks the contract");
    let facts = ["caller", "method", "tenant", "reason"].map(|name| &told[name]);
    assert_eq!(facts, [CLIENT, "Decide", "another", "INVALID_ARGUMENT"]);
    assert!(told["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{told}");
    assert!(told["trace_id"].is_string(), "{told}");
    client
        .decide(call(wire::DecideRequest { note: None, tenant: "another".into(), ..transfer("r-3", "1") }))
        .await
        .unwrap_err();
    let told = logging.line("not granted");
    assert_eq!((&told["caller"], &told["tenant"]), (&CLIENT.into(), &"another".into()));
    for reason in ["INVALID_ARGUMENT", "NOT_GRANTED"] {
        let line =
            format!("countersign_decider_calls_failed_total{{method=\"Decide\",reason=\"{reason}\"}} 1");
        wait_for_metric(address("admin"), &line).await;
    }
    logging.end(SERVES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_is_told_with_its_cause_and_whose_it_is() {
    let files = Files::new();
    let logging = Logging::start(&files, "info");
    let address = logging.line(SERVES)["grpc"].as_str().unwrap().parse::<SocketAddr>().unwrap();
    let mut client = DecisionServiceClient::new(files.channel(address.port()).await);
    client.decide(call(transfer("r-1", "0.1"))).await.unwrap();
    std::fs::copy(files.path("tls/other-ca.pem"), files.path("tls/ca.pem")).unwrap();
    logging.hang_up();
    let told = logging.line("is cut");
    assert_eq!(told["caller"], CLIENT);
    assert!(told["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{told}");
    let why = told["why"].as_str().unwrap();
    assert!(why.contains("listen.client_ca") && why.contains("invalid peer certificate"), "{why}");
    logging.end(SERVES);
}

#[test]
fn certificates_that_soon_cannot_be_used_are_told_at_the_start() {
    let files = Files::new();
    leaf_until(&files, "old", 2020);
    files.write("decider.yaml", &CONFIG.replace("tls/decider", "tls/old"));
    let logging = Logging::start(&files, "info");
    let lines = logging.lines_to(SERVES);
    logging.end(SERVES);
    assert!(
        lines.iter().any(|line| line.contains("tls/old.crt") && line.contains("has expired")),
        "{lines:?}"
    );
}

/// A policy with an export's empty list in it has no mistakes.
#[test]
fn what_a_policy_may_not_mean_is_told_at_the_start_and_when_it_changed() {
    let files = Files::new();
    let listed = |addresses: &str| {
        let lists = format!("lists: {{sanctioned: {{chain: evm, addresses: [{addresses}]}}}}\ndeny:\n");
        let rule = "  - {id: sanctions, when: {destination: [{list: sanctioned}]}}\n";
        POLICY.replace("deny:\n", &(lists + rule))
    };
    files.write("policy.yaml", &listed("\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\""));
    let logging = Logging::start(&files, "info");
    let lines = logging.lines_to(SERVES).join("\n");
    assert!(lines.contains("\"addresses\":\"sanctioned 1\"") && !lines.contains("WARN"), "{lines}");
    files.write("policy.yaml", &listed(""));
    logging.hang_up();
    let empty = logging.line("list sanctioned is empty");
    assert_eq!((&empty["level"], &empty["file"]), (&"WARN".into(), &"policy.yaml".into()));
    assert_eq!(logging.line("rule sanctions can never match")["level"], "WARN");
    let changed = logging.line("a list has changed much");
    assert_eq!(
        (&changed["list"], &changed["before"], &changed["addresses"]),
        (&"sanctioned".into(), &1.into(), &0.into())
    );
    assert_eq!(logging.line("the lists of the policy")["addresses"], "sanctioned 0");
    assert_eq!(logging.end("WARN"), 0);
}

/// A shipper of logs that hangs holds up no decision, no probe and no end.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_the_log_stops_nobody() {
    const DECISIONS: usize = 600;
    let files = Files::new();
    let logging = Logging::start(&files, "info");
    let serves = logging.line(SERVES);
    let address = |name: &str| -> SocketAddr { serves[name].as_str().unwrap().parse().unwrap() };
    let channel = connect(address("grpc").port(), files.client_tls()).await.unwrap();
    let mut client = DecisionServiceClient::new(channel);
    for number in 0..DECISIONS {
        client.decide(call(transfer(&format!("r-{number}"), "0.00001"))).await.unwrap();
    }
    assert!(get(address("admin"), "/livez").await.starts_with("HTTP/1.1 200"));
    assert_eq!(terminate(logging.child), Some(0));
}

#[test]
fn what_needs_a_restart_is_named_and_what_is_put_back_needs_none() {
    const WORDS: &str = "needs a restart";
    let files = Files::new();
    let logging = Logging::start(&files, "info");
    logging.lines_to(SERVES);
    let change = |from: &str, to: &str| {
        files.write("decider.yaml", &CONFIG.replace(from, to));
        logging.hang_up();
    };
    change("drain_timeout: 5s", "drain_timeout: 6s");
    assert_eq!(logging.line(WORDS)["fields"], "listen.drain_timeout");
    change("", "");
    std::thread::sleep(Duration::from_millis(500));
    change("policy: policy.yaml", "reload: 5s\npolicy: ./policy.yaml");
    assert_eq!(logging.line(WORDS)["fields"], "policy, reload");
    assert_eq!(logging.end(WORDS), 0);
}
