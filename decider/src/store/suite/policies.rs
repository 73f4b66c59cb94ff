//! Policies are kept with every file, and each file once.

use crate::document::{Document, File};
use crate::policy_file::reread;
use crate::store::journal::Journal;
use crate::store::memory::MemoryJournal;
use crate::store::sqlite::SqliteJournal;

const POLICY: &str = "version: 1
assets: {ETH: {chain: evm, decimals: 18}}
lists: {payees: {chain: evm, csv: payees.csv}}
allow: [{id: pay, when: {destination: [{list: payees}]}}]
";
const PAYEES: &str = "address\n0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n";

fn document(policy: &str) -> Document {
    let mut document = Document::of_file("policy.yaml", policy.into());
    document.add("payees.csv", File::new(PAYEES.into()));
    document
}

fn with_each(test: impl Fn(&mut dyn Journal)) {
    let folder = tempfile::tempdir().unwrap();
    test(&mut MemoryJournal::default());
    test(&mut SqliteJournal::open(&folder.path().join("decider.db")).unwrap());
}

#[test]
fn a_policy_comes_back_whole_and_is_read_again() {
    with_each(|journal| {
        let document = document(POLICY);
        journal.remember_policy(&document.hash(), &document).unwrap();
        journal.remember_policy(&document.hash(), &document).unwrap();
        let kept = journal.policy(&document.hash()).unwrap().unwrap();
        assert_eq!(kept, document);
        let again = reread(kept).unwrap();
        assert_eq!((again.policy.hash.clone(), again.summary.lists[0].addresses), (document.hash(), 1));
        assert_eq!(journal.policy("another").unwrap(), None);
    });
}

#[test]
fn policies_that_share_a_file_both_come_back() {
    with_each(|journal| {
        let documents = [document(POLICY), document(&POLICY.replace("pay,", "payout,"))];
        for document in &documents {
            journal.remember_policy(&document.hash(), document).unwrap();
        }
        for document in &documents {
            assert_eq!(journal.policy(&document.hash()).unwrap().as_ref(), Some(document));
        }
    });
}
