//! JSON mode: what a request gets that nobody has signed.

use std::time::Duration;

use edge::{app::start, config::Config};
use http::Method;
use proto::decider::v1::{CallerProof, Stage};
use tonic::Code;

use crate::support::{
    Bench, CONFIG, CONFIG_ID, Caller, Decider, Files, JSON_CONFIG, JSON_TX, LOOPBACK, Manner, TX, TX_ID,
    caller::until_refused, decider::Asked, impatient, json_yaml, program::Program, vector,
};

const TX_PAYLOAD: &str = "eth_tx_sign_request_raw_obfuscated_sig.payload.json";
const CONFIG_PAYLOAD: &str = "synthetic_request_config_change.payload.json";

#[tokio::test]
async fn the_vectors_get_the_deciders_answers() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    let caller = bench.json_caller();
    let reply = caller.post(JSON_TX, vector(TX_PAYLOAD)).await;
    assert_eq!(reply.plain(), serde_json::json!({"action": "APPROVE", "requestId": TX_ID}));
    let reply = caller.post(JSON_CONFIG, vector(CONFIG_PAYLOAD)).await;
    assert_eq!(reply.plain(), serde_json::json!({"action": "APPROVE", "requestId": CONFIG_ID}));
    let asked = bench.decider.asked();
    let [Asked::Transaction(transaction), Asked::ConfigChange(change)] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!((transaction.tenant.as_str(), transaction.callback_request_id.as_str()), ("json", TX_ID));
    assert_eq!(transaction.stage(), Stage::Signing);
    assert_eq!(transaction.amount.as_deref(), Some("0.010000000000000000"));
    assert_eq!((change.tenant.as_str(), change.path.as_str()), ("json", ""));
    assert_eq!(change.extra_info_digest.len(), 32);
}

#[tokio::test]
async fn the_decider_is_told_what_was_proven_of_the_caller() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    bench.json_caller().post(JSON_TX, vector(TX_PAYLOAD)).await;
    bench.json_caller().post(JSON_CONFIG, vector(CONFIG_PAYLOAD)).await;
    bench.caller().post(TX, vector("synthetic_request_tx_sign.jwt")).await;
    bench.caller().post(CONFIG, vector("synthetic_request_config_change.jwt")).await;
    let mut asked = bench.decider.asked().into_iter();
    let mut next = || match asked.next().expect("asked") {
        Asked::Transaction(request) => (request.tenant.clone(), request.caller_proof()),
        Asked::ConfigChange(request) => (request.tenant.clone(), request.caller_proof()),
    };
    for _ in 0..2 {
        assert_eq!(next(), ("json".to_owned(), CallerProof::Unproven));
    }
    for _ in 0..2 {
        assert_eq!(next(), ("default".to_owned(), CallerProof::CosignerSignature));
    }
}

#[tokio::test]
async fn every_action_is_told_in_plain_json() {
    for (manner, path, expected) in [
        (
            Manner::Denying,
            JSON_TX,
            r#"{"action":"REJECT","requestId":"r","rejectionReason":"limit eth-per-hour"}"#,
        ),
        (Manner::Ignoring, JSON_CONFIG, r#"{"action":"IGNORE","requestId":"r","rejectionReason":"no rule"}"#),
        // Signing: IGNORE would be illegal, so it counts as no decision.
        (
            Manner::Ignoring,
            JSON_TX,
            r#"{"action":"RETRY","requestId":"r","rejectionReason":"no decision could be had now"}"#,
        ),
        (
            Manner::Failing(Code::Unavailable),
            JSON_TX,
            r#"{"action":"RETRY","requestId":"r","rejectionReason":"no decision could be had now"}"#,
        ),
        (
            Manner::Silent,
            JSON_TX,
            r#"{"action":"RETRY","requestId":"r","rejectionReason":"no decision could be had now"}"#,
        ),
        (
            Manner::Failing(Code::InvalidArgument),
            JSON_TX,
            r#"{"action":"REJECT","requestId":"r","rejectionReason":"the request could not be put to the decider"}"#,
        ),
    ] {
        let json = |yaml| impatient(yaml) + &json_yaml("127.0.0.1:0", LOOPBACK);
        let bench = Bench::with(manner, json).await;
        let reply = bench.json_caller().post(path, r#"{"requestId":"r","fee":"1"}"#).await;
        reply.plain();
        assert_eq!(String::from_utf8(reply.body).expect("text"), expected);
    }
}

#[tokio::test]
async fn the_request_id_is_echoed_as_it_came() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    for id in ["x", " spaced ", "48f6-\u{7}\n\"\\/", "日本☃", "\u{10ffff}", &"i".repeat(256)] {
        let payload = serde_json::json!({ "requestId": id }).to_string();
        let reply = bench.json_caller().post(JSON_TX, payload).await;
        assert_eq!(reply.plain(), serde_json::json!({"action": "APPROVE", "requestId": id}));
    }
}

/// There is nothing to verify, so all that is wrong is wrong with the content.
#[tokio::test]
async fn malformed_content_never_reaches_the_decider() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    let caller = bench.json_caller();
    for (payload, reason) in [
        (r#"{"requestId":"r","destinations":[{"dstId":1}]}"#, "destinations[0].dstId: must be text"),
        (r#"{"requestId":"r","destinations":{}}"#, "destinations: must be a list"),
        (r#"{"requestId":"r","amountStr":0.1}"#, "amountStr: must be text"),
        (r#"{"requestId":"r","note":"a","note":"b"}"#, "note: is given twice"),
        (r#"{"requestId":"r","x":{"y":1,"y":1}}"#, "x.y: is given twice"),
        (r#"{"requestId":"r","x":"\ud800"}"#, "x: is not well-formed JSON"),
    ] {
        let reply = caller.post(JSON_TX, payload).await;
        let told = reply.plain();
        assert_eq!((&told["action"], &told["requestId"]), (&"REJECT".into(), &"r".into()), "{payload}");
        assert_eq!(told["rejectionReason"], format!("the request is malformed: {reason}"), "{payload}");
    }
    let deep = format!(r#"{{"requestId":"r","x":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    assert_eq!(caller.post(JSON_TX, deep).await.plain()["action"], "REJECT");
    let ignored = caller.post(JSON_CONFIG, r#"{"requestId":"r","type":[]}"#).await.plain();
    assert_eq!(
        (&ignored["action"], &ignored["rejectionReason"]),
        (&"IGNORE".into(), &"the request is malformed: type: must be text".into())
    );
    assert_eq!(bench.decider.asked(), []);
}

#[tokio::test]
async fn without_a_usable_id_there_is_nobody_to_answer() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    let caller = bench.json_caller();
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "nonsense",
        "{",
        "[]",
        "null",
        "\"r\"",
        r#"{"requestId":"r"} {}"#,
        r#"{"requestId":"r","x":NaN}"#,
        r#"{"txId":"t"}"#,
        r#"{"requestId":""}"#,
        r#"{"requestId":7}"#,
        r#"{"requestId":"r","requestId":"s"}"#,
        r#"{"requestId":"r","requestId":"r"}"#,
        "\u{feff}{\"requestId\":\"r\"}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(b"{\"requestId\":\"\xff\"}".to_vec());
    bodies.push(format!(r#"{{"requestId":"{}"}}"#, "i".repeat(257)).into_bytes());
    // A token means nothing here, however well it is signed: nobody looks at its signature.
    for name in ["tx_sign.jwt", "config_change.jwt"] {
        let token = vector(&format!("synthetic_request_{name}"));
        bodies.push([b"\"", token.as_slice(), b"\""].concat());
        bodies.push(token);
    }
    for body in bodies {
        for path in [JSON_TX, JSON_CONFIG] {
            let reply = caller.post(path, body.clone()).await;
            let shown = String::from_utf8_lossy(&body).into_owned();
            assert_eq!(
                (reply.status, reply.body.as_slice()),
                (400, b"no usable requestId\n".as_slice()),
                "{shown}"
            );
        }
    }
    assert_eq!(bench.decider.asked(), []);
}

/// Nobody sends them; one that is there was meant.
#[tokio::test]
async fn time_claims_have_to_hold_here_too() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    for payload in [r#"{"requestId":"r","exp":1}"#, r#"{"requestId":"r","nbf":"x"}"#] {
        let reply = bench.json_caller().post(JSON_TX, payload).await;
        assert_eq!((reply.status, reply.body.as_slice()), (401, b"not authentic\n".as_slice()), "{payload}");
    }
    assert_eq!(bench.decider.asked(), []);
    let reply = bench.json_caller().post(JSON_TX, r#"{"requestId":"r","exp":4000000000,"iat":"x"}"#).await;
    assert_eq!(reply.plain()["action"], "APPROVE");
}

#[tokio::test]
async fn neither_mode_is_answered_where_the_other_is() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    let (token, payload) = (vector("synthetic_request_tx_sign.jwt"), vector(TX_PAYLOAD));
    for body in [&token, &payload] {
        for path in [TX, CONFIG, "/acme/v2/tx_sign_request", "/v2/acme/tx_sign_request", "/tx_sign_request/"]
        {
            assert_eq!(bench.json_caller().post(path, body.clone()).await.status, 404, "JSON: {path}");
        }
        for path in [JSON_TX, JSON_CONFIG, "/acme/tx_sign_request", "/acme/v2/tx_sign_request"] {
            assert_eq!(bench.caller().post(path, body.clone()).await.status, 404, "JWT: {path}");
        }
    }
    for path in [TX, CONFIG] {
        assert_eq!(bench.caller().post(path, payload.clone()).await.status, 401);
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let caller = bench.json_caller();
        assert_eq!(caller.send(caller.request(method, JSON_TX), "").await.status, 405);
    }
    assert_eq!(bench.decider.asked(), []);
}

#[tokio::test]
async fn each_path_has_its_own_tenant_and_signers() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    let caller = bench.json_caller();
    let ask = async |signer: &str| {
        caller.post("/acme/tx_sign_request", format!(r#"{{"requestId":"r"{signer}}}"#)).await.plain()
    };
    assert_eq!(ask(r#","signerId":"hot""#).await["action"], "APPROVE");
    for signer in ["", r#","signerId":null"#, r#","signerId":"cold""#] {
        assert_eq!(ask(signer).await["action"], "REJECT", "{signer}");
    }
    let asked = bench.decider.asked();
    let [Asked::Transaction(request)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(request.tenant, "json-acme");
}

#[tokio::test]
async fn any_content_type_and_either_http_version_will_do() {
    let bench = Bench::json(Manner::Allowing, LOOPBACK).await;
    for caller in [bench.json_caller(), bench.json_caller().over_http2()] {
        for content_type in ["application/json", "text/plain", "application/jose", "nonsense"] {
            let request = caller.request(Method::POST, JSON_TX).header("content-type", content_type);
            assert_eq!(caller.send(request, vector(TX_PAYLOAD)).await.plain()["action"], "APPROVE");
        }
    }
}

#[tokio::test]
async fn the_listener_has_limits_of_its_own() {
    let bench =
        Bench::json(Manner::Allowing, "source_networks: [127.0.0.0/8]\n    max_body_bytes: 16384").await;
    let body = |bytes: usize| format!(r#"{{"requestId":"r","x":"{}"}}"#, "a".repeat(bytes - 24));
    assert_eq!(body(16384).len(), 16384);
    assert_eq!(bench.json_caller().post(JSON_TX, body(16384)).await.status, 200);
    assert_eq!(bench.json_caller().post(JSON_TX, body(16385)).await.status, 413);
    assert_eq!(bench.caller().post(TX, body(16385)).await.status, 401);
}

#[tokio::test]
async fn the_end_waits_for_what_is_in_flight_and_then_nobody_may_connect() {
    let manner = Manner::Slow(Duration::from_secs(2));
    let Bench { files, decider, edge } = Bench::json(manner, LOOPBACK).await;
    let address = edge.json_address.expect("JSON mode");
    let caller = Caller::new(address, &files);
    let asking = tokio::spawn(async move { caller.post(JSON_TX, r#"{"requestId":"r"}"#).await });
    while decider.calls() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    edge.end().await;
    assert_eq!(asking.await.expect("answered").plain()["action"], "APPROVE");
    until_refused(address).await;
}

#[tokio::test]
async fn an_address_that_is_taken_fails_the_start_and_is_named() {
    let files = Files::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let yaml = files.yaml(1) + &json_yaml(&address, LOOPBACK);
    let config = Config::load(&files.write("edge.yaml", yaml.as_bytes())).expect("no mistakes");
    let error = start(config).await.expect_err("taken").to_string();
    assert!(error.contains(&format!("cannot listen on {address} (json.listen)")), "{error}");
}

#[tokio::test]
async fn the_log_says_that_the_caller_is_unproven() {
    let files = Files::new();
    let decider = Decider::start(&files, Manner::Allowing).await;
    let yaml = files.yaml(decider.port) + &json_yaml("127.0.0.1:0", LOOPBACK);
    let program = Program::run(&files, &yaml, &[("RUST_LOG", "trace")]);
    let json = Caller::new(program.json_address.expect("JSON mode"), &files);
    let jwt = Caller::new(program.address, &files);
    assert_eq!(
        json.post(JSON_TX, r#"{"requestId":"by-json","note":"N0TE"}"#).await.plain()["action"],
        "APPROVE"
    );
    assert_eq!(jwt.ask(TX, r#"{"requestId":"by-jwt"}"#).await.action(), "APPROVE");
    assert_eq!(json.post(JSON_TX, "nonsense").await.status, 400);
    let (code, log) = program.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("N0TE"));
    let line = |text: &str| -> String {
        let line = log.lines().find(|line| line.contains(text)).expect(text);
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        ["message", "mode", "caller_proof", "action", "status"].map(|name| line[name].to_string()).join(" ")
    };
    assert_eq!(line("by-json"), r#""answered" "json" "UNPROVEN" "APPROVE" null"#);
    assert_eq!(line("by-jwt"), r#""answered" "jwt" "COSIGNER_SIGNATURE" "APPROVE" null"#);
    assert_eq!(line("not answered"), r#""not answered" "json" null null 400"#);
}
