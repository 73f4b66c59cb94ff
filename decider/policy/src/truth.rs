//! Three-valued truth: a condition over something missing is neither true nor false.

use std::ops::ControlFlow;

/// The result of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold, or does not apply.
    False,
    /// It applies, but what it needs is missing or unusable: a phrase for each.
    Indeterminate(Vec<String>),
}

impl Truth {
    /// Indeterminate for one reason.
    pub fn unknown(phrase: impl Into<String>) -> Self {
        Self::Indeterminate(vec![phrase.into()])
    }

    /// True only where all are; one that is false settles it, whatever is unknown about the others.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        fold(parts, Self::True, Self::False)
    }

    /// True where one is, whatever is unknown about the others.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        fold(parts, Self::False, Self::True)
    }
}

/// The opposite of what is known; what is unknown stays unknown.
impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            unknown @ Self::Indeterminate(_) => unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// Kleene's logic: `settles` ends it, the unknown outweighs `neutral`.
fn fold(parts: impl IntoIterator<Item = Truth>, neutral: Truth, settles: Truth) -> Truth {
    let mut unknown = Vec::new();
    let settled = parts.into_iter().try_for_each(|part| {
        if part == settles {
            return ControlFlow::Break(());
        }
        if let Truth::Indeterminate(phrases) = part {
            // A phrase for each condition, not for each of a thousand destinations.
            for phrase in phrases {
                if !unknown.contains(&phrase) {
                    unknown.push(phrase);
                }
            }
        }
        ControlFlow::Continue(())
    });
    match settled {
        ControlFlow::Break(()) => settles,
        ControlFlow::Continue(()) if unknown.is_empty() => neutral,
        ControlFlow::Continue(()) => Truth::Indeterminate(unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> Truth {
        Truth::unknown("x is missing")
    }

    #[test]
    fn kleene_tables() {
        use Truth::{False, True};
        assert_eq!(Truth::all([]), True);
        assert_eq!(Truth::all([True, True]), True);
        assert_eq!(Truth::all([True, unknown()]), unknown());
        assert_eq!(Truth::all([unknown(), False]), False);
        assert_eq!(Truth::any([]), False);
        assert_eq!(Truth::any([False, unknown()]), unknown());
        assert_eq!(Truth::any([unknown(), True]), True);
        assert_eq!(Truth::any([False, False]), False);
        assert_eq!((!True, !False, !unknown()), (False, True, unknown()));
    }

    #[test]
    fn what_is_missing_is_told_once() {
        let others = || (0..1000).flat_map(|_| [Truth::unknown("a"), Truth::unknown("b")]);
        assert_eq!(Truth::all(others()), Truth::Indeterminate(vec!["a".into(), "b".into()]));
    }
}
