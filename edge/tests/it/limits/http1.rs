//! What two readers could read in two ways is refused, and nothing after it on the connection is read.

use crate::support::{Bench, Manner, Raw, TX};

#[tokio::test]
async fn a_request_that_could_hide_another_is_refused() {
    let bench = Bench::new(Manner::Allowing).await;
    let hidden = "GET /hidden HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for headers in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
        "content-length: +5\r\n",
        "content-length: -1\r\n",
        "content-length: 0x5\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding : chunked\r\n",
        " transfer-encoding: chunked\r\n",
    ] {
        let mut stream = Raw::connect(&bench).await;
        let request = format!("POST {TX} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\nabcde{hidden}");
        assert_eq!(stream.ask(request).await, Some(400), "{headers:?}");
        assert_eq!(stream.answer().await, None, "{headers:?}");
    }
}

#[tokio::test]
async fn bad_framing_of_a_body_ends_the_connection() {
    let bench = Bench::new(Manner::Allowing).await;
    for chunks in ["x\r\nabc\r\n", "-1\r\n", "3\r\nabcd\r\n", "ffffffffffffffffff\r\n", "3;\nabc\r\n"] {
        let mut stream = Raw::connect(&bench).await;
        let head = format!("POST {TX} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
        assert_eq!(stream.ask(head + chunks).await, Some(400), "{chunks:?}");
        assert_eq!(stream.answer().await, None, "{chunks:?}");
    }
}

/// The length is ignored beside chunks, so what follows may be what somebody else takes for the body's end.
#[tokio::test]
async fn after_a_request_with_both_framings_nothing_is_read() {
    let bench = Bench::new(Manner::Allowing).await;
    let mut stream = Raw::connect(&bench).await;
    let request = format!(
        "POST {TX} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
    );
    let status = stream.ask(request).await;
    assert!(matches!(status, Some(400 | 401)), "{status:?}");
    assert_eq!(stream.answer().await, None);
}
