//! The limits of a listener. Each has a range, so that none can be switched off, or set so low that nothing works.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use callback::Bounds;

use super::{
    fleets::LongestDeadline,
    section::{Found, Section},
};
use crate::{
    callback_handler::ANSWER_RESERVE,
    listen::{ADDRESS_SHARE, Limits, MAX_HEADER_BYTES, MIN_HEADER_BYTES},
};

/// The Co-signer gives up after 30 s; the reply has to travel as well.
const MAX_REQUEST_TIMEOUT: Duration = Duration::from_secs(28);
/// What a request may take beyond the decider's deadline, where nothing is configured.
const REQUEST_ALLOWANCE: Duration = Duration::from_secs(4);
const MIN_BODY_BYTES: usize = 16 << 10;
/// A decider takes messages of 4 MiB.
const MAX_BODY_BYTES: usize = 4 << 20;
const MAX_BODY_MEMORY: usize = 16 << 30;
/// Real token headers have 36.
const MIN_TOKEN_HEADER_BYTES: usize = 64;
const MAX_TOKEN_HEADER_BYTES: usize = 8 << 10;
/// Sub-paths have up to 200 bytes.
const MIN_URI_BYTES: usize = 256;
const MIN_HEADERS: usize = 16;
const MAX_HEADERS: usize = 256;
const MAX_CONNECTIONS: usize = 100_000;
const MAX_STREAMS: usize = 1000;
const MAX_REQUESTS: usize = 1_000_000;
const MAX_RATE: usize = 1_000_000;

pub(super) fn limits(section: &mut Section<'_>, longest: &LongestDeadline) -> Limits {
    let mut limits = Limits::default();
    times(section, &mut limits);
    limits.request_timeout = request_timeout(section, longest);
    sizes(section, &mut limits);
    payload(section, &mut limits.payload);
    body_memory(section, &mut limits);
    counts(section, &mut limits);
    rates(section, &mut limits);
    limits
}

fn times(section: &mut Section<'_>, limits: &mut Limits) {
    let mut seconds = |name, range: RangeInclusive<u64>, time: &mut Duration| {
        let range = Duration::from_secs(*range.start())..=Duration::from_secs(*range.end());
        *time = section.optional(name).and_then(|found| found.duration(range)).unwrap_or(*time);
    };
    seconds("handshake_timeout", 1..=60, &mut limits.handshake_timeout);
    seconds("header_timeout", 1..=300, &mut limits.header_timeout);
    seconds("idle_timeout", 1..=3600, &mut limits.idle_timeout);
    seconds("body_timeout", 1..=20, &mut limits.body_timeout);
    seconds("write_timeout", 1..=60, &mut limits.write_timeout);
    seconds("max_connection_age", 1..=24 * 3600, &mut limits.max_connection_age);
    seconds("drain_notice", 0..=60, &mut limits.drain_notice);
    seconds("drain_timeout", 0..=300, &mut limits.drain_timeout);
}

fn sizes(section: &mut Section<'_>, limits: &mut Limits) {
    number(section, "max_uri_bytes", MIN_URI_BYTES..=MIN_HEADER_BYTES, &mut limits.max_uri_bytes);
    number(section, "max_header_bytes", MIN_HEADER_BYTES..=MAX_HEADER_BYTES, &mut limits.max_header_bytes);
    number(section, "max_headers", MIN_HEADERS..=MAX_HEADERS, &mut limits.max_headers);
    let header = &mut limits.max_token_header_bytes;
    number(section, "max_token_header_bytes", MIN_TOKEN_HEADER_BYTES..=MAX_TOKEN_HEADER_BYTES, header);
    number(section, "max_body_bytes", MIN_BODY_BYTES..=MAX_BODY_BYTES, &mut limits.max_body_bytes);
}

/// Each bound is named once, so that no field is read into another.
fn payload(section: &mut Section<'_>, bounds: &mut Bounds) {
    let Some(mut section) = section.optional("payload").and_then(Found::section) else { return };
    let (least, most) = (Bounds::SMALLEST, Bounds::LARGEST);
    macro_rules! read {
        ($($bound:ident)*) => {
            $(number(&mut section, stringify!($bound), least.$bound..=most.$bound, &mut bounds.$bound);)*
        };
    }
    read!(max_depth max_id_bytes max_word_bytes max_number_bytes max_address_bytes max_label_bytes);
    read!(max_note_bytes max_destinations max_raw_transactions max_derivation_path_bytes);
    read!(max_raw_transaction_bytes max_raw_payload_bytes max_players max_player_bytes max_extra_bytes);
    read!(max_unread_bytes);
    section.finish();
}

/// A caller that has proven nothing yet must be able to send the largest body. The default has room for any.
fn body_memory(section: &mut Section<'_>, limits: &mut Limits) {
    let least = limits.max_body_bytes.saturating_mul(ADDRESS_SHARE);
    let Some(found) = section.optional("max_body_memory") else { return };
    let place = found.place.clone();
    let memory = &mut limits.max_body_memory;
    *memory = found.number(MIN_BODY_BYTES..=MAX_BODY_MEMORY).unwrap_or(*memory);
    if limits.max_body_memory < least {
        place.wrong(format!("must be at least {least}: {ADDRESS_SHARE} times max_body_bytes"));
    }
}

fn counts(section: &mut Section<'_>, limits: &mut Limits) {
    number(section, "max_connections", 1..=MAX_CONNECTIONS, &mut limits.max_connections);
    let per_address = &mut limits.max_connections_per_address;
    number(section, "max_connections_per_address", 1..=MAX_CONNECTIONS, per_address);
    number(section, "max_handshakes", 1..=MAX_CONNECTIONS, &mut limits.max_handshakes);
    number(section, "max_streams", 1..=MAX_STREAMS, &mut limits.max_streams);
    number(section, "max_reset_streams", 1..=MAX_STREAMS, &mut limits.max_reset_streams);
    number(section, "max_refused_streams", 1..=MAX_STREAMS, &mut limits.max_refused_streams);
    number(section, "max_requests", ADDRESS_SHARE..=MAX_REQUESTS, &mut limits.max_requests);
    number(section, "max_decisions", 1..=MAX_REQUESTS, &mut limits.max_decisions);
}

fn rates(section: &mut Section<'_>, limits: &mut Limits) {
    let mut read = |name, rate: &mut NonZeroU32| {
        let read = section.optional(name).and_then(|found| found.number(1..=MAX_RATE));
        let read = read.and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new);
        *rate = read.unwrap_or(*rate);
    };
    read("connection_rate_per_address", &mut limits.connection_rate_per_address);
    read("request_rate_per_address", &mut limits.request_rate_per_address);
    read("request_rate_per_key", &mut limits.request_rate_per_key);
}

fn number(section: &mut Section<'_>, name: &'static str, range: RangeInclusive<usize>, number: &mut usize) {
    *number = section.optional(name).and_then(|found| found.number(range)).unwrap_or(*number);
}

/// It has to exceed the decider's deadline, and stay below what the Co-signer waits.
fn request_timeout(section: &mut Section<'_>, longest: &LongestDeadline) -> Duration {
    let LongestDeadline { deadline, field } = longest;
    let default = Limits::default().request_timeout.max(*deadline + REQUEST_ALLOWANCE);
    let least = *deadline + ANSWER_RESERVE;
    let Some(found) = section.optional("request_timeout") else { return default };
    let place = found.place.clone();
    let timeout = found.duration(Duration::from_secs(1)..=MAX_REQUEST_TIMEOUT).unwrap_or(default);
    if timeout < least {
        place.wrong(format!(
            "must be at least {least:?}: {field} ({deadline:?}) and {ANSWER_RESERVE:?} to sign and send"
        ));
    }
    timeout
}
