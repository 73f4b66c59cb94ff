//! The requests that the demo sends. The policy that judges them is `local/policy.yaml`.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::cosigner::Action;
use crate::requests::{Destination, Transfer, address_book_change};
use crate::vectors;

/// Vault account 1, where the demo policy lets ETH go.
const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
/// A Bitcoin address that is on no list.
const STRANGER: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

/// One request and what must come of it.
#[derive(Debug)]
pub struct Sample {
    /// For the table.
    pub name: String,
    /// What the Co-signer signs.
    pub payload: Vec<u8>,
    /// What must be answered.
    pub expected: Action,
}

/// All of them, in order.
pub fn all() -> Vec<Sample> {
    let mut samples = vec![
        sample("official Ethereum example, 0.01 ETH", vectors::ETHEREUM_REQUEST, Action::Approve),
        sample("official Bitcoin example, 0.000876 BTC", vectors::BITCOIN_REQUEST, Action::Approve),
        sample("the Ethereum example again", vectors::ETHEREUM_REQUEST, Action::Approve),
        sample("an address that is not allowed", &to_a_stranger().payload(), Action::Reject),
        sample("2.5 ETH at once, above the maximum", &too_much_at_once().payload(), Action::Reject),
    ];
    samples.extend(into_the_velocity_limit());
    samples.push(sample("a change of the address book", &address_book_change(), Action::Ignore));
    samples
}

/// What is sent in JSON mode, where there is such a listener. For its tenant it is no repetition.
pub fn in_json_mode() -> Sample {
    sample("the Ethereum example in JSON mode, unproven", vectors::ETHEREUM_REQUEST, Action::Approve)
}

fn to_a_stranger() -> Transfer {
    Transfer::new("BTC", Destination::one_time(STRANGER, "0.001").usd("29.27"))
}

fn too_much_at_once() -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, "2.5").usd("4685.73"))
}

/// 3 × 0.3 ETH fit into 1 ETH an hour, the fourth does not. The limit is per vault account, so every run pays from an
/// account of its own (the time is its number) and finds the whole limit free.
fn into_the_velocity_limit() -> Vec<Sample> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let vault = now.as_millis().to_string();
    let pay =
        || Transfer::new("ETH", Destination::vault("1", TREASURY, "0.3").usd("562.29")).from_vault(&vault);
    let expected = [Action::Approve, Action::Approve, Action::Approve, Action::Reject];
    let name = |number| format!("0.3 ETH, {number} of 4 within the hour");
    (1..).zip(expected).map(|(number, expected)| sample(name(number), &pay().payload(), expected)).collect()
}

fn sample(name: impl Into<String>, payload: &[u8], expected: Action) -> Sample {
    Sample { name: name.into(), payload: payload.to_vec(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosigner::request::Head;

    #[test]
    fn the_second_run_repeats_the_official_examples_and_nothing_else() {
        let ids = || -> Vec<_> {
            all().iter().map(|sample| Head::read(&sample.payload).unwrap().request_id).collect()
        };
        let (first, second) = (ids(), ids());
        let repeated: Vec<_> = first.iter().filter(|id| second.contains(id)).map(String::as_str).collect();
        assert_eq!(
            repeated,
            [
                "9c794cee-7e27-46c9-9e9a-ed68295ff06b",
                "3acaf94b-e77f-41f3-b68e-a1fa26e131f9",
                "9c794cee-7e27-46c9-9e9a-ed68295ff06b",
            ]
        );
    }

    #[test]
    fn all_velocity_samples_pay_from_one_account_that_is_not_the_official_one() {
        let source = |sample: &Sample| {
            serde_json::from_slice::<serde_json::Value>(&sample.payload).unwrap()["sourceId"].clone()
        };
        let velocity = into_the_velocity_limit();
        assert!(velocity.iter().all(|sample| source(sample) == source(&velocity[0])));
        assert_ne!(source(&velocity[0]), "0");
    }
}
