//! What a request gets, by who sent it and what it says.

use http::Method;
use proto::decider::v1::{LimitStatus, Stage};

use crate::support::{
    Bench, CONFIG, CONFIG_ID, Caller, Decider, Files, Manner, TX, TX_ID, decider::Asked, start_edge, vector,
};

#[tokio::test]
async fn the_vectors_get_the_deciders_answers() {
    let bench = Bench::new(Manner::Allowing).await;
    let reply = bench.caller().post(TX, vector("synthetic_request_tx_sign.jwt")).await;
    assert_eq!(reply.verified(), serde_json::json!({"action": "APPROVE", "requestId": TX_ID}));
    let reply = bench.caller().post(CONFIG, vector("synthetic_request_config_change.jwt")).await;
    assert_eq!(reply.told(), ("APPROVE".to_owned(), CONFIG_ID.to_owned()));
    let asked = bench.decider.asked();
    let [Asked::Transaction(transaction), Asked::ConfigChange(change)] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!((transaction.tenant.as_str(), transaction.callback_request_id.as_str()), ("default", TX_ID));
    assert_eq!(transaction.stage(), Stage::Signing);
    assert_eq!(transaction.amount.as_deref(), Some("0.010000000000000000"));
    assert_eq!(transaction.destinations[0].amount_usd.as_deref(), Some("18.74501936"));
    assert_eq!((change.path.as_str(), change.r#type.as_deref()), ("", Some("UNMANAGED_WALLET")));
    assert_eq!(change.extra_info_digest.len(), 32);
}

#[tokio::test]
async fn a_denial_is_signed_with_its_reason() {
    let bench = Bench::new(Manner::Denying).await;
    let reply = bench.caller().post(TX, vector("synthetic_request_tx_sign.jwt")).await;
    assert_eq!(
        reply.verified(),
        serde_json::json!({"action": "REJECT", "requestId": TX_ID, "rejectionReason": "limit eth-per-hour"})
    );
}

/// A limit says how it stands for each of a thousand destinations. What is decided must not be asked for again and again.
#[tokio::test]
async fn an_answer_of_more_than_four_mebibytes_is_an_answer() {
    let long = Manner::Garbage(|answer| {
        let status =
            LimitStatus { limit_id: "each-destination-of-each-asset".repeat(8), ..LimitStatus::default() };
        answer.limits = vec![status; 30_000];
    });
    let bench = Bench::new(long).await;
    let reply = bench.caller().post(TX, vector("synthetic_request_tx_sign.jwt")).await;
    assert_eq!(reply.verified(), serde_json::json!({"action": "APPROVE", "requestId": TX_ID}));
}

#[tokio::test]
async fn what_people_decide_is_ignored_but_never_at_signing() {
    let bench = Bench::new(Manner::Ignoring).await;
    let caller = bench.caller();
    assert_eq!(caller.post(CONFIG, vector("synthetic_request_config_change.jwt")).await.action(), "IGNORE");
    // Signing: IGNORE would be illegal, so it counts as no decision.
    assert_eq!(caller.post(TX, vector("synthetic_request_tx_sign.jwt")).await.action(), "RETRY");
}

#[tokio::test]
async fn nothing_unauthenticated_reaches_the_decider() {
    let bench = Bench::new(Manner::Allowing).await;
    let caller = bench.caller();
    let alg_none = vector("synthetic_negative_alg_none.jwt");
    let mut tokens =
        vec![alg_none.strip_suffix(b".").expect("a trailing dot").to_vec(), Vec::new(), b"{}".to_vec()];
    for name in [
        "synthetic_negative_zero_signature.jwt",
        "synthetic_negative_alg_none.jwt",
        "synthetic_negative_hs256_with_public_pem_as_secret.jwt",
        "synthetic_negative_signed_by_other_key.jwt",
        "synthetic_negative_payload_swapped.jwt",
        "synthetic_negative_truncated.jwt",
        "eth_tx_sign_request_raw_obfuscated_sig.jwt",
        "eth_tx_sign_request.json",
        "synthetic_response_APPROVE.jwt",
        "synthetic_response_REJECT.jwt",
        "synthetic_response_RETRY.jwt",
        "synthetic_response_IGNORE.jwt",
        "synthetic_response_APPROVE_es256.jwt",
    ] {
        tokens.push(vector(name));
    }
    for token in tokens {
        for path in [TX, CONFIG] {
            let reply = caller.post(path, token.clone()).await;
            assert_eq!((reply.status, reply.body.as_slice()), (401, b"not authentic\n".as_slice()));
        }
    }
    assert_eq!(bench.decider.asked(), []);
    assert!(bench.admin("/metrics").await.1.contains(r#"verify_failures_total{reason="signature"}"#));
}

#[tokio::test]
async fn expired_tokens_are_not_authentic() {
    let bench = Bench::new(Manner::Allowing).await;
    let reply = bench.caller().ask(TX, r#"{"requestId":"r","exp":1000000000}"#).await;
    assert_eq!((reply.status, bench.decider.asked().len()), (401, 0));
}

#[tokio::test]
async fn malformed_content_is_rejected_at_the_edge() {
    let bench = Bench::new(Manner::Allowing).await;
    let caller = bench.caller();
    let rejected = caller.ask(TX, r#"{"requestId":"r-1","destinations":[{"dstId":1}]}"#).await;
    assert_eq!(rejected.told(), ("REJECT".to_owned(), "r-1".to_owned()));
    assert_eq!(rejected.reason(), "the request is malformed: destinations[0].dstId: must be text");
    let ignored = caller.ask(CONFIG, r#"{"requestId":"r-2","type":[]}"#).await;
    assert_eq!(ignored.told(), ("IGNORE".to_owned(), "r-2".to_owned()));
    assert_eq!(ignored.reason(), "the request is malformed: type: must be text");
    for payload in
        [r#"{"txId":"t"}"#, r#"{"requestId":"r","requestId":"s"}"#, "nonsense", "{", r#"{"requestId":""}"#]
    {
        for path in [TX, CONFIG] {
            let reply = caller.ask(path, payload).await;
            assert_eq!(
                (reply.status, reply.body.as_slice()),
                (400, b"no usable requestId\n".as_slice()),
                "{payload}"
            );
        }
    }
    assert_eq!(bench.decider.asked(), []);
}

#[tokio::test]
async fn the_request_id_is_echoed_as_it_came() {
    let bench = Bench::new(Manner::Allowing).await;
    let caller = bench.caller();
    for id in ["x", " spaced ", "48f6-\u{7}\n\"\\/", "日本☃", &"i".repeat(256)] {
        let payload = serde_json::json!({ "requestId": id }).to_string();
        assert_eq!(caller.ask(TX, &payload).await.told(), ("APPROVE".to_owned(), id.to_owned()));
    }
}

#[tokio::test]
async fn each_path_has_its_own_keys_tenant_and_signers() {
    let files_yaml = |yaml: String| {
        yaml + "    signer_ids: [hot]\n  - {sub_path: /other, tenant: other, cosigner_public_keys: [other.pem], reply_private_key: reply_private.pem}\n"
            + "  - {sub_path: /acme/eu, tenant: acme, cosigner_public_keys: [other.pem, cosigner_public.pem], reply_private_key: reply_private.pem}\n"
    };
    let files = crate::support::Files::new();
    files.write("other.pem", &vector("webhook_v1_pubkey_sandbox_old.pem"));
    let decider = crate::support::Decider::start(&files, Manner::Allowing).await;
    let edge = crate::support::start_edge(&files, &files_yaml(files.yaml(decider.port))).await;
    let bench = Bench { files, decider, edge };
    let caller = bench.caller();
    let with = |signer: &str| format!(r#"{{"requestId":"r"{signer}}}"#);
    assert_eq!(caller.ask(TX, &with(r#","signerId":"hot""#)).await.action(), "APPROVE");
    for signer in ["", r#","signerId":null"#, r#","signerId":"cold""#] {
        let reply = caller.ask(TX, &with(signer)).await;
        assert_eq!(
            (reply.action().as_str(), reply.reason().contains("signerId")),
            ("REJECT", true),
            "{signer}"
        );
    }
    assert_eq!(caller.ask("/other/v2/tx_sign_request", &with("")).await.status, 401);
    assert_eq!(caller.ask("/acme/eu/v2/tx_sign_request", &with("")).await.action(), "APPROVE");
    let tenants: Vec<String> = bench
        .decider
        .asked()
        .into_iter()
        .map(|asked| match asked {
            Asked::Transaction(request) => request.tenant,
            Asked::ConfigChange(request) => request.tenant,
        })
        .collect();
    assert_eq!(tenants, ["default", "acme"]);
}

/// Nothing in a configuration change says whose it is, whatever somebody may write beside it.
#[tokio::test]
async fn where_api_users_are_listed_people_decide_configuration_changes() {
    let bench = Bench::with(Manner::Allowing, |yaml| yaml + "    signer_ids: [hot]\n").await;
    for signer in ["", r#","signerId":"hot""#] {
        let change = format!(r#"{{"requestId":"r","type":"UNMANAGED_WALLET","extraInfo":{{}}{signer}}}"#);
        let reply = bench.caller().ask(CONFIG, &change).await;
        assert_eq!(reply.told(), ("IGNORE".to_owned(), "r".to_owned()), "{signer}");
        assert!(reply.reason().contains("signer_ids"), "{}", reply.reason());
    }
    assert_eq!(bench.decider.asked(), []);
}

#[tokio::test]
async fn an_api_user_that_is_not_listed_is_named() {
    let bench = Bench::with(Manner::Allowing, |yaml| yaml + "    signer_ids: [hot]\n").await;
    let reason = async |signer: &str| {
        bench.caller().ask(TX, &format!(r#"{{"requestId":"r"{signer}}}"#)).await.reason()
    };
    assert_eq!(
        reason(r#","signerId":"co\nld""#).await,
        "API user co\\u{a}ld (signerId) is not one of this path"
    );
    assert_eq!(reason("").await, "no API user (signerId) is named, and this path is for some only");
}

#[tokio::test]
async fn only_posts_on_known_paths() {
    let bench = Bench::new(Manner::Allowing).await;
    let caller = bench.caller();
    for path in [
        "/",
        "/tx_sign_request",
        "/v2/tx_sign_request/",
        "/v2/tx_approval_request",
        "/x/v2/tx_sign_request",
        "/metrics",
    ] {
        assert_eq!(caller.post(path, vector("synthetic_request_tx_sign.jwt")).await.status, 404, "{path}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        assert_eq!(caller.send(caller.request(method, TX), "").await.status, 405);
    }
    assert_eq!(bench.decider.asked(), []);
}

#[tokio::test]
async fn any_content_type_and_either_http_version_will_do() {
    let bench = Bench::new(Manner::Allowing).await;
    for caller in [bench.caller(), bench.caller().over_http2()] {
        for content_type in ["application/json", "text/plain", "nonsense"] {
            let request = caller.request(Method::POST, TX).header("content-type", content_type);
            assert_eq!(
                caller.send(request, vector("synthetic_request_tx_sign.jwt")).await.action(),
                "APPROVE"
            );
        }
    }
}

#[tokio::test]
async fn each_path_answers_under_its_own_key() {
    let path = "  - {sub_path: /acme, tenant: acme, cosigner_public_keys: [cosigner_public.pem], reply_private_key: p256.pem}\n";
    let files = Files::new();
    files.write("p256.pem", &vector("synthetic_callback_p256_private.pem"));
    let decider = Decider::start(&files, Manner::Allowing).await;
    let edge = start_edge(&files, &(files.yaml(decider.port) + path)).await;
    let mut connection = Caller::new(edge.address, &files).over_http2().open().await;
    for _ in 0..5 {
        for (path, own, other) in [(TX, "rsa", "p256"), ("/acme/v2/tx_sign_request", "p256", "rsa")] {
            let reply = connection.post(path, vector("synthetic_request_tx_sign.jwt")).await;
            assert_eq!(reply.verified_by(own).expect("by its own key")["action"], "APPROVE");
            assert_eq!(reply.verified_by(other), None);
        }
    }
}
