//! Calls that hold their place for longer than they need it: others get theirs all the same.

use std::time::{Duration, Instant};

use decider::app::Running;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use proto::decider::v1 as wire;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;
use tower::ServiceExt as _;

use crate::admin::get;
use crate::support::{CONFIG, DEADLINE, Files, SERVICE_TOO, call, connect, told, transfer};

const SERVICE: &str = "countersign.decider.v1.DecisionService";
/// More than are worked on at once.
const MANY: usize = 1700;
/// Lookups of one caller at once.
const MAX_READS_OF_ONE: usize = 4;
/// What of an answer is sent before its client takes some of it, in bytes.
const WINDOW: u32 = 65_535;

/// A call whose headers come, and nothing else. Ends with the answer.
async fn begun(channel: Channel) -> Status {
    let nothing = StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, Status>>());
    let answer = channel.oneshot(post("Decide", Body::new(nothing))).await.unwrap();
    Status::from_header_map(answer.headers()).unwrap()
}

fn post(method: &str, body: Body) -> http::Request<Body> {
    let request = http::Request::post(format!("https://localhost/{SERVICE}/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    request.body(body).unwrap()
}

/// Far more of them than are worked on: those that hold places, and so many at least that were shed. Then another one's
/// call.
async fn beside_many(running: &Running, (holder, other): (Channel, Channel), shed: u64) {
    let _begun: JoinSet<Status> = (0..MANY).map(|_| begun(holder.clone())).collect();
    let started = Instant::now();
    while sum_of(running, "countersign_decider_calls_shed_total{").await < shed {
        assert!(started.elapsed() < DEADLINE, "too few are shed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    DecisionServiceClient::new(other).decide(call(transfer("beside", "0.001"))).await.unwrap();
}

async fn sum_of(running: &Running, name: &str) -> u64 {
    let text = get(running.admin, "/metrics").await;
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_caller_leaves_room_for_the_others() {
    let files = Files::new();
    files.write("decider.yaml", &format!("{CONFIG}{SERVICE_TOO}"));
    let running = files.start().await;
    let service = connect(running.grpc.port(), files.tls_of("service")).await.unwrap();
    beside_many(&running, (files.channel(running.grpc.port()).await, service), 600).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_granted_nothing_takes_next_to_no_room() {
    let files = Files::new();
    let running = files.start().await;
    let service = connect(running.grpc.port(), files.tls_of("service")).await.unwrap();
    beside_many(&running, (service, files.channel(running.grpc.port()).await), 1600).await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_does_not_come_gives_its_place_back() {
    let files = Files::new();
    let running = files.start().await;
    let asked = Instant::now();
    let status = begun(files.channel(running.grpc.port()).await).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_EXCEEDED");
    assert_eq!(told(running.admin, "countersign_decider_calls_shed_total{reason=\"body\"}").await, 1);
    running.stop().await.unwrap();
}

/// Of the answers that are on their way nobody takes more than a window. They are kept, and so no more are made.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_keep_lookups_waiting_and_decisions_not() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let large = wire::DecideRequest {
        extra_parameters_json: Some("x".repeat(1 << 20)),
        ..transfer("large", "0.001")
    };
    client.decide(call(large)).await.unwrap();
    let lookup = wire::GetDecisionRequest {
        tenant: "default".into(),
        callback_request_id: "large".into(),
        ..Default::default()
    };
    let endpoint = files.endpoint(running.grpc.port()).initial_stream_window_size(WINDOW);
    let narrow = endpoint.connect().await.unwrap();
    let mut left = Vec::new();
    for _ in 0..MAX_READS_OF_ONE {
        let message = Full::new(framed(&lookup)).map_err(|never| match never {});
        left.push(narrow.clone().oneshot(post("GetDecision", Body::new(message))).await.unwrap());
    }
    let mut hasty = Request::new(lookup.clone());
    hasty.set_timeout(Duration::from_secs(3));
    let waited = client.get_decision(hasty).await.map(drop).unwrap_err();
    assert!(matches!(waited.code(), Code::DeadlineExceeded | Code::Cancelled), "{waited:?}");
    client.decide(call(transfer("beside", "0.001"))).await.unwrap();

    drop((left, narrow));
    client.get_decision(call(lookup)).await.unwrap();
    running.stop().await.unwrap();
}

/// As gRPC has it on the wire: not compressed, its length, itself.
fn framed(message: &impl prost::Message) -> Bytes {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &message].concat().into()
}
