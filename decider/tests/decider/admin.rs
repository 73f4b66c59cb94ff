use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Files, call, transfer};

/// More than any connection to the port is left open.
const LONG: Duration = Duration::from_secs(90);

pub async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// A series that first appears as 1 shows no increase: an alert would miss the first event.
#[tokio::test]
async fn what_can_be_counted_is_there_before_it_happens() {
    let files = Files::new();
    let running = files.start().await;
    let metrics = get(running.admin, "/metrics").await;
    for line in [
        r#"decisions_total{verdict="ALLOW",action="APPROVE",reason="ALLOWED",recorded_earlier="false"} 0"#,
        r#"decisions_total{verdict="DENY",action="REJECT",reason="CONTENT_CHANGED",recorded_earlier="true"} 0"#,
        r#"decisions_total{verdict="HOLD",action="IGNORE",reason="LIMIT_EXCEEDED",recorded_earlier="false"} 0"#,
        r#"decisions_total{verdict="HOLD",action="IGNORE",reason="CONFIG_CHANGE_NO_RULE",recorded_earlier="false"} 0"#,
        r#"calls_denied_total{verb="decide"} 0"#,
        r#"calls_shed_total{reason="deadline"} 0"#,
        r#"calls_shed_total{reason="body"} 0"#,
        r#"calls_failed_total{method="Decide",reason="STORE_FAILED"} 0"#,
        r#"calls_failed_total{method="DecideConfigChange",reason="CANCELLED"} 0"#,
        r#"calls_failed_total{method="GetDecision",reason="DECISION_NOT_FOUND"} 0"#,
        "store_failures_total 0",
        "undecided_total 0",
    ] {
        assert!(metrics.contains(&format!("countersign_decider_{line}")), "{line} is not in\n{metrics}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn probes_and_metrics_are_served() {
    let files = Files::new();
    let running = files.start().await;
    let mut client = files.client(&running).await;
    let allowed = client.decide(call(transfer("r-1", "0.4"))).await.unwrap().into_inner();
    client.decide(call(transfer("r-2", "0.7"))).await.unwrap();
    client.decide(call(transfer("r-1", "0.4"))).await.unwrap();
    for path in ["/livez", "/readyz"] {
        assert!(get(running.admin, path).await.starts_with("HTTP/1.1 200"), "{path}");
    }
    assert!(get(running.admin, "/other").await.starts_with("HTTP/1.1 404"));
    let metrics = get(running.admin, "/metrics").await;
    let wanted = [
        format!("countersign_decider_policy_info{{hash=\"{}\"}} 1", allowed.policy_hash),
        "verdict=\"ALLOW\",action=\"APPROVE\",reason=\"ALLOWED\",recorded_earlier=\"false\"} 1".to_owned(),
        "verdict=\"DENY\",action=\"REJECT\",reason=\"LIMIT_EXCEEDED\",recorded_earlier=\"false\"} 1"
            .to_owned(),
        "verdict=\"ALLOW\",action=\"APPROVE\",reason=\"ALLOWED\",recorded_earlier=\"true\"} 1".to_owned(),
        "countersign_decider_reserve_seconds_count 3".to_owned(),
        "countersign_decider_store_batch_size_count 3".to_owned(),
        "countersign_decider_limit_used_percent_count{limit=\"eth-per-hour\"} 2".to_owned(),
        "countersign_decider_limit_used_percent_bucket{le=\"50.0\",limit=\"eth-per-hour\"} 2".to_owned(),
        "countersign_decider_undecided_total 0".to_owned(),
        "countersign_decider_prices_oldest_timestamp_seconds 0".to_owned(),
    ];
    for line in wanted {
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
    let since = metrics
        .lines()
        .find_map(|line| line.strip_prefix("countersign_decider_policy_adopted_timestamp_seconds "));
    let age = Timestamp::now().as_second() - since.unwrap().parse::<i64>().unwrap();
    assert!((0..600).contains(&age), "{age} s");
    running.stop().await.unwrap();
}

/// Whoever reaches the port may connect and say nothing: neither probes nor calls go without because of it.
#[tokio::test]
async fn silent_connections_are_few_and_short() {
    let files = Files::new();
    let running = files.start().await;
    let connect = async || TcpStream::connect(running.admin).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(connect().await);
    }
    assert!(get(running.admin, "/livez").await.starts_with("HTTP/1.1 200"));
    let mut nothing = Vec::new();
    for mut each in silent {
        let closed = tokio::time::timeout(LONG, each.read_to_end(&mut nothing)).await;
        assert!(closed.is_ok(), "a silent connection is still open");
    }
    running.stop().await.unwrap();
}
