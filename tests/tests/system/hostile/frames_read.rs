//! What an HTTP/2 server has written: which streams it answered and reset, and whether it is leaving.

use super::came::Came;

const HEAD_BYTES: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// Reads all whole frames.
pub fn read(bytes: &[u8], ended: bool) -> Came {
    let mut came = Came { ended, ..Came::default() };
    let mut rest = bytes;
    while let Some((kind, payload, after)) = frame(rest) {
        match kind {
            DATA => came.bytes.extend_from_slice(payload),
            HEADERS => came.statuses.extend(status(payload)),
            RST_STREAM => came.resets += 1,
            // A connection that it leaves with an error has ended, whenever the socket follows.
            GOAWAY if payload.get(4..8).is_some_and(|error| error != [0; 4]) => came.ended = true,
            _ => {}
        }
        rest = after;
    }
    came
}

fn frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let (payload, after) = rest.split_at_checked(length)?;
    Some((head[3], payload, after))
}

/// `:status`, which comes first: by its number in the static table, or a text of digits (RFC 7541, sections 6.1, 6.2).
fn status(block: &[u8]) -> Option<u16> {
    const STATIC: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    const FIRST_STATIC: u8 = 0x88;
    let block = after_size_updates(block);
    let (first, rest) = block.split_first()?;
    match first {
        0x88..=0x8e => STATIC.get(usize::from(first - FIRST_STATIC)).copied(),
        0x48..=0x4e | 0x08..=0x0e => digits(rest),
        _ => None,
    }
}

fn after_size_updates(mut block: &[u8]) -> &[u8] {
    while let [0x20..=0x3f, rest @ ..] = block {
        block = rest;
    }
    block
}

fn digits(text: &[u8]) -> Option<u16> {
    const HUFFMAN: u8 = 0x80;
    let (length, rest) = text.split_first()?;
    let text = rest.get(..usize::from(length & !HUFFMAN))?;
    if length & HUFFMAN == 0 { std::str::from_utf8(text).ok()?.parse().ok() } else { huffman_digits(text) }
}

/// Three digits in Huffman code: 0, 1 and 2 have five bits, 3 to 9 six, from 011001 on (RFC 7541, appendix B).
fn huffman_digits(text: &[u8]) -> Option<u16> {
    let mut bits = text.iter().flat_map(|byte| (0..8).rev().map(move |bit| u16::from(byte >> bit & 1)));
    let mut number = 0;
    for _ in 0..3 {
        let five = (0..5).try_fold(0, |code, _| Some(code * 2 + bits.next()?))?;
        let digit = if five < 3 { five } else { five * 2 + bits.next()? - 0b01_1001 + 3 };
        number = number * 10 + digit;
    }
    Some(number)
}

#[test]
fn statuses_are_read_as_servers_write_them() {
    assert_eq!(status(&[0x88]), Some(200));
    assert_eq!(status(&[0x48, 0x82, 0x68, 0x01]), Some(401));
    assert_eq!(status(&[0x3f, 0x48, 3, b'4', b'1', b'3']), Some(413));
    assert_eq!(huffman_digits(&[0x68, 0x2c, 0xff]), Some(413));
}
