//! Policies are kept with every file, byte for byte.

use std::sync::Arc;

use super::fixture::{Backend, ledger_at};
use crate::document::{Document, File};
use crate::store::journal::Journal;
use crate::store::memory::MemoryJournal;
use crate::store::postgres::PostgresJournal;
use crate::store::sqlite::SqliteJournal;

fn document(policy: &str) -> Document {
    let mut document = Document::of_file("policy.yaml", policy.into());
    document.add("lists/payees.csv", File::new(b"address\n\xff\0".to_vec()));
    document
}

fn with_each(test: impl Fn(&mut dyn Journal)) {
    let folder = tempfile::tempdir().unwrap();
    test(&mut MemoryJournal::default());
    test(&mut SqliteJournal::open(&folder.path().join("decider.db")).unwrap());
    let Backend::Postgres(database) = Backend::postgres() else { panic!("it is another backend") };
    test(&mut PostgresJournal::open(ledger_at(&database), Arc::default()).unwrap());
}

#[test]
fn a_policy_comes_back_whole() {
    with_each(|journal| {
        let document = document("version: 1\n");
        journal.remember_policy(&document.hash(), &document).unwrap();
        journal.remember_policy(&document.hash(), &document).unwrap();
        assert_eq!(journal.policy(&document.hash()).unwrap(), Some(document));
        assert_eq!(journal.policy("another").unwrap(), None);
    });
}

#[test]
fn policies_that_share_a_file_both_come_back() {
    with_each(|journal| {
        let documents = [document("version: 1\n"), document("version: 1\nallow: []\n")];
        for document in &documents {
            journal.remember_policy(&document.hash(), document).unwrap();
        }
        for document in &documents {
            assert_eq!(journal.policy(&document.hash()).unwrap().as_ref(), Some(document));
        }
    });
}
