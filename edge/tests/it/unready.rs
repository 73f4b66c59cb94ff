//! Why a decider is not ready is told: nobody has to send a request to see it.

use std::io::Write as _;

use rcgen::ExtendedKeyUsagePurpose;

use crate::support::{Decider, Files, Manner, program::Program};

/// What is told of the decider at this port.
fn cause(files: &Files, port: u16) -> String {
    // By its number: a name would have two families of addresses.
    let yaml = files.yaml(port).replace("https://localhost", "https://127.0.0.1");
    let program = Program::run(files, &yaml, &[]);
    let told = program.told("a decider is not ready");
    assert_eq!((&told["level"], &told["endpoint"]), (&"WARN".into(), &format!("127.0.0.1:{port}").into()));
    assert!(told["hint"].as_str().is_some_and(|hint| hint.contains("clientAuth")), "{told}");
    told["cause"].as_str().expect("a cause").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_believed_is_told() {
    let (files, other) = (Files::new(), Files::new());
    let decider = Decider::start(&files, Manner::Allowing).await;
    let ours = ["client.crt", "client.key", "ca.pem"].map(|name| (name, files.read(name)));
    for name in ["client.crt", "client.key"] {
        files.write(name, &other.read(name));
    }
    // Whoever does not believe a certificate closes the connection, and the reason may go with it.
    assert_ne!(cause(&files, decider.port), "");
    files.certify_for("client", vec![ExtendedKeyUsagePurpose::ServerAuth]);
    assert_ne!(cause(&files, decider.port), "");
    for (name, contents) in ours {
        files.write(name, &contents);
    }
    files.write("ca.pem", &other.read("ca.pem"));
    let cause = cause(&files, decider.port);
    assert!(cause.starts_with("invalid peer certificate: "), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_decider_is_told() {
    let files = Files::new();
    let plain = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = plain.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut connection in plain.incoming().flatten() {
            let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    insta::assert_snapshot!(cause(&files, port), @"received corrupt message of type InvalidContentType");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr());
    insta::assert_snapshot!(cause(&files, nobody.expect("an address").port()), @"Connection refused (os error 111)");
    let other = Program::run(&files, &files.yaml(1), &[]);
    insta::assert_snapshot!(cause(&files, other.address.port()), @"it is no decider: it has no health (grpc.health.v1) of countersign.decider.v1.DecisionService");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_goes_and_comes_back_is_told_both_times() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let port = decider.port;
    let yaml = files.yaml(port).replace("https://localhost", "https://127.0.0.1");
    let program = Program::run(&files, &yaml, &[]);
    program.told("a decider is asked");
    drop(decider);
    let out = program.told("a decider is taken out");
    assert!(out["level"] == "WARN" && !out["cause"].as_str().expect("a cause").is_empty(), "{out}");
    let _back = Decider::start_at(&files, Manner::Allowing, port).await;
    assert_eq!(program.told("a decider is asked")["level"], "INFO");
}
