mod callers;
mod conditions;
mod config_changes;
mod document;
mod expressions;
mod limits;
mod matchers;
mod once;
mod slips;
mod summary;

use insta::assert_snapshot;

use super::*;

const POLICY: &str = r#"version: 1
raw_transactions: required
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcoin, decimals: 8}
  XRP: {chain: exact, decimals: 6, tag: required}
operations: [SWAP]
lists:
  payees:
    chain: bitcoin
    addresses: ["1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC"]
  exchange:
    chain: exact
    addresses: [{address: "rExchange", tag: "7"}, "rPlain"]
source_groups:
  hot: [{type: VAULT, id: "0"}, {type: VAULT, id: "1"}]
counterparties:
  acme: {lists: [payees], accounts: [{type: EXCHANGE, id: "e-1"}]}
deny:
  - id: too-much
    when: {assets: [ETH], amount: {over: "2"}}
allow:
  - id: sweep
    when:
      signers: ["s-1"]
      stages: [APPROVAL, SIGNING]
      operations: [TRANSFER, BURN]
      source: [{group: hot}, {type: VAULT, id: "9"}]
      destination: [{type: VAULT, id: "1"}, {list: payees}, {type: UNMANAGED, list: payees}]
      assets: [ETH, BTC]
      amount_usd: {max: "10000"}
  - id: swaps
    when: {operations: [SWAP], destination: [{type: CONTRACT}]}
limits:
  - id: per-hour
    when: {assets: [ETH]}
    key: [source, asset]
    max: {amount: "1.5"}
    window: 1h
  - id: each
    key: [asset, counterparty, source_group]
    max: {amount: "2"}
    window: 7d
  - id: often
    max: {count: 20}
    window: 30s
  - id: value
    max: {usd: "50000.5"}
    window: 24h
"#;

fn mistakes(text: &str) -> String {
    read("p.yaml", text).map(|_| String::new()).unwrap_or_else(|mistakes| mistakes.to_string())
}

/// The mistakes of the policy with one thing changed, without their snippets.
fn mistakes_with(from: &str, to: &str) -> String {
    assert!(POLICY.contains(from), "{from}");
    let read = read("p.yaml", &POLICY.replace(from, to));
    let lines = read.map(|_| Vec::new()).unwrap_or_else(|mistakes| {
        mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect()
    });
    lines.join("\n")
}

fn policy() -> Arc<Policy> {
    read("p.yaml", POLICY).unwrap().policy
}

#[test]
fn everything_is_read() {
    let policy = policy();
    assert_eq!(policy.hash.len(), 64);
    assert!(policy.raw_transactions_required);
    assert_eq!(policy.assets.len(), 3);
    assert_eq!(policy.assets["XRP"].tag, policy::asset::TagRule::Required);
    assert_eq!(policy.source_groups[0].accounts.len(), 2);
    assert_eq!((policy.counterparties[0].accounts.len(), policy.counterparties[0].lists.len()), (1, 1));
}

#[test]
fn conditions_mean_what_they_say() {
    let policy = policy();
    let over = policy.deny[0].when.amount.over.unwrap();
    assert_eq!(over.to_string(), "2000000000000000000");
    let when = &policy.allow[0].when;
    assert_eq!(when.sources.as_ref().unwrap().alternatives().len(), 3);
    let destinations = when.destinations.as_ref().unwrap().one_of().unwrap();
    assert_eq!(destinations[2].account.as_ref().unwrap().kind, "UNMANAGED");
    assert_eq!(when.usd.max.unwrap().micros().to_string(), "10000000000");
    assert_eq!(when.amount, policy::condition::Range::default());
    assert!(when.operations.as_ref().unwrap().includes(&"BURN".to_owned()));
}
