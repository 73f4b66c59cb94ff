//! The variables of an expression.

use super::error::ExpressionError;

/// A variable that is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// The tenant.
    Tenant,
    /// What was proven of the caller.
    CallerProof,
    /// The operation.
    Operation,
    /// The stage.
    Stage,
    /// The asset's id.
    Asset,
    /// The API user.
    Signer,
    /// The type of the source.
    SourceType,
    /// The id of the source.
    SourceId,
    /// The note.
    Note,
    /// The client's own id.
    ExternalTxId,
}

/// A variable that is money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Total {
    /// The total, in units of the asset.
    Amount,
    /// The value.
    Usd,
    /// The fee, in units of the asset it is paid in.
    Fee,
}

/// Each with its name in an expression, and in words.
pub const TEXTS: [(Text, &str, &str); 10] = [
    (Text::Tenant, "tenant", "the tenant"),
    (Text::CallerProof, "caller_proof", "the caller's proof"),
    (Text::Operation, "operation", "the operation"),
    (Text::Stage, "stage", "the stage"),
    (Text::Asset, "asset", "the asset"),
    (Text::Signer, "signer", "the signer"),
    (Text::SourceType, "source.type", "the source's type"),
    (Text::SourceId, "source.id", "the source's id"),
    (Text::Note, "note", "the note"),
    (Text::ExternalTxId, "external_tx_id", "the client's own id"),
];
pub const TOTALS: [(Total, &str, &str); 3] = [
    (Total::Amount, "amount", "the amount"),
    (Total::Usd, "usd", "the USD value"),
    (Total::Fee, "fee", "the fee"),
];
pub const COUNT: &str = "destinations.count";

impl Text {
    /// As an expression names it.
    pub fn name(self) -> &'static str {
        TEXTS.iter().find(|(text, ..)| *text == self).map_or("", |(_, name, _)| name)
    }

    /// In words.
    pub fn phrase(self) -> &'static str {
        TEXTS.iter().find(|(text, ..)| *text == self).map_or("", |(.., phrase)| phrase)
    }
}

impl Total {
    /// As an expression names it.
    pub fn name(self) -> &'static str {
        TOTALS.iter().find(|(total, ..)| *total == self).map_or("", |(_, name, _)| name)
    }

    /// In words.
    pub fn phrase(self) -> &'static str {
        TOTALS.iter().find(|(total, ..)| *total == self).map_or("", |(.., phrase)| phrase)
    }
}

/// What a name stands for.
pub enum Variable {
    Text(Text),
    Total(Total),
    Count,
}

/// What a name stands for.
pub fn variable(at: usize, name: &str) -> Result<Variable, ExpressionError> {
    if let Some((text, ..)) = TEXTS.iter().find(|(_, known, _)| *known == name) {
        return Ok(Variable::Text(*text));
    }
    if let Some((total, ..)) = TOTALS.iter().find(|(_, known, _)| *known == name) {
        return Ok(Variable::Total(*total));
    }
    if name == COUNT {
        return Ok(Variable::Count);
    }
    let known = TEXTS.iter().map(|(_, known, _)| *known).chain(TOTALS.iter().map(|(_, known, _)| *known));
    Err(ExpressionError::unknown(at, "variable", name, known.chain([COUNT]).collect()))
}
