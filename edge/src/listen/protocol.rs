//! HTTP/1.1 and HTTP/2 with their bounds.

use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::config::Limits;

/// Smallest that `max_header_bytes` may be: the library's buffer is no smaller.
pub const MIN_HEADER_BYTES: usize = 8 << 10;
/// Largest that it may be.
pub const MAX_HEADER_BYTES: usize = 64 << 10;
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);
/// What a caller may send of one body, and of all on a connection, before we have taken any of it.
const HTTP2_STREAM_WINDOW_BYTES: u32 = 64 << 10;
const HTTP2_CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
const HTTP2_FRAME_BYTES: u32 = 16 << 10;
/// What is kept of replies that a caller does not take. A reply has less than one kilobyte.
const HTTP2_SEND_BUFFER_BYTES: usize = 16 << 10;

/// Timeouts of a connection are kept by `ConnectionState`: the library's own would count idle time as time of headers.
pub(super) fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(limits.max_headers)
        .max_header_size(limits.max_header_bytes)
        .max_buf_size(limits.max_header_bytes);
    builder
}

/// Beside these, the library bounds CONTINUATION frames by the size of the headers, and small DATA frames by the
/// window.
pub(super) fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(number(limits.max_streams))
        // The library accepts only what is smaller than this.
        .max_header_list_size(number(limits.max_header_bytes.saturating_add(1)))
        .initial_stream_window_size(HTTP2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW_BYTES)
        .max_frame_size(HTTP2_FRAME_BYTES)
        .max_send_buf_size(HTTP2_SEND_BUFFER_BYTES)
        .max_pending_accept_reset_streams(limits.max_reset_streams)
        .max_local_error_reset_streams(limits.max_refused_streams)
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT);
    builder
}

/// The configuration keeps all of them far below.
fn number(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
