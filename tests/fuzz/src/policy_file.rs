//! A policy: whatever it says, it is read soon, and read again from its record it is the same.

use decider::policy_file::{read, reread};

/// A report that somebody can read: a hundred mistakes with their lines.
const MAX_REPORT_BYTES: usize = 64 << 10;

/// As the one file of a policy.
pub fn holds_for(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match read("policy.yaml", text) {
        Ok(file) => {
            let again = reread(file.document.clone()).expect("what was accepted is accepted again");
            assert_eq!(again.policy.hash, file.policy.hash);
        }
        Err(mistakes) => {
            let report = mistakes.to_string();
            assert!(!report.trim().is_empty(), "refused without a reason");
            assert!(report.len() <= MAX_REPORT_BYTES, "a report of {} bytes", report.len());
        }
    }
}
