//! Keys, paths and certificates change while the edge runs: from one request to the next, and for none of those that are
//! in flight.

use std::time::Duration;

use edge::app::Started;
use http::{Method, StatusCode};

use crate::support::{
    Bench, Caller, Connection, Files, Manner, TX, TX_ID, caller::Reply, program::Program, vector,
};

const REQUEST: &str = "synthetic_request_tx_sign.jwt";

/// Puts the configuration in force, whatever it is.
async fn reload(bench: &Bench, yaml: &str) {
    let before = taken(&bench.edge).await;
    bench.files.write("edge.yaml", yaml.as_bytes());
    bench.edge.look_now();
    for _ in 0..200 {
        if taken(&bench.edge).await > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not taken: {}", bench.admin("/metrics").await.1);
}

async fn taken(edge: &Started) -> u64 {
    counted(edge.admin_address, r#"config_reloads_total{outcome="taken"}"#).await
}

async fn counted(admin: std::net::SocketAddr, name: &str) -> u64 {
    let metrics = crate::support::caller::plain_get(admin, "/metrics").await.1;
    let line = format!("countersign_edge_{name} ");
    let value = metrics.lines().find_map(|text| text.strip_prefix(&line));
    value.map_or(0, |value| value.parse().expect("a number"))
}

async fn post(connection: &mut Connection, path: &str) -> Reply {
    connection.post(path, vector(REQUEST)).await
}

/// On connections that are open, too, of either version of HTTP.
#[tokio::test]
async fn a_retired_key_is_refused_at_once_and_an_added_one_admitted() {
    let bench = Bench::new(Manner::Allowing).await;
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    bench.files.write("other.pem", other.public_key_pem().as_bytes());
    let both = bench.yaml();
    let without = both.replace("[cosigner_public.pem]", "[other.pem]");
    let mut connections = [bench.caller().open().await, bench.caller().over_http2().open().await];
    for (yaml, status) in [(&both, 200), (&without, 401), (&both, 200)] {
        reload(&bench, &format!("{yaml}# {status}\n")).await;
        for connection in &mut connections {
            assert_eq!(post(connection, TX).await.status, status);
        }
    }
}

#[tokio::test]
async fn paths_come_and_go() {
    let bench = Bench::new(Manner::Allowing).await;
    let mut connection = bench.caller().open().await;
    let path = "  - {sub_path: /acme, tenant: acme, cosigner_public_keys: [cosigner_public.pem], reply_private_key: reply_private.pem}\n";
    let acme = "/acme/v2/tx_sign_request";
    assert_eq!(post(&mut connection, acme).await.status, StatusCode::NOT_FOUND);
    reload(&bench, &format!("{}{path}", bench.yaml())).await;
    assert_eq!(post(&mut connection, acme).await.action(), "APPROVE");
    reload(&bench, &bench.yaml()).await;
    assert_eq!(post(&mut connection, acme).await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&mut connection, TX).await.action(), "APPROVE");
}

#[tokio::test]
async fn a_rolled_reply_key_signs_the_next_reply_and_not_that_of_a_request_in_flight() {
    let bench = Bench::new(Manner::Slow(Duration::from_millis(500))).await;
    let (slow, next) = (bench.caller(), bench.caller());
    let in_flight = tokio::spawn(async move { slow.post(TX, vector(REQUEST)).await });
    while bench.decider.calls() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.files.write("reply_private.pem", &vector("synthetic_callback_p256_private.pem"));
    reload(&bench, &bench.yaml()).await;
    let answered = next.post(TX, vector(REQUEST)).await;
    assert_eq!(answered.verified_by("p256").expect("by the new key")["requestId"], TX_ID);
    assert!(answered.verified_by("rsa").is_none());
    let answered = in_flight.await.expect("answered");
    assert!(answered.verified_by("rsa").is_some() && answered.verified_by("p256").is_none());
}

#[tokio::test]
async fn a_new_certificate_is_served_from_the_next_handshake_on() {
    let bench = Bench::new(Manner::Allowing).await;
    let mut open = bench.caller().open().await;
    let before = bench.files.certificate("edge");
    assert_eq!(bench.caller().served().await, before);
    bench.files.certify("edge");
    let now = bench.files.certificate("edge");
    assert_ne!(now, before);
    reload(&bench, &bench.yaml()).await;
    assert_eq!(bench.caller().served().await, now);
    assert_eq!(post(&mut open, TX).await.action(), "APPROVE");
}

#[tokio::test]
async fn files_are_followed_without_being_told() {
    let bench = Bench::new(Manner::Allowing).await;
    bench.files.write("reply_private.pem", &vector("synthetic_callback_p256_private.pem"));
    for _ in 0..100 {
        if taken(&bench.edge).await == 1 {
            let answered = bench.caller().post(TX, vector(REQUEST)).await;
            assert!(answered.verified_by("p256").is_some());
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never taken");
}

#[tokio::test]
async fn bounds_of_a_request_count_from_the_next_one_on() {
    let bench = Bench::new(Manner::Allowing).await;
    let payload = format!(r#"{{"requestId":"r","note":"{}"}}"#, "n".repeat(65));
    let token = bench.caller().token(&payload);
    let mut connection = bench.caller().open().await;
    assert_eq!(connection.post(TX, token.clone()).await.action(), "APPROVE");
    let bounded = |limit: &str| bench.yaml().replace("admin:", &format!("  {limit}\nadmin:"));
    reload(&bench, &bounded("payload: {max_note_bytes: 64}")).await;
    assert_eq!(connection.post(TX, token.clone()).await.action(), "REJECT");
    reload(&bench, &bounded("max_token_header_bytes: 64")).await;
    assert_eq!(connection.post(TX, token).await.action(), "APPROVE");
    let long = r#"{"alg":"RS256","kid":"of-some-length-that-is-enough-to-be-too-long"}"#;
    assert_eq!(connection.post(TX, bench.caller().token_with(long, &payload)).await.status, 401);
}

/// Else every change would be as many turns more.
#[tokio::test]
async fn turns_that_are_taken_stay_taken() {
    let one_turn = |yaml: String| yaml.replace("admin:", "  max_decisions: 1\nadmin:");
    let bench = Bench::with(Manner::Slow(Duration::from_secs(2)), one_turn).await;
    let waiting = bench.caller();
    let waiting = tokio::spawn(async move { waiting.post(TX, vector(REQUEST)).await.action() });
    while bench.decider.calls() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    reload(&bench, &format!("{}# changed\n", one_turn(bench.yaml()))).await;
    assert_eq!(bench.caller().post(TX, vector(REQUEST)).await.action(), "RETRY");
    assert_eq!(waiting.await.expect("answered"), "APPROVE");
}

/// Else every change would be a second's worth anew.
#[tokio::test]
async fn rates_that_are_used_up_stay_used_up() {
    let rated = |yaml: String| yaml.replace("admin:", "  request_rate_per_key: 1\nadmin:");
    let bench = Bench::with(Manner::Allowing, rated).await;
    let mut caller = bench.caller().open().await;
    for round in 0..10 {
        let begun = std::time::Instant::now();
        post(&mut caller, TX).await;
        reload(&bench, &format!("{}# {round}\n", rated(bench.yaml()))).await;
        let action = post(&mut caller, TX).await.action();
        // On a busy machine the second may have passed.
        if begun.elapsed() < Duration::from_secs(1) {
            assert_eq!(action, "RETRY");
            return;
        }
    }
    panic!("never within a second");
}

/// Its deciders are asked on the connections that are there.
#[tokio::test]
async fn deciders_are_not_connected_to_anew() {
    let bench = Bench::new(Manner::Allowing).await;
    assert_eq!(bench.caller().post(TX, vector(REQUEST)).await.action(), "APPROVE");
    for round in 0..5 {
        reload(&bench, &format!("{}# {round}\n", bench.yaml())).await;
        assert_eq!(bench.caller().post(TX, vector(REQUEST)).await.action(), "APPROVE");
    }
    assert_eq!(bench.decider.connections(), 1);
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_is_told() {
    let bench = Bench::new(Manner::Allowing).await;
    let refused = r#"config_reloads_total{outcome="refused"}"#;
    let restart = r#"config_reloads_total{outcome="restart"}"#;
    let admin = bench.edge.admin_address;
    let path = "  - {sub_path: /b, tenant: b, cosigner_public_keys: [cosigner_public.pem], reply_private_key: edge.key}\n";
    for (yaml, metric) in [
        (format!("{}{path}", bench.yaml()), refused),
        (bench.yaml().replace("deadline: 8s", "deadline: 2s"), restart),
    ] {
        bench.files.write("edge.yaml", yaml.as_bytes());
        bench.edge.look_now();
        while counted(admin, metric).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(counted(admin, "config_pending").await, 1);
        assert_eq!(bench.caller().post(TX, vector(REQUEST)).await.action(), "APPROVE");
        assert_eq!(bench.caller().post("/b/v2/tx_sign_request", vector(REQUEST)).await.status, 404);
    }
}

const ROLLS: usize = 60;
const CALLERS: usize = 4;

/// The program itself, told by SIGHUP: keys and certificate are rolled while requests run, and not one is refused, lost, or
/// answered under a key that was not in force.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolls_under_load_lose_no_request() {
    let files = Files::new();
    let decider = crate::support::Decider::start(&files, Manner::Allowing).await;
    let program = Program::run(&files, &files.yaml(decider.port), &[]);
    let (address, admin) = (program.address, program.admin_address);
    let load = tokio_util::sync::CancellationToken::new();
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        let (caller, load) = (Caller::new(address, &files), load.clone());
        let caller = if number % 2 == 0 { caller } else { caller.over_http2() };
        callers.spawn(async move { ask_until(&caller, &load).await });
    }
    for roll in 1..=ROLLS {
        let kind = if roll % 2 == 0 { "rsa" } else { "p256" };
        files.write("reply_private.pem", &vector(&format!("synthetic_callback_{kind}_private.pem")));
        files.certify("edge");
        program.hang_up();
        while counted(admin, r#"config_reloads_total{outcome="taken"}"#).await < roll as u64 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // From here on: the new key and the new certificate.
        let caller = Caller::new(address, &files);
        assert!(caller.post(TX, vector(REQUEST)).await.verified_by(kind).is_some(), "roll {roll}");
        assert_eq!(caller.served().await, files.certificate("edge"), "roll {roll}");
    }
    load.cancel();
    let asked: Vec<usize> = callers.join_all().await;
    assert!(asked.iter().all(|asked| *asked > ROLLS / 2), "{asked:?}");
    assert_eq!(counted(admin, r#"config_reloads_total{outcome="refused"}"#).await, 0);
    assert_eq!(program.end().0, Some(0));
}

/// Asks, half on one connection and half each on its own; every reply is under one key or the other. How many there were.
async fn ask_until(caller: &Caller, load: &tokio_util::sync::CancellationToken) -> usize {
    let (mut kept, mut asked) = (caller.open().await, 0);
    while !load.is_cancelled() {
        for reply in
            [post(&mut kept, TX).await, caller.send(caller.request(Method::POST, TX), vector(REQUEST)).await]
        {
            let under = ["rsa", "p256"].map(|kind| reply.verified_by(kind).is_some());
            assert!(under[0] != under[1], "{reply:?}");
            asked += 1;
        }
    }
    asked
}
