use std::time::Duration;

use proptest::prelude::*;
use tokio::io::AsyncWriteExt as _;

use super::{ProxyHeaderError::*, *};

/// A header of version 2: command, family with protocol, and what follows the length.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
    [&V2_START, &[command, family][..], &length, rest].concat()
}

/// 10.1.2.3:4000 to 10.9.9.9:8444.
const IPV4: [u8; 12] = [10, 1, 2, 3, 10, 9, 9, 9, 0x0f, 0xa0, 0x20, 0xfc];

fn ipv6() -> Vec<u8> {
    let mut rest = vec![0; 36];
    rest[0] = 0xfd;
    rest[15] = 7;
    rest[32..34].copy_from_slice(&[0x0f, 0xa0]);
    rest
}

/// What is read, and what is left to be read after it.
async fn told(sent: &[u8]) -> (Result<Option<SocketAddr>, ProxyHeaderError>, Vec<u8>) {
    let mut stream = sent;
    let told = behind(&mut stream).await;
    (told, stream.to_vec())
}

#[tokio::test]
async fn a_header_says_who_is_behind_and_what_follows_is_left() {
    let address = |text: &str| Some(text.parse().expect("an address"));
    let with_tlv = [&IPV4[..], &[4, 0, 3, 0, 0, 0]].concat();
    let longest = [&IPV4[..], &[0; MAX_V2_BYTES - 16 - 12]].concat();
    let cases = [
        (b"PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444\r\n".to_vec(), address("10.1.2.3:4000")),
        (b"PROXY TCP6 fd00::7 fd00::1 4000 8444\r\n".to_vec(), address("[fd00::7]:4000")),
        (b"PROXY TCP6 ::ffff:10.1.2.3 ::1 4000 8444\r\n".to_vec(), address("[::ffff:10.1.2.3]:4000")),
        (v2(0x21, 0x11, &IPV4), address("10.1.2.3:4000")),
        (v2(0x21, 0x11, &with_tlv), address("10.1.2.3:4000")),
        (v2(0x21, 0x11, &longest), address("10.1.2.3:4000")),
        (v2(0x21, 0x21, &ipv6()), address("[fd00::7]:4000")),
        (v2(0x20, 0x00, &[]), None),
        (v2(0x20, 0x11, &IPV4), None),
    ];
    for (header, expected) in cases {
        let sent = [&header[..], b"\x16\x03\x01 the handshake"].concat();
        let shown = String::from_utf8_lossy(&header).into_owned();
        assert_eq!(told(&sent).await, (Ok(expected), b"\x16\x03\x01 the handshake".to_vec()), "{shown:?}");
    }
}

#[tokio::test]
async fn anything_else_is_refused() {
    let v1 = |line: &str| format!("{line}\r\n").into_bytes();
    let cases = [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00".to_vec(), Missing),
        (b"GET / HTTP/1.1\r\n".to_vec(), Missing),
        (b"proxy TCP4 10.1.2.3 10.9.9.9 4000 8444\r\n".to_vec(), Missing),
        (v1("PROXYxTCP4 10.1.2.3 10.9.9.9 4000 8444"), Missing),
        (v1("PROXY UNKNOWN"), Nobody),
        (v1("PROXY UNKNOWN 10.1.2.3 10.9.9.9 4000 8444"), Nobody),
        (v1("PROXY TCP5 10.1.2.3 10.9.9.9 4000 8444"), Malformed),
        (v1("PROXY TCP4 fd00::7 fd00::1 4000 8444"), Malformed),
        (v1("PROXY TCP4 10.1.2.3 10.9.9.9 4000"), Malformed),
        (v1("PROXY TCP4 10.1.2.3 10.9.9.9 4000 65536"), Malformed),
        (v1("PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444 "), Malformed),
        (v1("PROXY TCP4  10.1.2.3 10.9.9.9 4000 8444"), Malformed),
        (b"PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444\n".to_vec(), Malformed),
        (b"PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444\rX\n".to_vec(), Malformed),
        (v1(&format!("PROXY TCP6 {}", "f".repeat(MAX_V1_BYTES))), TooLong),
        (v2(0x21, 0x00, &[]), Nobody),
        (v2(0x21, 0x12, &IPV4), Nobody),
        (v2(0x21, 0x31, &[0; 216]), Nobody),
        (v2(0x11, 0x11, &IPV4), Malformed),
        (v2(0x22, 0x11, &IPV4), Malformed),
        (v2(0x21, 0x41, &IPV4), Malformed),
        (v2(0x21, 0x11, &IPV4[..11]), Malformed),
        (v2(0x21, 0x21, &IPV4), Malformed),
        (v2(0x21, 0x11, &[0; MAX_V2_BYTES - 16 + 1]), TooLong),
        (v2(0x21, 0x11, &IPV4)[..27].to_vec(), Broken),
        (b"PROXY TCP4 10.1.2.3".to_vec(), Broken),
        (b"PROXY".to_vec(), Broken),
        (Vec::new(), Broken),
    ];
    for (sent, error) in cases {
        assert_eq!(told(&sent).await.0, Err(error), "{:?}", String::from_utf8_lossy(&sent));
    }
}

#[tokio::test]
async fn a_header_may_come_in_single_bytes() {
    for header in [b"PROXY TCP4 10.1.2.3 10.9.9.9 4000 8444\r\n".to_vec(), v2(0x21, 0x11, &IPV4)] {
        let (mut proxy, mut edge) = tokio::io::duplex(1);
        let sending = tokio::spawn(async move {
            for byte in header {
                proxy.write_all(&[byte]).await.expect("sent");
                tokio::time::sleep(Duration::from_micros(10)).await;
            }
        });
        assert_eq!(behind(&mut edge).await, Ok(Some("10.1.2.3:4000".parse().expect("an address"))));
        sending.await.expect("sent");
    }
}

proptest! {
    #[test]
    fn no_bytes_do_harm(
        start in prop_oneof![Just(V2_START.to_vec()), Just(b"PROXY TCP4 ".to_vec()), Just(b"PROXY ".to_vec()), Just(Vec::new())],
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let sent = [start, rest].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (_, left) = runtime.block_on(told(&sent));
        prop_assert!(sent.len() - left.len() <= MAX_V2_BYTES);
    }
}
