//! A list of addresses in a CSV file that a policy names.

use decider::document::{Document, File};
use decider::policy_file::reread;

const POLICY: &str = r#"
version: 1
assets: {ETH: {chain: evm, decimals: 18}}
lists:
  exported: {chain: evm, csv: list.csv, columns: {address: address, label: label, tag: tag, added: added}}
allow:
  - id: listed
    when: {destination: [{type: ONE_TIME_ADDRESS, list: exported}], assets: [ETH]}
"#;

/// As the only list of a policy.
pub fn holds_for(bytes: &[u8]) {
    let mut document = Document::of_file("policy.yaml", POLICY.as_bytes().to_vec());
    document.add("list.csv", File::new(bytes.to_vec()));
    match reread(document.clone()) {
        Ok(file) => assert_eq!(file.document.hash(), document.hash(), "the record is what was read"),
        Err(mistakes) => assert!(mistakes.to_string().contains("list.csv"), "{mistakes}"),
    }
}
