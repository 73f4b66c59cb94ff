//! True, false, or unknown.

pub type Known = Option<bool>;

pub fn all(parts: impl IntoIterator<Item = Known>) -> Known {
    let parts: Vec<Known> = parts.into_iter().collect();
    if parts.contains(&Some(false)) {
        Some(false)
    } else if parts.contains(&None) {
        None
    } else {
        Some(true)
    }
}

pub fn any(parts: impl IntoIterator<Item = Known>) -> Known {
    all(parts.into_iter().map(not)).map(|none| !none)
}

pub fn not(known: Known) -> Known {
    known.map(|holds| !holds)
}
