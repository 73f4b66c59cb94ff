//! What is told of a policy that is right: in short, and what may not be meant.

use super::*;

#[test]
fn the_summary_and_the_warnings_tell_what_it_holds() {
    let file = read("p.yaml", POLICY).unwrap();
    assert_snapshot!(file.summary.to_string(), @"
    policy  470f8b5c3fc418cc445262da41405b7386bbb2a23f2f3aaddecdd7af446c9646
    files   p.yaml
    assets  BTC, ETH, XRP
    lists   exchange (2 exact addresses), payees (1 bitcoin address)
    deny    too-much
    allow   sweep, swaps
    limits  per-hour, each, often, value
    changes none
    tests   none
    ");
    assert_snapshot!(warnings::told(&file), @"
    raw_transactions: required proves nothing of XRP: how their chains hash is not known, so that a raw transaction must be there, and what it says is not held against what is signed
    list exchange is not used
    allow rule swaps allows SWAP: no amount limit or maximum bounds what that moves, only a count does
    ");
}

#[test]
fn warnings_say_what_may_not_be_meant() {
    let text = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}, BTC: {chain: bitcoin, decimals: 8}}
lists: {empty: {chain: evm, addresses: []}}
allow:
  - {id: anything, when: {}}
  - {id: calls, when: {operations: [CONTRACT_CALL], destination: [{type: UNMANAGED}]}}
  - {id: to-seven, when: {destination: [{type: VAULT, id: "7"}], assets: [BTC]}}
limits:
  - {id: eth, when: {assets: [ETH]}, max: {amount: "1"}, window: 1h}
"#;
    let file = read("p.yaml", text).unwrap();
    assert_snapshot!(warnings::told(&file), @"
    list empty is not used
    list empty is empty
    allow rule anything allows any destination
    allow rule calls allows CONTRACT_CALL: no amount limit or maximum bounds what that moves, only a count does
    allow rule calls allows every address of type UNMANAGED
    no limit applies to what allow rule calls allows
    allow rule to-seven allows nothing that allow rule anything does not allow, too. Narrow that one, or take this one out
    no limit applies to what allow rule to-seven allows
    ");
}

#[test]
fn a_limit_over_what_is_in_flight_says_what_it_counts() {
    let text = r#"version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow:
  - {id: raw, when: {operations: [RAW]}}
  - {id: pay, when: {destination: [{type: VAULT}]}}
limits:
  - {id: open, max: {destinations: 3}, window: in_flight}
"#;
    let file = read("p.yaml", text).unwrap();
    assert_snapshot!(warnings::told(&file), @"
    allow rule raw allows RAW: no amount limit or maximum bounds what that moves, only a count does
    no limit applies to what allow rule raw allows
    limit open counts every charge for ever: no outcome is reported yet that would end its flight
    ");
}
