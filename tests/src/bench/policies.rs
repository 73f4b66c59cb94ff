//! Policies of any size, and what is asked of them: of all the rules, limits or listed addresses, each question meets
//! one.

use proto::decider::v1::{DecideRequest, DeclaredDestination, Destination, Peer};
use system_tests::requests::fresh_id;

use super::questions;

/// Sizes that are compared. A policy has at most ten thousand rules of one effect, and two thousand limits; a list is
/// planned for a million addresses.
pub const FEW_RULES: usize = 10;
pub const MANY_RULES: usize = 10_000;
pub const FEW_LIMITS: usize = 10;
pub const MANY_LIMITS: usize = 2_000;
pub const FEW_ADDRESSES: usize = 1_000;
pub const MANY_ADDRESSES: usize = 1_000_000;

/// The file with the addresses, beside the policy.
pub const CSV: &str = "payees.csv";

/// Vault accounts that pay in turn, whatever the size of the policy: the ledger is the same.
const SOURCES: usize = 10_000;
/// A prime above every size: a step of it through all the rules or addresses comes to each, in an order that no cache
/// foresees.
const STEP: usize = 7_368_787;

/// A policy by what there are many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Many {
    /// Allow rules, each over payments to another vault account.
    Rules(usize),
    /// Limits, each over payments to another vault account, which one rule allows.
    Limits(usize),
    /// Listed addresses, which one rule allows payments to.
    Addresses(usize),
}

impl Many {
    /// The policy's text.
    pub fn policy(self) -> String {
        let head = "version: 1\nassets:\n  ETH: {chain: evm, decimals: 18}\n";
        let limit = format!("limits:\n{}", limit("per-vault-and-hour", ""));
        match self {
            Self::Rules(count) => {
                let rules: String = (0..count).map(rule).collect();
                format!("{head}allow:\n{rules}{limit}")
            }
            Self::Limits(count) => {
                let allow = "allow:\n  - {id: pay, when: {destination: [{type: VAULT}], assets: [ETH]}}\n";
                let limits: String = (0..count).map(limit_of_one).collect();
                format!("{head}{allow}limits:\n{limits}")
            }
            Self::Addresses(_) => {
                let allow = "allow:\n  - {id: pay, when: {destination: [{list: payees}], assets: [ETH]}}\n";
                format!("{head}lists:\n  payees: {{chain: evm, csv: {CSV}}}\n{allow}{limit}")
            }
        }
    }

    /// The text of [`CSV`].
    pub fn csv(self) -> String {
        let rows = match self {
            Self::Rules(_) | Self::Limits(_) => 0,
            Self::Addresses(count) => count,
        };
        let rows = (0..rows).map(|number| format!("{},2026-01-31\n", address(number)));
        std::iter::once("address,added\n".to_owned()).chain(rows).collect()
    }

    /// The question of this number.
    pub fn question(self, index: usize) -> DecideRequest {
        let plain = questions::question_of(fresh_id());
        let question = match self {
            Self::Rules(count) | Self::Limits(count) => paid_to_vault(plain, &vault(turn(index, count))),
            Self::Addresses(count) => paid_to_address(plain, &address(turn(index, count))),
        };
        DecideRequest { source: peer("VAULT", Some(&(index % SOURCES).to_string())), ..question }
    }
}

/// Which of so many has its turn.
pub fn turn(index: usize, count: usize) -> usize {
    let count = count.max(1);
    (index % count) * (STEP % count) % count
}

/// The vault account that a rule or a limit is about.
pub fn vault(number: usize) -> String {
    (number + 1).to_string()
}

fn rule(number: usize) -> String {
    let to = vault(number);
    format!(
        "  - {{id: to-{to}, when: {{source: [{{type: VAULT}}], destination: [{{type: VAULT, id: \"{to}\"}}], \
         assets: [ETH], amount: {{max: \"1\"}}}}}}\n"
    )
}

fn limit_of_one(number: usize) -> String {
    let to = vault(number);
    limit(&format!("to-{to}"), &format!("destination: [{{type: VAULT, id: \"{to}\"}}], "))
}

fn limit(id: &str, when: &str) -> String {
    format!(
        "  - {{id: {id}, when: {{{when}assets: [ETH]}}, key: [source, asset], max: {{amount: \"100000000\"}}, \
         window: 1h}}\n"
    )
}

/// An address of twenty bytes: a number, spread over most of them.
fn address(number: usize) -> String {
    const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    format!("0x{:032x}{number:08x}", u128::from(number).wrapping_mul(SPREAD))
}

fn paid_to_vault(mut question: DecideRequest, id: &str) -> DecideRequest {
    let to = peer("VAULT", Some(id));
    for destination in &mut question.destinations {
        destination.peer.clone_from(&to);
    }
    let declared = question.declared_destination.take().unwrap_or_default();
    question.declared_destination = Some(DeclaredDestination { peer: to, ..declared });
    question
}

fn paid_to_address(mut question: DecideRequest, address: &str) -> DecideRequest {
    let to = peer("UNMANAGED", None);
    let each = |destination: Destination| Destination {
        peer: to.clone(),
        display_address: Some(address.to_owned()),
        ..destination
    };
    question.destinations = question.destinations.into_iter().map(each).collect();
    let declared = question.declared_destination.take().unwrap_or_default();
    let declared = DeclaredDestination { peer: to, address: Some(address.to_owned()), ..declared };
    question.declared_destination = Some(declared);
    question
}

fn peer(kind: &str, id: Option<&str>) -> Option<Peer> {
    Some(Peer { r#type: Some(kind.to_owned()), id: id.map(str::to_owned), subtype: None })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_of_them_has_its_turn() {
        for count in [1, 10, 1_000, 10_000] {
            let turns: BTreeSet<usize> = (0..count).map(|index| turn(index, count)).collect();
            assert_eq!(turns, (0..count).collect());
        }
        let addresses: BTreeSet<String> = (0..1_000).map(address).collect();
        assert_eq!(addresses.len(), 1_000);
        assert!(addresses.iter().all(|address| address.len() == 42));
    }

    #[test]
    fn a_question_is_about_one_of_them() {
        for many in [Many::Rules(10), Many::Limits(10)] {
            let to_vault = many.question(1);
            let id = vault(turn(1, 10));
            assert!(many.policy().contains(&format!("id: to-{id},")));
            assert_eq!(to_vault.destinations[0].peer.as_ref().unwrap().id(), id);
            assert_eq!(to_vault.declared_destination.unwrap().peer.unwrap().id(), id);
        }
        let to_address = Many::Addresses(10).question(3);
        let listed = address(turn(3, 10));
        assert!(Many::Addresses(10).csv().contains(&format!("\n{listed},")));
        assert_eq!(to_address.destinations[0].display_address(), listed);
        assert_eq!(to_address.declared_destination.unwrap().address(), listed);
        assert_eq!(Many::Addresses(10).csv().lines().count(), 11);
    }

    /// What the decider would refuse is found here and not in a bench of minutes.
    #[test]
    fn the_policies_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let policy = directory.path().join("policy.yaml");
        for (many, rules, limits) in
            [(Many::Rules(20), 20, 1), (Many::Limits(20), 1, 20), (Many::Addresses(20), 1, 1)]
        {
            std::fs::write(&policy, many.policy()).unwrap();
            std::fs::write(directory.path().join(CSV), many.csv()).unwrap();
            let read = decider::policy_file::load(&policy).unwrap().policy;
            assert_eq!((read.allow.len(), read.limits.len()), (rules, limits), "{many:?}");
        }
    }
}
