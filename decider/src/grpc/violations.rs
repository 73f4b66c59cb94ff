//! Breaches of the contract, all of them collected before the call is refused.

use std::fmt::{self, Display};

use tonic_types::FieldViolation;

/// Most breaches that are told: an error is a header of the response, of which other clients take 8 KiB.
const MAX_TOLD: usize = 16;

/// The fields that break the contract.
#[derive(Debug, Default)]
pub struct Violations {
    told: Vec<FieldViolation>,
    /// So many are left out.
    more: usize,
    /// The tenant of the request, so that the log says whose it was.
    tenant: Option<String>,
}

impl Violations {
    /// Notes a breach.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        if self.told.len() < MAX_TOLD {
            self.told.push(FieldViolation::new(field, description));
        } else {
            self.more = self.more.saturating_add(1);
        }
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

    /// Notes whose they are, where there are any and the tenant is none of them: what breaks the contract may be anything.
    pub fn note_tenant(&mut self, tenant: &str) {
        let known = !self.told.is_empty() && self.told.iter().all(|breach| breach.field != "tenant");
        self.tenant = known.then(|| tenant.to_owned());
    }

    /// The tenant of the request, where it is one.
    pub fn tenant(&self) -> Option<String> {
        self.tenant.clone()
    }

    /// The value, if nothing broke the contract.
    ///
    /// # Errors
    /// Every breach.
    pub fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.told.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Their fields, for the message of the error.
    pub fn fields(&self) -> String {
        let fields: Vec<&str> = self.told.iter().map(|breach| breach.field.as_str()).collect();
        self.with_more(fields.join(", "))
    }

    /// The breaches, for the details of the error.
    pub fn into_list(self) -> Vec<FieldViolation> {
        self.told
    }

    fn with_more(&self, told: String) -> String {
        match self.more {
            0 => told,
            more => format!("{told}, and {more} more"),
        }
    }
}

impl Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> =
            self.told.iter().map(|breach| format!("{} {}", breach.field, breach.description)).collect();
        formatter.write_str(&self.with_more(told.join("; ")))
    }
}
