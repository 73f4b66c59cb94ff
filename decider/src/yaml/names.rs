//! Names in mistakes: as they were written, and what was probably meant.

/// The least likeness, from 0 to 1, at which a name is offered instead.
const LIKE_ENOUGH: f64 = 0.6;

/// From here on a name is a slip of the pen.
const VERY_LIKE: f64 = 0.8;

/// "unknown {what} {name}", with what was probably meant.
pub fn unknown<'k>(what: &str, name: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    unknown_or(what, name, nearest(name, known.clone()), known)
}

/// The same, where it was found out already what was probably meant.
pub fn unknown_or<'k>(
    what: &str,
    name: &str,
    near: Option<&str>,
    known: impl IntoIterator<Item = &'k str>,
) -> String {
    let shown = shown(name);
    if let Some(near) = near {
        return format!("unknown {what} {shown}: did you mean {near}?");
    }
    let known: Vec<&str> = known.into_iter().collect();
    match known.len() {
        0 => format!("unknown {what} {shown}: there are none"),
        1..=MAX_OFFERED => format!("unknown {what} {shown}: expected {}", one_of(&known)),
        _ => format!("unknown {what} {shown}"),
    }
}

/// How many known names are listed where none is like what was written.
const MAX_OFFERED: usize = 32;
/// How many characters of a name are repeated.
const MAX_SHOWN_CHARS: usize = 64;
/// The longest name, in bytes, and the most known names among which a near one is looked for: likeness takes time
/// in the product of the lengths.
const MAX_COMPARED_BYTES: usize = 256;
const MAX_COMPARED_NAMES: usize = 256;

/// A name as messages repeat it.
pub fn shown(name: &str) -> String {
    name.chars().take(MAX_SHOWN_CHARS).flat_map(char::escape_debug).collect()
}

fn one_of(known: &[&str]) -> String {
    match known {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// The known name that is most like it, if one is like it at all; before one that is only somewhat like it, the one that it
/// goes on from: who writes `VAULT_ACCOUNT` means `VAULT`, not `FIAT_ACCOUNT`.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let names: Vec<&str> = known.into_iter().take(MAX_COMPARED_NAMES.saturating_add(1)).collect();
    if name.len() > MAX_COMPARED_BYTES || names.len() > MAX_COMPARED_NAMES {
        return None;
    }
    let lower = name.to_lowercase();
    let likeness = names
        .iter()
        .copied()
        .filter(|known| known.len() <= MAX_COMPARED_BYTES)
        .map(|known| (likeness(name, known), known));
    let begins =
        |known: &&str| lower.strip_prefix(&known.to_lowercase()).is_some_and(|rest| rest.starts_with('_'));
    let begun = names.iter().copied().filter(begins).max_by_key(|known| known.len());
    let (best, near) = likeness.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    match begun {
        Some(begun) if best < VERY_LIKE => Some(begun),
        _ => (best >= LIKE_ENOUGH).then_some(near),
    }
}

/// The known name of which this one is but a slip of the pen.
pub fn slip<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    nearest(name, known).filter(|near| likeness(name, near) >= VERY_LIKE)
}

fn likeness(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(&one.to_lowercase(), &other.to_lowercase())
}
