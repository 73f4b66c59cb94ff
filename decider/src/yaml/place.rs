//! Where something stands in what people wrote.

use std::ops::Range;

use serde::de::Deserialize as _;
use serde::de::value::{Error, MapDeserializer};
use serde_saphyr::Location;

/// A place in one of the files that a reader reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Which of the reader's files, from 0.
    pub file: usize,
    /// Line, from 1; 0: the file as a whole.
    line: u32,
    /// Column in characters, from 1.
    column: u32,
    /// Where the value starts in the text, and how long it is, in bytes; 0 and 0 where that is unknown.
    bytes: (u32, u32),
}

impl Place {
    /// The whole of a file.
    pub const fn whole(file: usize) -> Self {
        Self { file, line: 0, column: 0, bytes: (0, 0) }
    }

    /// A place that the YAML parser found.
    pub fn of(file: usize, at: Location) -> Self {
        let narrow = |number: u64| u32::try_from(number).unwrap_or_default();
        let bytes = at.span().byte_offset().zip(at.span().byte_len()).unwrap_or_default();
        let bytes = (narrow(bytes.0), narrow(bytes.1));
        Self { file, line: narrow(at.line()), column: narrow(at.column()), bytes }
    }

    /// A line and a column, both from 1.
    pub const fn at(file: usize, line: u32, column: u32) -> Self {
        Self { file, line, column, bytes: (0, 0) }
    }

    /// Line and column, both from 1. `None`: it is the file as a whole.
    pub fn spot(self) -> Option<(u64, u64)> {
        (self.line > 0).then(|| (u64::from(self.line), u64::from(self.column)))
    }

    /// The bytes of the value.
    pub fn bytes(self) -> Option<Range<usize>> {
        let (start, length) = self.bytes;
        let start = usize::try_from(start).ok()?;
        Some(start..start.checked_add(usize::try_from(length).ok()?)?)
    }

    /// As the renderer of snippets takes it, which makes its own by reading.
    pub(super) fn location(self) -> Location {
        let fields = [("line", self.line), ("column", self.column)];
        let read = Location::deserialize(MapDeserializer::<_, Error>::new(fields.into_iter()));
        read.unwrap_or(Location::UNKNOWN)
    }
}
