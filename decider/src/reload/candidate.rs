//! What is on disk where it is not what is in force, from look to look.

use super::Prompt;

/// Something that may come into force, told by what distinguishes it.
#[derive(Debug)]
pub struct Candidate<T>(Option<Seen<T>>);

#[derive(Debug, PartialEq, Eq)]
enum Seen<T> {
    /// Usable, not yet known to stand still.
    Usable(T),
    /// With mistakes, as they were told.
    Refused(String),
}

impl<T: PartialEq> Candidate<T> {
    /// None: what is in force was the last that was seen.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Whether it may be adopted: somebody says that it is complete, or it was the same at the last look.
    pub fn is_still(&mut self, seen: T, prompt: Prompt) -> bool {
        let seen = Some(Seen::Usable(seen));
        let still = prompt == Prompt::Signal || self.0 == seen;
        self.0 = seen;
        still
    }

    /// Whether these mistakes are to be told: once, however often they are seen.
    pub fn is_news(&mut self, mistakes: String) -> bool {
        let refused = Some(Seen::Refused(mistakes));
        let news = self.0 != refused;
        self.0 = refused;
        news
    }

    /// What is on disk is what is in force. Whether it was not before.
    pub fn settle(&mut self) -> bool {
        self.0.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_or_is_said_to_be_complete_may_be_adopted() {
        let mut candidate = Candidate::none();
        assert!(!candidate.is_still("half", Prompt::Poll));
        assert!(!candidate.is_still("whole", Prompt::Poll));
        assert!(candidate.is_still("whole", Prompt::Poll));
        assert!(candidate.is_still("other", Prompt::Signal));
        assert!(candidate.settle() && !candidate.settle());
        assert!(!candidate.is_still("whole", Prompt::Poll));
    }

    #[test]
    fn mistakes_are_told_once_and_interrupt_what_stood_still() {
        let mut candidate = Candidate::none();
        assert!(!candidate.is_still("whole", Prompt::Poll));
        assert!(candidate.is_news("line 1".into()) && !candidate.is_news("line 1".into()));
        assert!(candidate.is_news("line 2".into()));
        assert!(!candidate.is_still("whole", Prompt::Poll));
    }
}
