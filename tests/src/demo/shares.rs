//! Which decider decided how much of it: that anybody may be asked is the point of a shared ledger.

use super::Error;
use crate::services::Process;

/// As their metrics count them.
pub async fn told(deciders: impl Iterator<Item = &Process>) -> Result<String, Error> {
    let mut shares = Vec::new();
    for (number, decider) in (1..).zip(deciders) {
        let count = decided(&decider.admin("/metrics").await?.1);
        shares.push(format!("decider {number} decided {count}"));
    }
    Ok(format!("Over one ledger: {}.", shares.join(", ")))
}

fn decided(metrics: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with("countersign_decider_decisions_total"));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_counted_over_all_verdicts() {
        let metrics = r#"# TYPE countersign_decider_decisions counter
countersign_decider_decisions_total{verdict="ALLOW",action="APPROVE"} 4
countersign_decider_decisions_total{verdict="DENY",action="REJECT"} 3
countersign_decider_undecided_total 9
"#;
        assert_eq!(decided(metrics), 7);
        assert_eq!(decided(""), 0);
    }
}
