//! Patterns over texts, and how many of them there is room for.

use std::cell::Cell;

use policy::pattern::{MAX_COMPILED_BYTES, Pattern, PatternError};

use crate::yaml::{Node, Reader, unseen};

/// The most that all patterns of a policy may take, in bytes: room for some ten thousand short ones, and for hundreds with
/// `\w` in them. While a policy is replaced there are those of both.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// What the patterns that were read take together.
#[derive(Debug, Default)]
pub struct PatternBudget {
    taken: Cell<usize>,
}

impl PatternBudget {
    /// Takes it. The first that there is no room for is a mistake; those after it are not looked at.
    fn take(&self, reader: &mut Reader<'_>, node: &Node, bytes: usize) -> Option<()> {
        self.taken.set(self.taken.get().saturating_add(bytes));
        if self.is_full() {
            let mebibytes = MAX_BYTES.div_euclid(1024 * 1024);
            let message = format!(
                "the patterns take more than {mebibytes} MiB together: use fewer, smaller numbers in {{}}, and [0-9] for \\d"
            );
            reader.mistake(node.at, message);
        }
        (!self.is_full()).then_some(())
    }

    fn is_full(&self) -> bool {
        self.taken.get() > MAX_BYTES
    }
}

/// A pattern, if there is room for it.
pub fn read_pattern(reader: &mut Reader<'_>, node: &Node, room: &PatternBudget) -> Option<Pattern> {
    let text = reader.text(node, "a pattern")?;
    reader.check(node.at, unseen::check_pattern(text))?;
    if room.is_full() {
        return None;
    }
    let pattern = Pattern::parse(text);
    // One that is too large has taken its time.
    if pattern == Err(PatternError::TooLarge) {
        room.take(reader, node, MAX_COMPILED_BYTES)?;
    }
    let pattern = reader.check(node.at, pattern)?;
    room.take(reader, node, pattern.bytes()).map(|()| pattern)
}
