//! A store takes its time to open where its ledger has a long past: the process lives, says so, and may be told to end.

use std::process::Stdio;
use std::time::{Duration, Instant};

use decider::admin::{self, Admin};
use postgres_cluster::{Database, ports};

use crate::admin::get;
use crate::program::{decider, output, terminate};
use crate::support::{CONFIG, Files};

#[tokio::test]
async fn until_the_store_is_open_it_lives_and_is_not_ready() {
    let listener = admin::bind(admin::Config { address: "127.0.0.1:0".parse().unwrap() }).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(admin::serve(listener, Admin::default()));
    assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
    for path in ["/readyz", "/metrics"] {
        let answer = get(address, path).await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("is being opened"), "{path}: {answer}");
    }
}

/// Somebody holds its ledger. After some seconds it would end by itself, with an error: on a busy machine before it is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_decider_that_opens_its_store_ends_when_it_is_told() {
    let (files, database) = (Files::new(), postgres_cluster::database());
    let port = ports::free();
    let store =
        format!("store: {{postgres: {{url: \"{}?sslmode=disable\", durability: warn}}}}", database.url());
    let config = CONFIG.replace("store: memory", &store);
    files.write(
        "decider.yaml",
        &config.replace("admin:\n  address: 127.0.0.1:0", &format!("admin:\n  address: 127.0.0.1:{port}")),
    );
    assert_eq!(output(&files, &["migrate", "--config", "decider.yaml"]).0, 0);
    hold(&database);
    for _ in 0..5 {
        if told_to_end_as_soon_as_it_lives(&files, port).await == Some(0) {
            return;
        }
    }
    panic!("it ends by itself alone");
}

/// The ledger, for longer than anybody waits.
fn hold(database: &Database) {
    let url = database.url().to_owned();
    let holding = "BEGIN; SELECT 1 FROM countersign.head FOR UPDATE; SELECT pg_sleep(120)";
    std::thread::spawn(move || postgres_cluster::execute(&url, holding));
    let sleeps =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while database.texts(sleeps) != ["1"] {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The code with which it ends.
async fn told_to_end_as_soon_as_it_lives(files: &Files, port: u16) -> Option<i32> {
    let mut command = decider(&["run", "--config", "decider.yaml"]);
    let child = command.current_dir(files.path("")).stderr(Stdio::null()).spawn().unwrap();
    let (address, begun) = (([127, 0, 0, 1], port).into(), Instant::now());
    while tokio::net::TcpStream::connect(address).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not listen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(get(address, "/readyz").await.contains("is being opened"));
    terminate(child)
}
