//! Whether what came is what must come.

use system_tests::cosigner::jws::Verifier;
use system_tests::cosigner::{Action, Reply};

use super::{
    came::Came,
    case::{Case, Expected, Mode},
};

/// What came of one case: over the wire, and at the decider.
pub struct Outcome {
    pub came: Came,
    /// Questions that reached the decider.
    pub asked: u64,
}

/// Judges an outcome. `id` is that of the request.
pub fn judge(case: &Case, id: &str, outcome: &Outcome, reply_keys: &[Verifier]) -> Result<(), String> {
    let replies = match case.mode {
        Mode::Jwt => replies(&outcome.came.bytes, reply_keys),
        Mode::Json => plain_replies(&outcome.came.bytes),
    };
    if case.expect != Expected::Approved && replies.iter().any(|reply| reply.action == Action::Approve) {
        return Err("APPROVED".to_owned());
    }
    if outcome.asked != u64::from(case.expect.asks()) {
        return Err(format!("the decider was asked {} times", outcome.asked));
    }
    match case.expect.action(&case.to) {
        Some(action) => signed(action, id, &outcome.came, &replies),
        None if !replies.is_empty() => Err(format!("signed for somebody who is not proven: {replies:?}")),
        None => unsigned(case.expect, &outcome.came),
    }
}

fn signed(action: Action, id: &str, came: &Came, replies: &[Reply]) -> Result<(), String> {
    match replies {
        [reply] if reply.action == action && reply.request_id == id && came.statuses == [200] => Ok(()),
        other => Err(format!("expected one {action} for {id:?}, got {other:?}")),
    }
}

fn unsigned(expected: Expected, came: &Came) -> Result<(), String> {
    let all =
        |fits: fn(u16) -> bool| !came.statuses.is_empty() && came.statuses.iter().all(|status| fits(*status));
    let refused = |status: u16| (400..500).contains(&status) && status != 401;
    let as_expected = match expected {
        Expected::Unauthenticated => all(|status| status == 401),
        Expected::Refused => all(refused),
        Expected::Closed => came.ended && came.statuses.is_empty(),
        Expected::Left => came.ended && all(|status| status == 401),
        Expected::NoHandshake => came.ended && !came.has_shaken_hands(),
        Expected::Stopped => came.resets > 0 || came.ended || all(refused),
        Expected::Survives => came.statuses.iter().all(|status| *status != 200),
        _ => false,
    };
    if as_expected { Ok(()) } else { Err("something else came".to_owned()) }
}

/// What JSON mode replies: an object behind the head of the answer.
fn plain_replies(bytes: &[u8]) -> Vec<Reply> {
    let text = String::from_utf8_lossy(bytes);
    let bodies = text.split("\r\n\r\n").skip(1).filter(|body| body.contains("action"));
    bodies.map(|body| Reply::read(body.as_bytes()).expect("an answer with an action is a reply")).collect()
}

/// Everything among the bytes that one of the edge's keys has signed.
fn replies(bytes: &[u8], reply_keys: &[Verifier]) -> Vec<Reply> {
    let token = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    let tokens = bytes.split(token).filter_map(|text| std::str::from_utf8(text).ok());
    let payloads = tokens.filter_map(|token| reply_keys.iter().find_map(|key| key.verify(token).ok()));
    payloads.map(|payload| Reply::read(&payload).expect("signed, so it must be a reply")).collect()
}
