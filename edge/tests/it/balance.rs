//! Several deciders: whoever is dead, slow, silent or about to end, no question fails while another could answer it.

use std::time::Duration;

use callback::Action;
use edge::decider::{Config, Trouble};
use proto::decider::v1::{DecideRequest, decision_service_client::DecisionServiceClient};
use tokio::net::TcpListener;
use tonic::{
    Code,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

use crate::support::{Decider, Deciders, Files, Keeps, Manner, deciders::UNANSWERED};

/// The deadline of [`Deciders`].
const DEADLINE: Duration = Duration::from_secs(10);
const RETRIES: &str = r#"decider_attempts_total{kind="retry",fleet="default"}"#;
const OUT: &str = r#"decider_endpoints{standing="out",fleet="default"}"#;
const BECAME_OUT: &str = r#"decider_endpoint_changes_total{standing="out",fleet="default"}"#;

/// A port at which nobody listens.
async fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port()
}

#[tokio::test]
async fn with_one_of_two_dead_no_call_fails() {
    let files = Files::new();
    let alive = Decider::start_with(&files, Manner::Allowing, 0, Keeps::Health).await;
    let ports = vec![alive.port, dead_port().await];
    println!("of 200 calls by tonic's balance_list fail {}", fail_with_tonic(&files, &ports).await);
    let deciders = Deciders::known_as("localhost", files, vec![alive], ports, |_| ());
    // From the very first on, when nothing is known of either.
    let (troubles, _) = deciders.ask_all(200).await;
    assert_eq!(troubles.len(), 0, "{troubles:?}");
}

/// A lookup that gets no answer takes five seconds.
#[tokio::test]
async fn a_name_that_is_not_answered_for_keeps_no_other_from_being_asked() {
    let begun = std::time::Instant::now();
    let unanswered = edge::decider::Address::parse(&format!("https://{UNANSWERED}:1")).expect("an address");
    let deciders = Deciders::with(&[Manner::Allowing], |config| config.addresses.push(unanswered)).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(deciders.ask_all(5).await.0.len(), 0);
}

/// What tonic's own balancer does with the same two.
async fn fail_with_tonic(files: &Files, ports: &[u16]) -> usize {
    let tls = ClientTlsConfig::new()
        .domain_name("localhost")
        .ca_certificate(Certificate::from_pem(files.read("ca.pem")))
        .identity(Identity::from_pem(files.read("client.crt"), files.read("client.key")));
    let endpoint = |port: &u16| {
        let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).expect("an address");
        endpoint.tls_config(tls.clone()).expect("TLS")
    };
    let mut client = DecisionServiceClient::new(Channel::balance_list(ports.iter().map(endpoint)));
    let mut failed = 0;
    for _ in 0..200 {
        failed += usize::from(client.decide(DecideRequest::default()).await.is_err());
    }
    failed
}

#[tokio::test]
async fn one_that_dies_is_taken_out_and_gets_load_again_when_it_is_back() {
    let mut deciders = Deciders::start(&[Manner::Allowing, Manner::Allowing]).await;
    deciders.ask_until(|deciders| deciders.each_asked(5)).await;
    let port = deciders.all.remove(1).port;
    let (troubles, slowest) = deciders.ask_all(200).await;
    assert_eq!(troubles.len(), 0, "{troubles:?}");
    assert!(slowest < DEADLINE / 3, "{slowest:?}");
    deciders.until(OUT, 1).await;
    assert!(deciders.is_ready());
    let back = Decider::start_with(&deciders.files, Manner::Allowing, port, Keeps::Health).await;
    deciders.all.push(back);
    deciders.until_healthy(2).await;
    deciders.ask_until(|deciders| deciders.calls()[1] > 5).await;
}

#[tokio::test]
async fn one_that_is_about_to_end_is_left_without_a_failed_call() {
    let mut deciders = Deciders::start(&[Manner::Allowing, Manner::Allowing]).await;
    deciders.all[1].drain().await;
    deciders.until(OUT, 1).await;
    drop(deciders.all.remove(1));
    assert_eq!(deciders.ask_all(100).await.0.len(), 0);
    assert_eq!(deciders.metric(RETRIES), 0);
    assert_eq!(deciders.metric(r#"decider_attempts_total{kind="first",fleet="default"}"#), 100);
}

#[tokio::test]
async fn a_slow_one_gets_fewer_calls() {
    let slow = Manner::Slow(Duration::from_millis(500));
    let deciders = Deciders::start(&[slow, Manner::Allowing, Manner::Allowing]).await;
    for _ in 0..40 {
        assert!(deciders.ask_at_once(10).await.iter().all(Result::is_ok));
    }
    let calls = deciders.calls();
    assert_eq!(calls.iter().sum::<usize>(), 400);
    assert!(calls[0] < calls[1] && calls[0] < calls[2], "{calls:?}");
}

#[tokio::test]
async fn a_silent_one_does_not_eat_deadlines() {
    let deciders = Deciders::start(&[Manner::Allowing, Manner::Allowing]).await;
    // Its health check still answers: only calls can tell.
    deciders.all[1].set(Manner::Silent);
    const SILENCES: &str = r#"decider_attempts_total{kind="silence",fleet="default"}"#;
    deciders.ask_until(|deciders| deciders.metric(SILENCES) > 0).await;
    let (troubles, slowest) = deciders.ask_all(100).await;
    assert_eq!(troubles.len(), 0, "{troubles:?}");
    assert!(slowest < DEADLINE / 2, "{slowest:?}");
    let silent = deciders.metric(SILENCES);
    assert!((1..10).contains(&silent), "{silent}");
}

#[tokio::test]
async fn one_that_accepts_connections_and_no_more_is_never_asked() {
    let files = Files::new();
    let stuck = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let alive = Decider::start_with(&files, Manner::Allowing, 0, Keeps::Health).await;
    let ports = vec![alive.port, stuck.local_addr().expect("an address").port()];
    let deciders = Deciders::known_as("localhost", files, vec![alive], ports, |_| ());
    deciders.until_healthy(1).await;
    let (troubles, slowest) = deciders.ask_all(50).await;
    assert_eq!((troubles.len(), deciders.calls()), (0, vec![50]));
    assert!(slowest < DEADLINE / 3, "{slowest:?}");
    assert_eq!(deciders.metric(r#"decider_endpoints{standing="unproven",fleet="default"}"#), 1);
}

/// Such as an edge, whose address was written in place of a decider's.
#[tokio::test]
async fn what_answers_and_keeps_no_health_is_no_decider() {
    let files = Files::new();
    let other = Decider::start_with(&files, Manner::Failing(Code::Unimplemented), 0, Keeps::Nothing).await;
    let alive = Decider::start_with(&files, Manner::Allowing, 0, Keeps::Health).await;
    let ports = vec![other.port, alive.port];
    let deciders = Deciders::known_as("localhost", files, vec![other, alive], ports, |_| ());
    deciders.until_healthy(1).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(deciders.metric(r#"decider_endpoints{standing="healthy",fleet="default"}"#), 1);
    let (troubles, _) = deciders.ask_all(20).await;
    assert_eq!((troubles.len(), deciders.calls()), (0, vec![0, 20]));
}

#[tokio::test]
async fn a_hedge_cuts_slow_answers_short() {
    const LONG: Duration = Duration::from_secs(5);
    let hedged = |config: &mut Config| config.hedge_after = Some(Duration::from_millis(30));
    let deciders = Deciders::with(&[Manner::Slow(LONG), Manner::Allowing], hedged).await;
    let hedges = r#"decider_attempts_total{kind="hedge",fleet="default"}"#;
    deciders.ask_until(|deciders| deciders.calls()[0] > 0 && deciders.metric(hedges) > 0).await;
    let (troubles, slowest) = deciders.ask_all(50).await;
    assert_eq!(troubles.len(), 0);
    assert!(slowest < LONG, "{slowest:?}");
    assert_eq!(deciders.metric(OUT), 0, "slow is not silent");
}

#[tokio::test]
async fn nobody_is_stormed_by_retries() {
    let unable = Manner::Failing(Code::Unavailable);
    let deciders = Deciders::start(&[unable, unable, unable]).await;
    let ends = deciders.ask_at_once(600).await;
    assert!(ends.iter().all(|end| matches!(end, Err(Trouble::Failed(_)))));
    let calls: usize = deciders.calls().iter().sum();
    // Half as many again, and twenty for each of ten seconds; without a budget it would be twelve times as many.
    assert!((600..=600 + 300 + 220).contains(&calls), "{calls}");
    assert!(deciders.metric(r#"decider_budget_exhausted_total{fleet="default"}"#) > 0);
    assert_eq!(deciders.metric(r#"decider_errors_total{code="UNAVAILABLE",fleet="default"}"#), 600);
}

#[tokio::test]
async fn one_that_cannot_decide_is_no_end() {
    for manner in [
        Manner::Failing(Code::Unavailable),
        Manner::Failing(Code::FailedPrecondition),
        Manner::Failing(Code::ResourceExhausted),
        Manner::Shedding(DEADLINE / 2),
        Manner::Garbage(|answer| answer.callback_request_id.push('x')),
    ] {
        let deciders = Deciders::start(&[manner, Manner::Denying]).await;
        for number in 0..20 {
            let (action, took) = deciders.ask(&number.to_string()).await.expect("an answer");
            assert_eq!(action, Action::Reject);
            assert!(took < DEADLINE / 3, "elsewhere at once, not {took:?}");
        }
        deciders.ask_until(|deciders| deciders.calls()[0] > 0).await;
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_asked_elsewhere() {
    let breach = Manner::Failing(Code::InvalidArgument);
    let deciders = Deciders::start(&[breach, breach]).await;
    assert!(deciders.ask("once").await.is_err());
    assert_eq!(deciders.calls().iter().sum::<usize>(), 1);
}

/// As where one decider has other grants or tenants than the others. It answers fastest, as deciding takes time.
#[tokio::test]
async fn one_that_refuses_what_the_others_decide_swallows_nothing() {
    let deciding = Manner::Slow(Duration::from_millis(30));
    for refusing in [Manner::Failing(Code::PermissionDenied), Manner::Elsewhere] {
        let deciders = Deciders::start(&[refusing, deciding, deciding]).await;
        assert_eq!(deciders.ask_all(50).await.0.len(), 0, "{refusing:?}");
        let ends = deciders.ask_at_once(100).await;
        assert!(ends.iter().filter(|end| end.is_err()).count() < 10, "{refusing:?}");
        assert!(deciders.calls()[0] < 100, "{refusing:?}: {:?}", deciders.calls());
        assert!(deciders.metric(BECAME_OUT) > 0, "{refusing:?}");
        // It is asked again and again, so that mending it is noticed.
        deciders.all[0].set(Manner::Allowing);
        let before = deciders.calls()[0];
        deciders.ask_until(|deciders| deciders.calls()[0] > before + 5).await;
    }
}

/// Two of them are enough to tell that it is the question.
#[tokio::test]
async fn what_all_refuse_alike_takes_nobody_out() {
    for refusing in [Manner::Failing(Code::PermissionDenied), Manner::Elsewhere] {
        let deciders = Deciders::start(&[refusing; 3]).await;
        assert_eq!(deciders.ask_all(10).await.0.len(), 10, "{refusing:?}");
        assert_eq!(deciders.calls().iter().sum::<usize>(), 20, "{refusing:?}");
        assert_eq!((deciders.metric(BECAME_OUT), deciders.is_ready()), (0, true), "{refusing:?}");
    }
}

/// Else one path with a tenant that nobody granted would take the edge from the tenants of all others.
#[tokio::test]
async fn one_that_refuses_some_questions_is_there_for_the_others() {
    let deciders = Deciders::start(&[Manner::Allowing]).await;
    for code in [
        Code::PermissionDenied,
        Code::DataLoss,
        Code::OutOfRange,
        Code::FailedPrecondition,
        Code::InvalidArgument,
    ] {
        deciders.all[0].set(Manner::Failing(code));
        assert_eq!(deciders.ask_all(4).await.0.len(), 4, "{code:?}");
        assert_eq!((deciders.metric(OUT), deciders.is_ready()), (0, true), "{code:?}");
        deciders.all[0].set(Manner::Allowing);
        assert_eq!(deciders.ask_all(1).await.0.len(), 0, "{code:?}");
    }
    assert_eq!(deciders.metric(BECAME_OUT), 0);
    deciders.all[0].set(Manner::Failing(Code::Internal));
    assert_eq!(deciders.ask_all(4).await.0.len(), 4);
    assert_eq!(deciders.metric(BECAME_OUT), 1, "a fault is the decider's");
}

/// As while deciders are replaced by newer ones: the older does not understand what the newer has on record.
#[tokio::test]
async fn one_that_does_not_understand_refuses_nothing_for_others() {
    let hedged = |config: &mut Config| config.hedge_after = Some(Duration::from_millis(30));
    let slow = Manner::Slow(Duration::from_millis(200));
    let deciders = Deciders::with(&[slow, Manner::Failing(Code::InvalidArgument)], hedged).await;
    let mut answered = 0;
    for number in 0..20 {
        answered += usize::from(deciders.ask(&format!("hedged {number}")).await.is_ok());
    }
    assert_eq!(answered, deciders.calls()[0], "each that the slow one was asked");

    let manners = [Manner::Failing(Code::Unavailable), Manner::Failing(Code::InvalidArgument)];
    let deciders = Deciders::start(&manners).await;
    for number in 0..20 {
        let before = deciders.calls()[0];
        let trouble = deciders.ask(&format!("failed {number}")).await.expect_err("nobody decides");
        let refused = matches!(trouble, Trouble::Breach(_));
        assert_eq!(refused, deciders.calls()[0] == before, "{trouble}");
    }
}

#[tokio::test]
async fn one_that_sheds_alone_is_asked_again_when_it_says() {
    let deciders = Deciders::start(&[Manner::Shedding(Duration::from_secs(2))]).await;
    let relieved = async {
        while deciders.calls()[0] == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        deciders.all[0].set(Manner::Allowing);
    };
    let (answer, ()) = tokio::join!(deciders.ask("shed"), relieved);
    let (action, took) = answer.expect("an answer");
    assert_eq!((action, deciders.calls()), (Action::Approve, vec![2]));
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert_eq!(deciders.metric(OUT), 0, "its load would only go to the others");
}

#[tokio::test]
async fn with_none_healthy_all_are_tried_all_the_same() {
    let deciders = Deciders::start(&[Manner::Allowing, Manner::Allowing]).await;
    for decider in &deciders.all {
        decider.drain().await;
    }
    deciders.until(OUT, 2).await;
    assert_eq!(deciders.ask_all(20).await.0.len(), 0);
    assert!(!deciders.is_ready());
}

/// From one to four and back, by what the name resolves to, while questions are asked.
#[tokio::test]
async fn deciders_come_and_go_without_a_restart() {
    let mut deciders = Deciders::start(&[Manner::Allowing]).await;
    for _ in 0..3 {
        deciders.join(Manner::Allowing).await;
    }
    deciders.until_healthy(4).await;
    deciders.ask_until(|deciders| deciders.each_asked(5)).await;
    deciders.list(vec![deciders.all[3].port]);
    let resolved = async { deciders.until_healthy(1).await };
    let asked = async {
        for _ in 0..60 {
            assert_eq!(deciders.ask_all(5).await.0.len(), 0);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::join!(resolved, asked);
    let before = deciders.calls();
    assert_eq!(deciders.ask_all(50).await.0.len(), 0);
    assert_eq!(deciders.calls()[..3], before[..3]);
}

#[tokio::test]
async fn a_lookup_that_fails_changes_nothing() {
    let mut deciders = Deciders::start(&[Manner::Allowing]).await;
    deciders.fail_lookups();
    // Lost, it is looked up every second.
    deciders.restart(0, Manner::Allowing).await;
    tokio::time::sleep(Duration::from_millis(6500)).await;
    assert_eq!(deciders.ask_all(20).await.0.len(), 0);
}

#[tokio::test]
async fn a_name_without_an_address_is_no_decision() {
    let files = Files::new();
    let deciders = Deciders::known_as("localhost", files, Vec::new(), Vec::new(), |_| ());
    let trouble = deciders.ask("nobody").await.expect_err("nobody is there");
    assert_eq!(trouble.code().as_str(), "NO_ENDPOINT");
}

/// Whatever a name resolves to: who has no certificate for that name is not believed.
#[tokio::test]
async fn a_decider_of_another_name_is_not_believed() {
    let files = Files::new();
    let alive = Decider::start_with(&files, Manner::Allowing, 0, Keeps::Health).await;
    let ports = vec![alive.port];
    let deciders = Deciders::known_as("decider.internal", files, vec![alive], ports, |_| ());
    assert!(deciders.ask("t").await.is_err());
    assert_eq!((deciders.calls(), deciders.is_ready()), (vec![0], false));
}
