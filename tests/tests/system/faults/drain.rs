//! SIGTERM: what is in flight is answered, then the process ends with 0. What takes too long is cut.

use std::convert::Infallible;
use std::future::poll_fn;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use prost::Message as _;
use proto::decider::v1::{DecideRequest, Stage};
use system_tests::cosigner::Action;
use system_tests::harness::proxy::{Proxy, Wire};
use system_tests::harness::{Options, System, eventually};
use system_tests::services::decisions::{TENANT, channel};
use system_tests::services::{Process, STOP_TIMEOUT, Signal};
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::transport::Channel;

use super::{approved_once, on_file, transfer};

/// So long may what is in flight take, where a test is about what takes longer.
const DRAIN: Duration = Duration::from_secs(4);
/// A service that waited for what takes longer would still run then: until the deadline of a call, 15 s and more.
const ENDS_WITHIN: Duration = Duration::from_secs(12);
/// How long a request of the decider is on its way for each piece of it.
const PIECE_TAKES: Duration = Duration::from_millis(500);
const IN_FLIGHT: usize = 6;
/// So long does an answer of the decider take while the edge is told to end.
const ANSWER_TAKES: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_is_told_to_end_answers_what_it_has() {
    let mut system = System::with(Options { edge: false, ..Options::default() }).await;
    let proxy = Proxy::before_decider(system.local()).await;
    system.start_edge().await;
    proxy.set(Wire::Slow(ANSWER_TAKES));
    let cosigner = system.cosigner();
    let transfers: Vec<_> = (0..IN_FLIGHT).map(|_| transfer()).collect();
    let asked: Vec<_> = transfers
        .iter()
        .map(|transfer| {
            let (cosigner, payload) = (cosigner.clone(), transfer.payload());
            tokio::spawn(async move { cosigner.send(&payload).await })
        })
        .collect();
    let all = format!("countersign_edge_requests_in_flight {IN_FLIGHT}");
    eventually("all requests are in flight", Duration::from_secs(10), async || {
        system.edge().admin("/metrics").await.unwrap().1.contains(&all)
    })
    .await;
    system.edge().signal(Signal::Term).unwrap();
    eventually("it says that it is not ready", ANSWER_TAKES, async || {
        system.edge().admin("/readyz").await.is_ok_and(|(status, _)| status == 503)
    })
    .await;
    for answer in asked {
        let answer = answer.await.unwrap().unwrap_or_else(|error| panic!("{error}\n{}", system.logs()));
        assert_eq!(answer.reply.action, Action::Approve);
    }
    let ended = system.edge().ended(STOP_TIMEOUT).await.unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{}", system.logs());
    proxy.set(Wire::Good);
    system.start_edge().await;
    for transfer in &transfers {
        approved_once(&system, transfer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decider_that_is_told_to_end_forgets_nothing() {
    let mut system = System::start().await;
    let cosigner = system.cosigner();
    let asked: Vec<_> = (0..200)
        .map(|number| {
            let (cosigner, transfer) = (cosigner.clone(), transfer().from_vault(&number.to_string()));
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(10 * number)).await;
                let answer = cosigner.send(&transfer.payload()).await;
                (transfer, answer.unwrap().reply.action)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let code = system.decider().stop(STOP_TIMEOUT).await.unwrap().code();
    assert_eq!(code, Some(0), "{}", system.logs());
    let (mut approved, mut later) = (0, Vec::new());
    for answer in asked {
        let (transfer, action) = answer.await.unwrap();
        match action {
            Action::Approve => {
                approved += 1;
                assert_eq!(on_file(&system, &transfer), (vec!["APPROVE".to_owned()], 1));
            }
            Action::Retry => later.push(transfer),
            other => panic!("{other}: {transfer:?}"),
        }
    }
    assert!(approved > 0 && !later.is_empty(), "{approved} approved, {} to ask again", later.len());
    system.start_decider().await;
    for transfer in &later {
        approved_once(&system, transfer).await;
    }
}

/// Whoever runs a service kills it when it does not end in time: with the log unwritten, and everything else it had.
#[tokio::test(flavor = "multi_thread")]
async fn an_edge_does_not_wait_longer_than_it_is_told_to() {
    let mut system = System::with(Options { edit_edge: brief, ..Options::default() }).await;
    system.decider().signal(Signal::Stop).unwrap();
    let (cosigner, payload) = (system.cosigner(), transfer().payload());
    let asked = tokio::spawn(async move { cosigner.send(&payload).await });
    eventually("the request is in flight", Duration::from_secs(10), async || {
        system.edge().admin("/metrics").await.unwrap().1.contains("countersign_edge_requests_in_flight 1")
    })
    .await;
    ends_after_the_drain(system.edge()).await;
    let answer = asked.await.unwrap();
    assert!(answer.is_err(), "{answer:?}\n{}", system.logs());
    assert!(system.logs().contains("drain_timeout passed"), "{}", system.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decider_answers_what_is_short_and_does_not_wait_for_what_is_long() {
    let mut system = System::with(Options { edit_decider: brief, edge: false, ..Options::default() }).await;
    let decider = || channel(system.local()).unwrap();
    let (short, long) = (tokio::spawn(decide_in(3, decider())), tokio::spawn(decide_in(80, decider())));
    eventually("both are there", Duration::from_secs(10), async || {
        system.decider().admin("/metrics").await.unwrap().1.contains("countersign_decider_connections 2")
    })
    .await;
    ends_after_the_drain(system.decider()).await;
    assert_eq!(short.await.unwrap().as_deref(), Ok("0"), "{}", system.logs());
    let cut = long.await.unwrap();
    assert!(cut.is_err(), "{cut:?}\n{}", system.logs());
    assert!(system.logs().contains("calls were still open at the end of the drain"), "{}", system.logs());
}

fn brief(yaml: String) -> String {
    let drain = format!("\nlisten:\n  drain_notice: 1s\n  drain_timeout: {}s", DRAIN.as_secs());
    yaml.replace("\nlisten:", &drain)
}

async fn ends_after_the_drain(service: &mut Process) {
    let told = Instant::now();
    service.signal(Signal::Term).unwrap();
    let ended = service.ended(ENDS_WITHIN).await.unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{}", service.log_text());
    assert!(told.elapsed() >= DRAIN, "it ended after {:?}", told.elapsed());
}

/// A call of Decide whose request comes in so many pieces, one after the other: its status, or how its connection ended.
async fn decide_in(pieces: usize, mut decider: Channel) -> Result<String, String> {
    let request = DecideRequest {
        tenant: TENANT.to_owned(),
        callback_request_id: format!("{pieces:0>200}"),
        stage: Stage::Approval.into(),
        ..DecideRequest::default()
    };
    let message = request.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&[0], length.as_slice(), &message].concat();
    let pieces: Vec<Bytes> =
        framed.chunks(framed.len().div_ceil(pieces)).map(Bytes::copy_from_slice).collect();
    let body = tokio_stream::iter(pieces).then(|piece| async {
        tokio::time::sleep(PIECE_TAKES).await;
        Ok::<_, Infallible>(Frame::data(piece))
    });
    let call = http::Request::post("/countersign.decider.v1.DecisionService/Decide")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "30S")
        .body(Body::new(StreamBody::new(body)))
        .unwrap();
    poll_fn(|context| GrpcService::<Body>::poll_ready(&mut decider, context))
        .await
        .map_err(|error| error.to_string())?;
    let answer = decider.call(call).await.map_err(|error| error.to_string())?;
    let at_once = answer.headers().get("grpc-status").cloned();
    let read = answer.into_body().collect().await.map_err(|error| error.to_string())?;
    let status = at_once.or_else(|| read.trailers()?.get("grpc-status").cloned()).ok_or("no status")?;
    Ok(status.to_str().unwrap().to_owned())
}
