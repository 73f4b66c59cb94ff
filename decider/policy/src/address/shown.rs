//! How text that nobody vouches for is shown in a message.

/// Characters of a text that are shown at its start.
const HEAD: usize = 8;

/// Characters of a text that are shown at its end.
const TAIL: usize = 4;

/// The text, shortened in the middle, with a mark for whatever is not printable ASCII: a message must neither
/// grow with its input nor carry line breaks and direction marks into a log.
pub(super) fn shown(text: &str) -> String {
    let characters =
        text.chars().map(|character| if character.is_ascii_graphic() { character } else { '\u{fffd}' });
    let length = characters.clone().count();
    if length <= HEAD + TAIL {
        return characters.collect();
    }
    let end = characters.clone().skip(length.saturating_sub(TAIL));
    characters.take(HEAD).chain(std::iter::once('…')).chain(end).collect()
}
