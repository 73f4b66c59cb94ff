//! Bounds on what a caller may take: for each the most that is taken, and the least that is not.

mod connections;
mod http1;
mod http2;
mod payload;
mod requests;
mod sizes;
mod times;
