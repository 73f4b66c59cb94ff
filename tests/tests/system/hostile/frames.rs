//! Frames of HTTP/2 as recipes say them, right or wrong (RFC 9113).

use serde::Deserialize;

use super::text::{Words, bytes};

/// What an HTTP/2 connection begins with, and settings that change nothing.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// One frame, or several times the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    /// The stream's number. Without it: that of the group's turn, 1, 3, 5 and so on.
    stream: Option<u32>,
    /// `END_STREAM` 1 (`ACK` of settings and pings), `END_HEADERS` 4, `PADDED` 8, `PRIORITY` 32.
    #[serde(default)]
    flags: u8,
    /// The payload: header fields, text, or hexadecimal.
    headers: Option<Vec<(String, String)>>,
    text: Option<String>,
    hex: Option<String>,
    /// What the frame says of its length, where that is not true.
    length: Option<u32>,
    #[serde(default = "once")]
    times: u32,
    /// A group, in place of a frame: all of them in each turn.
    #[serde(default)]
    group: Vec<Frame>,
}

fn once() -> u32 {
    1
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Data = 0,
    Headers = 1,
    Priority = 2,
    RstStream = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    Goaway = 7,
    WindowUpdate = 8,
    Continuation = 9,
    Unknown = 0xbb,
}

/// All frames as bytes.
pub fn written(frames: &[Frame], words: &Words) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.bytes(1, words)).collect()
}

impl Frame {
    fn bytes(&self, turn: u32, words: &Words) -> Vec<u8> {
        match self.kind {
            Some(kind) => self.frame(kind, turn, words).repeat(self.times as usize),
            None => {
                let turns = (0..self.times).map(|each| turn + 2 * each);
                turns
                    .flat_map(|turn| self.group.iter().flat_map(move |frame| frame.bytes(turn, words)))
                    .collect()
            }
        }
    }

    fn frame(&self, kind: Kind, turn: u32, words: &Words) -> Vec<u8> {
        let payload = self.payload(words);
        let length = self.length.unwrap_or(payload.len() as u32).to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind as u8, self.flags]);
        frame.extend(self.stream.unwrap_or(turn).to_be_bytes());
        frame.extend(payload);
        frame
    }

    fn payload(&self, words: &Words) -> Vec<u8> {
        let fields = self.headers.iter().flatten().flat_map(|(name, value)| field(name, value, words));
        let mut payload: Vec<u8> = bytes(self.hex.as_deref().unwrap_or_default());
        payload.extend(fields);
        payload.extend(words.expand(self.text.as_deref().unwrap_or_default()));
        payload
    }
}

/// A literal field that is not indexed, without Huffman code (RFC 7541, section 6.2.2).
fn field(name: &str, value: &str, words: &Words) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        let text = words.expand(text);
        field.extend(prefixed(text.len()));
        field.extend(text);
    }
    field
}

/// A length with a prefix of seven bits (RFC 7541, section 5.1).
fn prefixed(length: usize) -> Vec<u8> {
    const PREFIX: usize = 127;
    if length < PREFIX {
        return vec![length as u8];
    }
    let (mut out, mut rest) = (vec![PREFIX as u8], length - PREFIX);
    while rest >= 128 {
        out.push((rest % 128 + 128) as u8);
        rest /= 128;
    }
    out.push(rest as u8);
    out
}
