//! Why something can never match, in words.

use crate::expression::Contradiction;

/// Why conditions can never hold, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Never {
    /// No operation has everything that these fields ask for.
    #[error("no operation that it can meet has {}: one operation must have all that is asked for", .0.join(" and "))]
    NoOperation(Vec<&'static str>),
    /// A list of nobody.
    #[error("list {0} is empty: add addresses to it, or leave it out here")]
    EmptyList(String),
    /// A list of another chain than any asset's.
    #[error(
        "list {list} holds {chain} addresses, and no asset that it can meet is on {chain}: leave it out here, or ask for such an asset"
    )]
    OtherChain {
        /// The list.
        list: String,
        /// Its chain.
        chain: &'static str,
    },
    /// An age of what has no date.
    #[error(
        "no address of list {0} has a date, which listed_for and listed_within ask for: write when each was added"
    )]
    Undated(String),
    /// A tag that the list has nobody under.
    #[error("list {list} has nobody under tag {tag}: add who is meant to it, or leave the tag out here")]
    NobodyUnderTag {
        /// The list.
        list: String,
        /// The tag.
        tag: String,
    },
    /// A tag where there are none.
    #[error(
        "tag {0} is asked for, and no asset that it can meet is on a chain with tags: leave the tag out here, or ask for such an asset"
    )]
    NoTags(String),
    /// A receiver whose lists are all empty, or of other chains.
    #[error(
        "counterparty {0} has neither accounts nor addresses that it can meet: add them, or leave it out here"
    )]
    NobodyOfCounterparty(String),
    /// An account that is none of the receiver's.
    #[error("counterparty {0} has no such account, and no lists: leave one of the two out")]
    NotOfCounterparty(String),
    /// Hours that leave none.
    #[error("its times rule out every hour of the week: name those that are meant")]
    NoHour,
    /// An expression that contradicts itself.
    #[error(
        "no value of {} meets all that its condition asks of it: take out what is not meant, or join alternatives with ||",
        .0.variable
    )]
    Contradiction(Contradiction),
}

impl Never {
    /// Of whom it cannot be told all the same, so that a deny rule or a limit holds them; `None`: of nobody.
    pub fn in_doubt(&self) -> Option<&'static str> {
        match self {
            Self::Undated(_) => Some("whoever is on the list"),
            Self::EmptyList(_)
            | Self::OtherChain { .. }
            | Self::NoTags(_)
            | Self::NobodyOfCounterparty(_) => Some("those whose address is missing"),
            Self::NobodyUnderTag { .. } => Some("those whose tag is missing"),
            Self::Contradiction(found) => {
                found.may_be_missing.then_some("those where what it compares is missing")
            }
            Self::NoOperation(_) | Self::NotOfCounterparty(_) | Self::NoHour => None,
        }
    }
}
