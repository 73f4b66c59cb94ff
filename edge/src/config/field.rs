//! A field that is there, or is not, or cannot be used.

/// A field that may be left out.
pub(super) enum Field<T> {
    Absent,
    /// It is there and cannot be used; what is wrong is noted.
    Invalid,
    Is(T),
}

impl<T> Field<T> {
    /// The value, if there is a usable one.
    pub(super) const fn value(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Invalid => None,
        }
    }

    /// The value, if the field is there.
    ///
    /// # Errors
    /// It is invalid.
    pub(super) fn into_result(self) -> Result<Option<T>, Invalid> {
        match self {
            Self::Absent => Ok(None),
            Self::Invalid => Err(Invalid),
            Self::Is(value) => Ok(Some(value)),
        }
    }
}

/// A field that is there and cannot be used; what is wrong is noted.
pub(super) struct Invalid;
