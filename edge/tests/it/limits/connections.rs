//! How many connections there may be, and who has to go.

use tokio::net::TcpStream;

use crate::support::{Bench, Manner, Raw, TX, post, vector};

/// A connection over which an authentic request came.
async fn proven(bench: &Bench, host: u8) -> Raw {
    let mut stream = Raw::connect_from(bench, host).await.expect("TLS");
    assert_eq!(stream.ask(post(TX, &vector("synthetic_request_tx_sign.jwt"))).await, Some(200));
    stream
}

#[tokio::test]
async fn the_oldest_that_has_proven_nothing_makes_room() {
    let bench = Bench::limited(Manner::Allowing, "max_connections: 3").await;
    let mut known = proven(&bench, 1).await;
    let mut older = Raw::connect_from(&bench, 2).await.expect("TLS");
    assert_eq!(older.ask(post(TX, b"not a token")).await, Some(401));
    let mut newer = Raw::connect_from(&bench, 3).await.expect("TLS");
    assert!(older.is_open().await, "the most that may be open");
    let mut newest = proven(&bench, 4).await;
    // One more.
    older.ended_after().await;
    for stream in [&mut known, &mut newer, &mut newest] {
        assert!(stream.is_open().await);
    }
    bench.until_counted(r#"countersign_edge_shed_total{reason="connections"} 1"#).await;
}

#[tokio::test]
async fn where_all_have_proven_themselves_there_is_no_room() {
    let bench = Bench::limited(Manner::Allowing, "max_connections: 2").await;
    let (mut first, second) = (proven(&bench, 1).await, proven(&bench, 2).await);
    assert!(Raw::connect_from(&bench, 3).await.is_err());
    assert!(first.is_open().await);
    drop(second);
    bench.until_counted("countersign_edge_connections 1").await;
    proven(&bench, 3).await;
}

#[tokio::test]
async fn one_address_has_only_so_many() {
    let bench = Bench::limited(Manner::Allowing, "max_connections_per_address: 2").await;
    let mut elsewhere = Raw::connect_from(&bench, 9).await.expect("TLS");
    let mut first = Raw::connect_from(&bench, 1).await.expect("TLS");
    let mut second = Raw::connect_from(&bench, 1).await.expect("TLS");
    assert!(first.is_open().await, "as many as may be");
    let _third = Raw::connect_from(&bench, 1).await.expect("TLS");
    // One more.
    first.ended_after().await;
    assert!(second.is_open().await && elsewhere.is_open().await);
    bench.until_counted(r#"countersign_edge_shed_total{reason="connections_of_address"} 1"#).await;
}

#[tokio::test]
async fn handshakes_at_a_time_are_bounded() {
    let bench = Bench::limited(Manner::Allowing, "max_handshakes: 2\nhandshake_timeout: 60s").await;
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(bench.edge.address).await.expect("connects"));
    }
    bench.until_counted("countersign_edge_connections 2").await;
    proven(&bench, 1).await;
    let closed = silent.remove(0);
    assert_eq!(closed.peek(&mut [0]).await.ok(), Some(0), "the older one");
    let open = tokio::time::timeout(std::time::Duration::from_millis(200), silent[0].peek(&mut [0])).await;
    assert!(open.is_err(), "the newer one");
    bench.until_counted(r#"countersign_edge_shed_total{reason="handshakes"} 1"#).await;
}

#[tokio::test]
async fn one_address_connects_only_so_often() {
    let bench = Bench::limited(Manner::Allowing, "connection_rate_per_address: 1").await;
    let mut taken = 0;
    while Raw::connect_from(&bench, 1).await.is_ok() {
        taken += 1;
        assert!(taken < 20, "a second passes while each connects");
    }
    assert!(Raw::connect_from(&bench, 2).await.is_ok(), "another address");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert!(Raw::connect_from(&bench, 1).await.is_ok(), "a second later");
}
