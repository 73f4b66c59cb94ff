//! Patterns over texts, and how many of them there is room for.

use policy::pattern::{MAX_COMPILED_BYTES, Pattern, PatternError};

use super::room::Room;
use crate::yaml::{Node, Reader, unseen};

/// The most that all patterns of a policy may take, in bytes: room for some ten thousand short ones, and for hundreds with
/// `\w` in them. While a policy is replaced there are those of both.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// A pattern, if there is room for it.
pub fn read_pattern(reader: &mut Reader<'_>, node: &Node, room: &Room) -> Option<Pattern> {
    let text = reader.text(node, "a pattern")?;
    reader.check(node.at, unseen::check_pattern(text))?;
    if room.is_full() {
        return None;
    }
    let pattern = Pattern::parse(text);
    // One that is too large has taken its time.
    if pattern == Err(PatternError::TooLarge) {
        room.take(reader, node.at, MAX_COMPILED_BYTES, no_room)?;
    }
    let pattern = reader.check(node.at, pattern)?;
    room.take(reader, node.at, pattern.bytes(), no_room).map(|()| pattern)
}

fn no_room() -> String {
    let mebibytes = MAX_BYTES.div_euclid(1024 * 1024);
    format!(
        "the patterns take more than {mebibytes} MiB together: use fewer, smaller numbers in {{}}, and [0-9] for \\d"
    )
}
