//! How much a token and its payload may hold: for each bound the most that is put to a decider, and one more.

use crate::support::{Bench, CONFIG, JSON_TX, LOOPBACK, Manner, TX};

const LIMITS: &str = "max_token_header_bytes: 64
    payload: {max_depth: 8, max_id_bytes: 64, max_word_bytes: 32, max_number_bytes: 65, max_address_bytes: 128, \
     max_label_bytes: 66, max_note_bytes: 67, max_destinations: 2, max_raw_transactions: 3, max_derivation_path_bytes: 68, \
     max_raw_transaction_bytes: 1024, max_raw_payload_bytes: 69, max_players: 8, max_player_bytes: 36, \
     max_extra_bytes: 4096, max_unread_bytes: 4097}";

fn payload(fields: &str) -> String {
    format!(r#"{{"requestId":"r",{fields}}}"#)
}

/// What is told of this payload: the action, and the reason where there is one.
async fn told(bench: &Bench, path: &str, fields: &str) -> (String, String) {
    let reply = bench.caller().ask(path, &payload(fields)).await;
    (reply.action(), reply.reason())
}

#[tokio::test]
async fn texts_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    for (field, most) in [
        (r#""txId":"@""#, 64),
        (r#""operation":"@""#, 32),
        (r#""amountStr":"@""#, 65),
        (r#""destAddress":"@""#, 128),
        (r#""externalTxId":"@""#, 66),
        (r#""note":"@""#, 67),
        (r#""rawTx":[{"keyDerivationPath":"@"}]"#, 68),
        (r#""rawTx":[{"rawTx":"@"}]"#, 1024),
        (r#""rawTx":[{"payload":"@"}]"#, 69),
        (r#""players":["@"]"#, 36),
        (r#""extraParameters":{"k":"@"}"#, 4096 - r#"{"k":""}"#.len()),
        (r#""unknown":"@""#, 4097 - r#"{"unknown":""}"#.len()),
    ] {
        let with = |bytes: usize| field.replace('@', &"x".repeat(bytes));
        assert_eq!(told(&bench, TX, &with(most)).await.0, "APPROVE", "{field}");
        let (action, reason) = told(&bench, TX, &with(most + 1)).await;
        let too_long = reason.contains("is longer than") || reason.contains("exceed");
        assert!(action == "REJECT" && too_long, "{field}: {action}, {reason}");
    }
    assert_eq!(bench.decider.calls(), 12);
}

#[tokio::test]
async fn lists_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    for (name, item, most) in [("destinations", "{}", 2), ("rawTx", "{}", 3), ("players", "\"p\"", 8)] {
        let with = |items: usize| format!(r#""{name}":[{}]"#, vec![item; items].join(","));
        assert_eq!(told(&bench, TX, &with(most)).await.0, "APPROVE", "{name}");
        let (action, reason) = told(&bench, TX, &with(most + 1)).await;
        let expected = format!("the request is malformed: {name}: has more than {most} entries");
        assert_eq!((action.as_str(), reason), ("REJECT", expected));
    }
}

#[tokio::test]
async fn nesting_is_bounded() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    // The payload itself is the first level.
    let with = |levels: usize| format!(r#""x":{}{}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert_eq!(told(&bench, TX, &with(8)).await.0, "APPROVE");
    let (action, reason) = told(&bench, TX, &with(9)).await;
    assert!(action == "REJECT" && reason.ends_with("is nested too deeply"), "{action}, {reason}");
}

#[tokio::test]
async fn changes_of_the_configuration_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    let deep = |levels: usize| format!(r#""x":{}{}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    let kind = |bytes: usize| format!(r#""type":"{}""#, "x".repeat(bytes));
    let around = r#"{"k":""}"#.len();
    let details = |bytes: usize| format!(r#""extraInfo":{{"k":"{}"}}"#, "x".repeat(bytes - around));
    for (most, more) in [(deep(8), deep(9)), (kind(32), kind(33)), (details(4096), details(4097))] {
        assert_eq!(told(&bench, CONFIG, &most).await.0, "APPROVE", "{most}");
        assert_eq!(told(&bench, CONFIG, &more).await.0, "IGNORE", "{more}");
    }
}

#[tokio::test]
async fn each_listener_has_its_own_bounds() {
    let fields = format!("{LOOPBACK}\n    payload: {{max_note_bytes: 64}}");
    let bench = Bench::json(Manner::Allowing, &fields).await;
    for (bytes, action) in [(64, "APPROVE"), (65, "REJECT")] {
        let payload = payload(&format!(r#""note":"{}""#, "n".repeat(bytes)));
        assert_eq!(bench.json_caller().post(JSON_TX, payload.clone()).await.plain()["action"], action);
        assert_eq!(bench.caller().ask(TX, &payload).await.action(), "APPROVE");
    }
}

/// An id that is too long cannot be echoed, so there is nobody to answer.
#[tokio::test]
async fn request_ids_are_bounded() {
    let bench = Bench::new(Manner::Allowing).await;
    for (bytes, status) in [(256, 200), (257, 400)] {
        let payload = format!(r#"{{"requestId":"{}"}}"#, "r".repeat(bytes));
        assert_eq!(bench.caller().ask(TX, &payload).await.status, status, "{bytes}");
    }
}

#[tokio::test]
async fn headers_of_tokens_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, LIMITS).await;
    let around = r#"{"alg":"RS256","kid":""}"#.len();
    let token = |bytes: usize| {
        let header = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(bytes - around));
        bench.caller().token_with(&header, r#"{"requestId":"r"}"#)
    };
    // 48 bytes are 64 in base64, and 49 are 66.
    assert_eq!(bench.caller().post(TX, token(48)).await.action(), "APPROVE");
    assert_eq!(bench.caller().post(TX, token(49)).await.status, 401);
    bench.until_counted(r#"countersign_edge_verify_failures_total{reason="size"} 1"#).await;
}
