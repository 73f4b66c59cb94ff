//! What a request means, what a policy says of it, and what a limit leaves.
//!
//! Pure: no clock, no files, no environment, no tasks. Everything here can be replayed from its arguments.
//! The modules stand in the order of a request's way; each uses only what is listed after it.
#![warn(missing_docs)]

pub mod explain;
pub mod policy_test;
pub mod settle;
pub mod evidence;
pub mod usage;
pub mod ledger;
pub mod config_change;
pub mod evaluate;
pub mod integrity;
pub mod document;
pub mod config_rule;
pub mod reach;
pub mod rule;
pub mod limit;
pub mod condition_index;
pub mod charge;
pub mod condition;
pub mod expression;
pub mod group;
pub mod accounts;
pub mod matcher;
pub mod circumstances;
pub mod intent;
pub mod caller;
pub mod applicability;
pub mod choice;
pub mod list;
pub mod truth;
pub mod identity;
pub mod raw_transaction;
pub mod verdict;
pub mod request;
pub mod asset;
pub mod tenant;
pub mod vocabulary;
pub mod prices;
pub mod method;
pub mod pattern;
pub mod address;
pub mod local_time;
pub mod time;
pub mod share;
pub mod usd;
mod json;
pub mod amount;
