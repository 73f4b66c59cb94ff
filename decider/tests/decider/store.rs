//! `decider store`: what an operator does with a store as a whole.

use crate::program::output;
use crate::support::{CONFIG, Files, call, transfer};

/// A folder with a store in which one transfer was allowed and one was not.
async fn store() -> Files {
    let files = Files::new();
    for name in ["decider", "other"] {
        let store = format!("store: {{sqlite: data/{name}.db}}");
        files.write(&format!("{name}.yaml"), &CONFIG.replace("store: memory", &store));
    }
    let running = files.start().await;
    let mut client = files.client(&running).await;
    for (id, amount) in [("r-1", "0.4"), ("r-2", "0.7")] {
        client.decide(call(transfer(id, amount))).await.unwrap();
    }
    drop(client);
    running.stop().await.unwrap();
    files
}

#[tokio::test]
async fn a_store_is_counted_checked_exported_and_copied() {
    let files = store().await;
    let (code, out, err) = output(&files, &["store", "stats", "--config", "decider.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\n  default: 1 ALLOW, 1 DENY\n"), "{out}");
    let sum = "eth-per-hour, source VAULT:0, asset ETH: 0.4 ETH used of 1 ETH, 0.6 ETH left";
    assert!(out.contains(sum), "{out}");

    let (code, out, err) = output(&files, &["store", "verify", "--config", "decider.yaml"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "ok: 2 decisions and 1 charges hold together\n", ""));

    let (code, out, err) = output(&files, &["store", "export", "--config", "decider.yaml"]);
    assert_eq!((code, out.lines().count(), err.as_str()), (0, 2, ""));
    let line: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(line["charges"][0]["intent"]["amount"], "400000000000000000");

    let copy = ["store", "copy", "--from", "decider.yaml", "--to", "other.yaml"];
    let (code, out, err) = output(&files, &copy);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(out, @r#"
    2 decisions, 1 charges and 1 policies copied
    used of                                  source   target
    eth-per-hour, source VAULT:0, asset ETH  0.4 ETH  0.4 ETH
    "#);
    let (code, _, err) = output(&files, &copy);
    assert_eq!(code, 1);
    assert!(err.contains("only an empty store is filled"), "{err}");
    let (_, again, _) = output(&files, &["store", "export", "--config", "other.yaml"]);
    let (_, first, _) = output(&files, &["store", "export", "--config", "decider.yaml"]);
    assert_eq!(again, first);
}

#[tokio::test]
async fn findings_end_with_1_and_programs_read_them() {
    let files = store().await;
    let vandal = rusqlite::Connection::open(files.path("data/decider.db")).unwrap();
    vandal.execute_batch("DELETE FROM charges").unwrap();
    drop(vandal);
    let verify = ["store", "verify", "--config", "decider.yaml", "--output", "json"];
    let (code, out, _) = output(&files, &verify);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, told["findings"][0]["place"].as_str()), (1, Some("charge default/\"r-1\"/\"\"")));
    let (code, _, err) = output(&files, &["store", "copy", "--from", "decider.yaml", "--to", "other.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""), "what stands is copied as it stands");
}

#[test]
fn a_store_in_memory_is_nothing_to_look_at() {
    let (code, _, err) = output(&Files::new(), &["store", "stats", "--config", "decider.yaml"]);
    assert_eq!(code, 1);
    assert!(err.contains("Configure store.sqlite or store.postgres"), "{err}");
}
