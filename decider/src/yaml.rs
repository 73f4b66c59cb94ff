//! Files that people write, in YAML: read whole, so that every mistake in one is reported at once, with its
//! place.
//!
//! The parser turns text into [`Node`]s that know where they stand. What they must be is asked through
//! [`Reader`], which collects mistakes instead of stopping at the first.

pub mod fields;
pub mod reader;
pub mod unseen;
mod several;
pub mod names;
pub mod mistakes;
pub mod warning;
pub mod node;
pub mod place;
mod written;
pub mod duration;

pub use fields::Fields;
pub use mistakes::{Mistake, Mistakes};
pub use node::{Node, Value};
pub use place::Place;
pub use reader::{Reader, Source};
pub use warning::Warning;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Options};

/// The longest file that is read, in bytes: room for lists of some ten thousand addresses.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// The deepest nesting: the formats need seven.
const MAX_DEPTH: usize = 32;
/// The most values in a file.
const MAX_NODES: usize = 500_000;

/// The text of a file, read no further than it may be long.
///
/// # Errors
/// It cannot be read, or is not text.
pub fn text_of(path: &Path) -> Result<String, Mistakes> {
    let shown = path.display().to_string();
    let bytes = bytes_of(path, MAX_FILE_BYTES).map_err(|error| Mistake::of_file(&shown, error))?;
    String::from_utf8(bytes).map_err(|_| Mistake::of_file(&shown, NOT_TEXT).into())
}

/// What a file is told that is not text.
pub const NOT_TEXT: &str = "the file is not UTF-8 text";

/// The bytes of a file, at most one more than it may have.
///
/// # Errors
/// It cannot be read: why, in words.
pub fn bytes_of(path: &Path, max_bytes: usize) -> Result<Vec<u8>, String> {
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| format!("the file cannot be read: {error}"))
}

/// Reads a document.
///
/// # Errors
/// It is too long, has characters that do not show, or is not YAML: then one mistake, because nothing after it can be
/// made sense of.
pub fn parse(file: &str, text: &str) -> Result<Node, Mistakes> {
    parse_as(0, file, text)
}

/// Reads a document as a reader's file of that number.
///
/// # Errors
/// As [`parse`].
pub fn parse_as(number: usize, file: &str, text: &str) -> Result<Node, Mistakes> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file has {} bytes: at most {MAX_FILE_BYTES} are read", text.len());
        return Err(Mistake::of_file(file, message).into());
    }
    unseen::check(file, text)?;
    let mut node: Node = serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| Mistake::of_parser(file, text, &error))?;
    node.settle(number, text);
    Ok(node)
}

/// Anchors, aliases and merge keys are refused: they let a small file stand for a huge one, and a reviewer
/// would have to expand them to see what a policy says. Duplicate keys pass the parser, because it would stop
/// at the first: the reader reports them all.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(MAX_FILE_BYTES),
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_anchors: 0,
            max_aliases: 0,
        },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        // Text is what stands there.
        ignore_binary_tag_for_string: true,
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests;
