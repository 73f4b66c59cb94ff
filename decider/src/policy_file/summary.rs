//! A policy in short, for whoever checks a file.

use std::fmt;

use policy::document::Policy;
use policy::list::AddressList;
use serde::Serialize;

/// What a policy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// SHA-256 of the document.
    pub hash: String,
    /// Asset ids.
    pub assets: Vec<String>,
    /// Address lists.
    pub lists: Vec<ListSummary>,
    /// Deny rules.
    pub deny: Vec<String>,
    /// Allow rules.
    pub allow: Vec<String>,
    /// Limits.
    pub limits: Vec<String>,
    /// Rules over configuration changes.
    pub config_changes: Vec<String>,
}

/// One address list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListSummary {
    /// Its name.
    pub name: String,
    /// Its chain.
    pub chain: String,
    /// How many addresses it holds.
    pub addresses: usize,
}

impl ListSummary {
    /// Of a list.
    pub fn of(list: &AddressList) -> Self {
        Self { name: list.name.clone(), chain: list.chain.to_string(), addresses: list.len() }
    }
}

impl Summary {
    /// Of a policy and its lists.
    pub fn of(policy: &Policy, lists: Vec<ListSummary>) -> Self {
        Self {
            hash: policy.hash.clone(),
            assets: policy.assets.keys().cloned().collect(),
            lists,
            deny: policy.deny.iter().map(|rule| rule.id.clone()).collect(),
            allow: policy.allow.iter().map(|rule| rule.id.clone()).collect(),
            limits: policy.limits.iter().map(|limit| limit.id.clone()).collect(),
            config_changes: policy.config_changes.iter().map(|rule| rule.id.clone()).collect(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists: Vec<String> = self.lists.iter().map(ListSummary::to_string).collect();
        writeln!(formatter, "policy  {}", self.hash)?;
        writeln!(formatter, "assets  {}", or_none(&self.assets))?;
        writeln!(formatter, "lists   {}", or_none(&lists))?;
        writeln!(formatter, "deny    {}", or_none(&self.deny))?;
        writeln!(formatter, "allow   {}", or_none(&self.allow))?;
        writeln!(formatter, "limits  {}", or_none(&self.limits))?;
        write!(formatter, "changes {}", or_none(&self.config_changes))
    }
}

impl fmt::Display for ListSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = if self.addresses == 1 { "address" } else { "addresses" };
        write!(formatter, "{} ({} {} {addresses})", self.name, self.addresses, self.chain)
    }
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
