//! Bounds on a total.

/// Bounds on a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// At most this.
    pub max: Option<T>,
    /// More than this.
    pub over: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Self { max: None, over: None }
    }
}

impl<T> Range<T> {
    /// Whether it leaves everything open.
    pub fn is_unbounded(&self) -> bool {
        self.max.is_none() && self.over.is_none()
    }

    /// Whether something is inside, where `passes` says whether it is more than a bound.
    pub(super) fn holds(&self, passes: impl Fn(&T) -> bool) -> bool {
        !self.max.as_ref().is_some_and(&passes) && self.over.as_ref().is_none_or(&passes)
    }
}

impl<T: PartialOrd> Range<T> {
    /// Whether a value is inside.
    pub fn contains(&self, value: &T) -> bool {
        self.holds(|bound| value > bound)
    }

    /// Whether whatever is inside this is inside another.
    pub fn is_within(&self, other: &Self) -> bool {
        let at_most = |max: &T| self.max.as_ref().is_some_and(|own| own <= max);
        let over = |least: &T| self.over.as_ref().is_some_and(|own| own >= least);
        other.max.as_ref().is_none_or(at_most) && other.over.as_ref().is_none_or(over)
    }
}
