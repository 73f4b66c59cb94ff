//! `decider store`: what an operator does with a store as a whole.

use insta::assert_snapshot;
use proto::decider::v1 as wire;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::program::output;
use crate::support::{CONFIG, Files, call, transfer};

/// A folder with a store in which one transfer was allowed and one was not.
pub async fn store() -> Files {
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
    assert_snapshot!(out, @r#"
    2 decisions, 1 charges and 1 policies copied
    used of                                  in both stores
    eth-per-hour, source VAULT:0, asset ETH  0.4 ETH
    "#);
    let (code, _, err) = output(&files, &["store", "copy", "--from", "decider.yaml", "--to", "decider.yaml"]);
    assert_eq!(code, 1);
    assert_snapshot!(err, @"decider: decider.yaml: the store to fill is the one to copy: name a configuration with another one");
    let (code, _, err) = output(&files, &copy);
    assert_eq!(code, 1);
    assert!(err.contains("only an empty store is filled"), "{err}");
    let (_, again, _) = output(&files, &["store", "export", "--config", "other.yaml"]);
    let (_, first, err) = output(&files, &["store", "export", "--config", "decider.yaml"]);
    assert_eq!(again, first);
    assert_snapshot!(err, @"the store is frozen: it was copied at decision 2 into another store, which takes its place");
}

/// A typing error in a policy is no reason to have no backup tonight, and whoever checks a store has no keys.
#[tokio::test]
async fn a_store_is_looked_after_without_keys_and_beside_a_policy_with_mistakes() {
    let files = store().await;
    std::fs::remove_file(files.path("tls/decider.key")).unwrap();
    let told = |arguments: &[&str]| {
        let (code, out, err) = output(&files, &[arguments, &["--config", "decider.yaml"]].concat());
        assert_eq!(code, 0, "{arguments:?}: {err}");
        (out, err)
    };
    let (out, err) = told(&["store", "stats"]);
    assert!(err.is_empty() && out.contains("0.4 ETH used of 1 ETH"), "{out}");

    files.write("policy.yaml", &(crate::support::POLICY.to_owned() + "bogus: 1\n"));
    for arguments in [&["store", "verify"][..], &["store", "export"], &["migrate"]] {
        assert_eq!(told(arguments).1, "", "{arguments:?}");
    }
    let (out, err) = told(&["store", "stats"]);
    assert!(out.ends_with("usage      left out: the policy has mistakes\n"), "{out}");
    assert!(err.contains("unknown field bogus"), "{err}");
    assert!(
        err.ends_with("decider: the policy has mistakes: what is used of its limits is left out\n"),
        "{err}"
    );
    let (out, _) = told(&["store", "stats", "--output", "json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap().get("usage"), None);
    let (out, err) = told(&["store", "backup", "--to", "backup.db"]);
    assert!(out.starts_with("2 decisions and 1 charges") && err.contains("is not compared"), "{out}{err}");

    files.write("restored.yaml", &CONFIG.replace("store: memory", "store: {sqlite: backup.db}"));
    let release = ["store", "release", "--config", "restored.yaml", "--lost", "nothing", "--by", "ops"];
    assert_eq!(output(&files, &release).0, 0);
    let (_, out, _) = output(&files, &["store", "stats", "--config", "restored.yaml"]);
    let line = out.lines().find(|line| line.starts_with("released ")).unwrap();
    assert!(
        line.starts_with("released   by ops at 20") && line.contains(", after position 2; lost: nothing; "),
        "{line}"
    );

    // What is compared by the policy, and frozen by it, is not done without.
    let (code, _, err) = output(&files, &["store", "copy", "--from", "decider.yaml", "--to", "other.yaml"]);
    assert!(code == 78 && err.contains("unknown field bogus"), "{err}");
}

#[tokio::test]
async fn programs_read_what_went_wrong() {
    let files = store().await;
    let told = |arguments: &[&str]| {
        let (code, out, err) = output(&files, &[arguments, &["--output", "json"]].concat());
        assert_eq!(err, "", "{arguments:?}");
        let told: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(told["ok"], false, "{arguments:?}");
        (code, told)
    };
    let same = ["store", "copy", "--from", "decider.yaml", "--to", "decider.yaml"];
    let (code, wrong) = told(&same);
    assert!(code == 1 && wrong["error"].as_str().unwrap().contains("the store to fill is the one to copy"));
    let explain = ["policy", "explain", "decider.yaml", "--policy", "policy.yaml", "--store", "data"];
    files.write("decider.json", "{");
    let (code, wrong) = told(&explain);
    assert!(code == 1 && wrong["error"].as_str().unwrap().contains("not a DecideRequest"), "{wrong}");
    let request = include_str!("../../../tests/examples/decide.json");
    files.write("decider.yaml", request);
    let (code, wrong) = told(&explain);
    assert_eq!(
        (code, wrong["error"].as_str()),
        (1, Some("data: this is a directory: name the SQLite file in it"))
    );
    for command in ["stats", "verify"] {
        files.write("decider.yaml", "listen: {}\n");
        let (code, wrong) = told(&["store", command, "--config", "decider.yaml"]);
        assert_eq!((code, &wrong["mistakes"][0]["message"]), (78, &"policy is missing".into()), "{wrong}");
    }
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

/// A decider for these tenants, over this file, by a policy whose sums are each tenant's own.
fn config_of(files: &Files, name: &str, tenants: &str, file: &str) {
    let config =
        CONFIG.replace("store: memory", &format!("store: {{sqlite: {file}}}")).replace("[default]", "all");
    files.write(name, &(config + &format!("tenants: {tenants}\n")));
    files.write("policy.yaml", &crate::support::POLICY.replace("[source, asset]", "[tenant, source, asset]"));
}

#[tokio::test]
async fn a_tenant_moves_once_its_old_deciders_are_told_and_decides_once_that_is_stated() {
    let files = Files::new();
    config_of(&files, "decider.yaml", "[default, acme]", "old.db");
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let of_acme = |id, amount| call(wire::DecideRequest { tenant: "acme".into(), ..transfer(id, amount) });
    client.decide(of_acme("r-1", "0.4")).await.unwrap();
    client.decide(call(transfer("r-1", "0.3"))).await.unwrap();
    running.stop().await.unwrap();

    config_of(&files, "new.yaml", "[payroll]", "new.db");
    let copy = ["store", "copy", "--from", "decider.yaml", "--to", "new.yaml", "--tenant", "acme"];
    assert_snapshot!(output(&files, &copy).2, @"decider: decider.yaml: acme still has its ledger there: take it out of tenants, and restart every decider of that ledger first");
    config_of(&files, "decider.yaml", "[default]", "old.db");
    assert_snapshot!(output(&files, &copy).2, @"decider: new.yaml: acme is not among its tenants");
    config_of(&files, "new.yaml", "[acme]", "new.db");
    let running = files.start().await;
    let (code, out, err) = output(&files, &copy);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_snapshot!(out, @"
    1 decisions, 1 charges and 1 policies copied
    used of                                               in both stores
    eth-per-hour, tenant acme, source VAULT:0, asset ETH  0.4 ETH
    ");
    running.stop().await.unwrap();

    // By a decider that nobody has told.
    config_of(&files, "decider.yaml", "[default, acme]", "old.db");
    let running = files.start().await;
    files.client(&running).await.decide(of_acme("r-3", "0.2")).await.unwrap();
    running.stop().await.unwrap();
    let export = ["store", "export", "--config", "decider.yaml", "--tenant", "acme", "--to", "acme.jsonl"];
    assert_eq!(output(&files, &export).0, 0);

    let (_, out, _) = output(&files, &["store", "stats", "--config", "new.yaml"]);
    assert!(out.contains("it was copied for acme at decision 2 of a ledger that goes on"), "{out}");
    let (code, out, _) = output(
        &files,
        &["store", "release", "--config", "new.yaml", "--lost", "acme.jsonl", "--despite-gaps"],
    );
    assert!(code == 0 && out.ends_with("1 decisions entered (1 were on record)\n"), "{out}");
    std::fs::rename(files.path("new.yaml"), files.path("decider.yaml")).unwrap();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    assert!(client.decide(of_acme("r-1", "0.4")).await.unwrap().into_inner().recorded_earlier);
    let more = client.decide(of_acme("r-2", "0.7")).await.unwrap().into_inner();
    assert_eq!((more.action(), more.limits[0].used.as_str()), (wire::Action::Reject, "600000000000000000"));
    running.stop().await.unwrap();
    assert_eq!(output(&files, &["store", "verify", "--config", "decider.yaml"]).0, 0);
}

#[test]
fn a_store_in_memory_is_nothing_to_look_at() {
    let (code, _, err) = output(&Files::new(), &["store", "stats", "--config", "decider.yaml"]);
    assert_eq!(code, 1);
    assert!(err.contains("Configure store.sqlite or store.postgres"), "{err}");
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: none.db}"));
    let (code, _, err) = output(&files, &["store", "stats", "--config", "decider.yaml"]);
    assert_eq!(code, 1);
    assert_snapshot!(err, @"decider: none.db: there is no such file: is this the path of the store?");
}

/// A final no to a request whose APPROVE was lost with the rest would change the answer: it is none at all.
#[tokio::test]
async fn a_backup_decides_nothing_until_an_operator_states_what_was_lost() {
    let files = store().await;
    let export = ["store", "export", "--config", "decider.yaml", "--to", "all.jsonl"];
    assert_eq!(output(&files, &["store", "backup", "--config", "decider.yaml", "--to", "backup.db"]).0, 0);
    let running = files.start().await;
    files.client(&running).await.decide(call(transfer("lost", "0.3"))).await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(output(&files, &export).0, 0);
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: backup.db}"));

    let running = files.start().await;
    let mut client = files.client(&running).await;
    for id in ["r-1", "lost", "new"] {
        let refused = client.decide(call(transfer(id, "0.4"))).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        assert_eq!(refused.get_details_error_info().unwrap().reason, "STORE_FROZEN");
    }
    let change = wire::DecideConfigChangeRequest {
        tenant: "default".into(),
        callback_request_id: "c".into(),
        ..Default::default()
    };
    assert_eq!(client.decide_config_change(call(change)).await.unwrap_err().code(), Code::Unavailable);
    let asked = wire::GetDecisionRequest {
        tenant: "default".into(),
        callback_request_id: "r-1".into(),
        ..Default::default()
    };
    assert!(client.get_decision(asked).await.is_ok(), "records can be read");
    drop(client);
    let (code, _, err) =
        output(&files, &["store", "release", "--config", "decider.yaml", "--lost", "nothing"]);
    assert!(code == 1 && err.contains("another decider has this store open"), "{err}");
    running.stop().await.unwrap();

    let (_, out, _) = output(&files, &["store", "stats", "--config", "decider.yaml"]);
    assert!(out.contains("decides    no, it is frozen: it was restored from the backup of "), "{out}");
    let release = ["store", "release", "--config", "decider.yaml", "--by", "alice", "--lost", "all.jsonl"];
    let (code, out, err) = output(&files, &release);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("which ends at decision 2\n1 decisions entered (2 were on record)\n"), "{out}");
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let again = client.decide(call(transfer("lost", "0.3"))).await.unwrap().into_inner();
    assert!(again.recorded_earlier);
    let more = client.decide(call(transfer("more", "0.4"))).await.unwrap().into_inner();
    assert_eq!((more.action(), more.limits[0].used.as_str()), (wire::Action::Reject, "700000000000000000"));
    running.stop().await.unwrap();
    assert_eq!(output(&files, &["store", "verify", "--config", "decider.yaml"]).0, 0);
}
