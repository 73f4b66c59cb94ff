//! Breaches of the contract, all of them collected before the call is refused.

use std::fmt::{self, Display};

use tonic_types::FieldViolation;

/// The fields that break the contract.
#[derive(Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Notes a breach.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push(FieldViolation::new(field, description));
    }

    /// Text of at most so many bytes. The field is put into words only where it breaks that.
    pub fn at_most(&mut self, field: impl Display, text: &str, max_bytes: usize) {
        if text.len() > max_bytes {
            self.add(field.to_string(), format!("has {} bytes: at most {max_bytes} are allowed", text.len()));
        }
    }

    /// The same for text that may be absent.
    pub fn optional_at_most(&mut self, field: impl Display, text: Option<&String>, max_bytes: usize) {
        if let Some(text) = text {
            self.at_most(field, text, max_bytes);
        }
    }

    /// Text that must be there, of at most so many bytes.
    pub fn required_at_most(&mut self, field: &str, text: &str, max_bytes: usize) {
        if text.is_empty() {
            self.add(field, "is required");
        }
        self.at_most(field, text, max_bytes);
    }

    /// At most so many entries.
    pub fn count_at_most(&mut self, field: &str, count: usize, max: usize) {
        if count > max {
            self.add(field, format!("has {count} entries: at most {max} are allowed"));
        }
    }

    /// The value, if nothing broke the contract.
    ///
    /// # Errors
    /// Every breach.
    pub fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The breaches, for the error.
    pub fn into_list(self) -> Vec<FieldViolation> {
        self.0
    }
}

impl Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> =
            self.0.iter().map(|breach| format!("{} {}", breach.field, breach.description)).collect();
        formatter.write_str(&told.join("; "))
    }
}
