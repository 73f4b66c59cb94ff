//! What a transaction has to know of the ledger, all of it at once.

use policy::charge::{Charge, ChargeKey};
use policy::identity::Digest;
use tokio_postgres::Row;

use super::rows::{Parameters, charge_of, plain};
use crate::store::decision::Decision;
use crate::store::encoding::{charge_name, parse};
use crate::store::journal::{JournalError, LookupPlan};

/// What is asked, also as the columns of the statements that ask it.
#[derive(Default)]
pub struct Inquiry {
    /// Idempotency key and content of each request.
    pub identities: Vec<(Digest, Digest)>,
    /// The charges that they may meet.
    pub charges: Vec<ChargeKey>,
    /// Of the requests.
    pub requests: RequestColumns,
    /// Of the charges.
    pub charge_columns: ChargeColumns,
}

/// `unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[])`.
#[derive(Default)]
pub struct RequestColumns {
    pub tenants: Vec<String>,
    pub request_ids: Vec<String>,
    pub keys: Vec<Vec<u8>>,
    pub digests: Vec<Vec<u8>>,
}

/// `unnest($1::text[], $2::text[], $3::text[])`.
#[derive(Default)]
pub struct ChargeColumns {
    pub tenants: Vec<String>,
    pub tx_ids: Vec<String>,
    pub suffixes: Vec<String>,
}

impl Inquiry {
    /// About these questions.
    pub fn of<'a>(asked: &mut dyn Iterator<Item = LookupPlan<'a>>) -> Self {
        let mut inquiry = Self::default();
        for LookupPlan { identity, charges } in asked {
            inquiry.identities.push((identity.key, identity.content));
            inquiry.requests.tenants.push(plain(&identity.tenant));
            inquiry.requests.request_ids.push(plain(&identity.callback_request_id));
            inquiry.requests.keys.push(identity.key.0.to_vec());
            inquiry.requests.digests.push(identity.content.0.to_vec());
            inquiry.charges.extend(charges);
        }
        inquiry.charge_columns = ChargeColumns::of(&inquiry.charges);
        inquiry
    }
}

impl RequestColumns {
    /// In the order of the statement.
    pub fn parameters(&self) -> Parameters<'_, 4> {
        [&self.tenants, &self.request_ids, &self.keys, &self.digests]
    }
}

impl ChargeColumns {
    /// In the order of the statement.
    pub fn parameters(&self) -> Parameters<'_, 3> {
        [&self.tenants, &self.tx_ids, &self.suffixes]
    }

    /// Of these keys.
    pub fn of(keys: &[ChargeKey]) -> Self {
        Self {
            tenants: keys.iter().map(|key| plain(&key.tenant)).collect(),
            tx_ids: keys.iter().map(|key| plain(&key.tx_id)).collect(),
            suffixes: keys.iter().map(|key| plain(&key.suffix)).collect(),
        }
    }
}

/// What was found, in the order in which it was asked.
pub struct InquiryAnswer {
    pub answers: Vec<Known>,
    pub charges: Vec<Result<Option<Charge>, JournalError>>,
}

/// What is on record for a request.
pub struct Known {
    /// Whether there is anything under its idempotency key.
    pub any: bool,
    /// The answer to its content, with its position. One that cannot be read concerns that request alone.
    pub this: Option<(i64, Result<Box<Decision>, JournalError>)>,
}

impl Known {
    /// From a row of `recorded`.
    pub fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let (any, position, body): (bool, Option<i64>, Option<&str>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let decision =
            |position| move |body| parse(body, || format!("decision number {position}")).map(Box::new);
        let this = position.zip(body).map(|(position, body)| (position, decision(position)(body)));
        Ok(Self { any, this })
    }
}

/// From rows of `charges`, in the order of the keys.
pub fn charges_of(
    keys: &[ChargeKey],
    rows: &[Row],
) -> Result<Vec<Result<Option<Charge>, JournalError>>, tokio_postgres::Error> {
    let read = |(key, row): (&ChargeKey, &Row)| {
        let body: Option<&str> = row.try_get(0)?;
        Ok(body.map(|body| charge_of(body, || charge_name(key))).transpose())
    };
    keys.iter().zip(rows).map(read).collect()
}
