//! An open transaction: what was looked up for it, and what it will write.

use std::collections::HashMap;

use policy::charge::{Charge, ChargeKey};
use policy::identity::Digest;

use super::inquiry::{Inquiry, InquiryAnswer, Known};
use super::rows::Rows;
use crate::store::decision::Decision;
use crate::store::journal::{Entry, JournalError, Recorded, RequestIdentity};

/// What a transaction has looked up, and what it will write.
#[derive(Default)]
pub struct Batch {
    answers: HashMap<Digest, Answers>,
    charges: HashMap<ChargeKey, Result<Option<Charge>, JournalError>>,
    /// What it will write.
    pub rows: Rows,
    /// The latest position of an answer that was looked up.
    pub latest_read: i64,
}

/// What is on record under one idempotency key.
#[derive(Default)]
struct Answers {
    known: bool,
    by_content: Vec<(Digest, Result<Box<Decision>, JournalError>)>,
}

impl Batch {
    /// Of what was found for an inquiry.
    pub fn of(inquiry: Inquiry, found: InquiryAnswer) -> Self {
        let mut batch = Self::default();
        for ((key, content), known) in inquiry.identities.into_iter().zip(found.answers) {
            batch.know(key, content, known);
        }
        batch.charges.extend(inquiry.charges.into_iter().zip(found.charges));
        batch
    }

    fn know(&mut self, key: Digest, content: Digest, known: Known) {
        let answers = self.answers.entry(key).or_default();
        answers.known |= known.any;
        if let Some((position, decision)) = known.this {
            self.latest_read = self.latest_read.max(position);
            answers.by_content.push((content, decision));
        }
    }

    /// What is on record for a request, this transaction included.
    pub fn recorded(&self, identity: &RequestIdentity) -> Result<Recorded, JournalError> {
        let Some(answers) = self.answers.get(&identity.key) else { return Err(not_asked("a request")) };
        match answers.by_content.iter().find(|(content, _)| *content == identity.content) {
            Some((_, decision)) => decision.clone().map(Recorded::This),
            None if answers.known => Ok(Recorded::OtherContent),
            None => Ok(Recorded::Nothing),
        }
    }

    /// The charge of a transaction, this transaction included.
    pub fn charge(&self, key: &ChargeKey) -> Result<Option<Charge>, JournalError> {
        self.charges.get(key).cloned().unwrap_or_else(|| Err(not_asked("a charge")))
    }

    /// Takes in what will be written.
    pub fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.rows.add(entry)?;
        let answers = self.answers.entry(entry.identity.key).or_default();
        answers.known = true;
        answers.by_content.push((entry.identity.content, Ok(Box::new(entry.decision.clone()))));
        if let Some(change) = &entry.charge {
            self.charges.insert(change.after.key.clone(), Ok(Some(change.after.clone())));
        }
        Ok(())
    }
}

fn not_asked(what: &str) -> JournalError {
    JournalError::Failed(format!("{what} that was not announced is looked up: a fault of this program"))
}
