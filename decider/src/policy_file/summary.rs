//! A policy in short, for `decider check`.

use std::fmt;

use policy::document::Policy;
use serde::Serialize;

use super::lists::List;
use super::prices::PriceFile;
use crate::document::Document;

/// What a policy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// SHA-256 of the manifest of its files.
    pub hash: String,
    /// Every file that was read.
    pub files: Vec<FileSummary>,
    /// Asset ids.
    pub assets: Vec<String>,
    /// The price table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<PriceSummary>,
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
    /// How many tests it carries.
    pub tests: usize,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    /// Its name, from the policy's directory.
    pub name: String,
    /// SHA-256 of its content.
    pub hash: String,
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
    /// The CSV file it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<String>,
}

/// A price table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceSummary {
    /// Its name, from the policy's directory.
    pub file: String,
    /// SHA-256 of its content.
    pub hash: String,
    /// How many assets have a price.
    pub assets: usize,
    /// Of those that the policy prices by it, the ones without.
    pub missing: Vec<String>,
}

impl PriceSummary {
    /// Of a table that a policy names.
    pub fn of(policy: &Policy, file: &PriceFile) -> Self {
        let prices = &file.prices;
        let priced = policy.prices.iter().flat_map(|terms| terms.beside.union(&terms.alone));
        let missing = priced.filter(|id| !prices.by_asset.contains_key(*id)).cloned();
        Self {
            file: file.name.clone(),
            hash: prices.hash.clone(),
            assets: prices.by_asset.len(),
            missing: missing.collect(),
        }
    }
}

impl ListSummary {
    /// Of a list.
    pub fn of(read: &List) -> Self {
        let List { list, csv } = read;
        Self {
            name: list.name.clone(),
            chain: list.chain.to_string(),
            addresses: list.len(),
            csv: csv.clone(),
        }
    }
}

impl Summary {
    /// Of a policy, its files, its lists, its price table and its tests.
    pub fn of(
        policy: &Policy,
        document: &Document,
        lists: Vec<ListSummary>,
        prices: Option<&PriceFile>,
        tests: usize,
    ) -> Self {
        let files = document.files();
        Self {
            hash: policy.hash.clone(),
            files: files
                .map(|(name, file)| FileSummary { name: name.to_owned(), hash: file.hash.clone() })
                .collect(),
            assets: policy.assets.keys().cloned().collect(),
            prices: prices.map(|file| PriceSummary::of(policy, file)),
            lists,
            deny: policy.deny.iter().map(|rule| rule.id.clone()).collect(),
            allow: policy.allow.iter().map(|rule| rule.id.clone()).collect(),
            limits: policy.limits.iter().map(|limit| limit.id.clone()).collect(),
            config_changes: policy.config_changes.iter().map(|rule| rule.id.clone()).collect(),
            tests,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.files.iter().map(|file| file.name.clone()).collect();
        let lists: Vec<String> = self.lists.iter().map(ListSummary::to_string).collect();
        writeln!(formatter, "policy  {}", self.hash)?;
        writeln!(formatter, "files   {}", or_none(&files))?;
        writeln!(formatter, "assets  {}", or_none(&self.assets))?;
        if let Some(prices) = &self.prices {
            writeln!(formatter, "prices  {prices}")?;
        }
        writeln!(formatter, "lists   {}", or_none(&lists))?;
        writeln!(formatter, "deny    {}", or_none(&self.deny))?;
        writeln!(formatter, "allow   {}", or_none(&self.allow))?;
        writeln!(formatter, "limits  {}", or_none(&self.limits))?;
        writeln!(formatter, "changes {}", or_none(&self.config_changes))?;
        match self.tests {
            0 => write!(formatter, "tests   none"),
            tests => write!(formatter, "tests   {tests}"),
        }
    }
}

impl fmt::Display for ListSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = if self.addresses == 1 { "address" } else { "addresses" };
        let csv = self.csv.as_ref().map(|csv| format!(" from {csv}")).unwrap_or_default();
        write!(formatter, "{} ({} {} {addresses}{csv})", self.name, self.addresses, self.chain)
    }
}

impl fmt::Display for PriceSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let assets = if self.assets == 1 { "asset" } else { "assets" };
        write!(formatter, "{} ({} {assets}", self.file, self.assets)?;
        match self.missing.is_empty() {
            true => write!(formatter, ")"),
            false => write!(formatter, "; none of {})", self.missing.join(", ")),
        }
    }
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
