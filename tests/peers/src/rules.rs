//! The policy, as every engine is told it: an allow rule each for one source, one destination, one asset and a maximum.

/// A rule; or a request, with the amount for the maximum.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Id of the vault account that pays.
    pub source: String,
    /// Id of the vault account that is paid.
    pub destination: String,
    /// Id of the asset.
    pub asset: &'static str,
    /// In base units, of which every engine here can count a whole ETH.
    pub amount: u64,
}

/// One ETH.
const MAX: u64 = 1_000_000_000_000_000_000;
/// 0.01 ETH.
const AMOUNT: u64 = 10_000_000_000_000_000;

/// So many rules.
pub fn rules(count: usize) -> Vec<Rule> {
    let rule = |number: usize| Rule {
        source: number.to_string(),
        destination: (number + count).to_string(),
        asset: "ETH",
        amount: MAX,
    };
    (0..count).map(rule).collect()
}

/// A request for each of so many rules, evenly from the first to the last, and one that no rule covers: more than the
/// maximum.
pub fn requests(rules: &[Rule], count: usize) -> Vec<Rule> {
    let place = |number: usize| number * (rules.len() - 1) / (count - 1);
    let covered = (0..count).filter_map(|number| rules.get(place(number)));
    let mut requests: Vec<Rule> = covered.map(|rule| Rule { amount: AMOUNT, ..rule.clone() }).collect();
    requests.extend(rules.last().map(|rule| Rule { amount: MAX + 1, ..rule.clone() }));
    requests
}
