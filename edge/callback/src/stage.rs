//! The step of a transaction's life.

/// The step of a transaction's life that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the transaction is serialised.
    Approval,
    /// At signing. Doubt means signing: there `IGNORE` is illegal.
    Signing,
}
