//! What must hold for any bytes that get in. Each module is one way in, with one function: it panics where something does
//! not hold. An engine looks for bytes that make it panic, hang or grow; what it has tried with profit is kept in `corpus/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a target says that something does not hold"
)]

pub mod whole_edge;
pub mod token;
pub mod header;
pub mod callback_json;
pub mod config_file;
pub mod policy_file;
pub mod csv_list;
pub mod proto_decode;

use std::path::{Path, PathBuf};

mod keys;

/// What holds for any bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its module, its program and its corpus.
pub const TARGETS: [(&str, Target); 8] = [
    ("whole_edge", whole_edge::holds_for),
    ("token", token::holds_for),
    ("header", header::holds_for),
    ("callback_json", callback_json::holds_for),
    ("config_file", config_file::holds_for),
    ("policy_file", policy_file::holds_for),
    ("csv_list", csv_list::holds_for),
    ("proto_decode", proto_decode::holds_for),
];

/// What is kept of a target: file names and bytes.
pub fn corpus(target: &str) -> impl Iterator<Item = (PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries =
        std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        (path, bytes)
    })
}
