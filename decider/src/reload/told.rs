//! What is told of a policy that decides from here on: what its author may not have meant, and how long its lists are.
//! A list that an export has left empty is a policy without mistakes.

use std::collections::BTreeMap;

use crate::policy_file::PolicyFile;
use crate::policy_file::warnings;
use crate::yaml::Warning;

/// So many warnings, and lists that changed much, are told one by one.
const MAX_TOLD: usize = 20;
/// So many lists are named with their sizes.
const MAX_SIZES: usize = 50;
/// A list has changed much where it has at most half of the addresses that it had, or twice as many, and the difference is at
/// least so many addresses; and where it has none any more.
const MUCH: usize = 10;

/// What there is to say of a policy. Made where it is read: of a large one it takes a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    warnings: Vec<Warning>,
    /// How many addresses each list has.
    sizes: BTreeMap<String, usize>,
}

impl News {
    /// Of a policy.
    pub fn of(file: &PolicyFile) -> Self {
        let sizes = file.summary.lists.iter().map(|list| (list.name.clone(), list.addresses));
        Self { warnings: warnings::collect(file), sizes: sizes.collect() }
    }

    /// Logs it; `before` is what there was to say of the policy that decided so far.
    pub fn tell(&self, before: Option<&Self>) {
        for warning in self.warnings.iter().take(MAX_TOLD) {
            let Warning { file, line, message, .. } = warning;
            tracing::warn!(file, line, "{message}");
        }
        let more = self.warnings.len().saturating_sub(MAX_TOLD);
        if more > 0 {
            tracing::warn!(more, "the policy has more warnings: `decider check` tells all of them");
        }
        for (list, before, addresses) in before.map(|before| self.changed(before)).unwrap_or_default() {
            tracing::warn!(list, before, addresses, "a list has changed much: is that meant?");
        }
        if let Some(addresses) = self.sizes_in_words() {
            tracing::info!(addresses, "the lists of the policy");
        }
    }

    /// The lists that changed much: how many addresses they had, and have.
    fn changed<'a>(&'a self, before: &Self) -> Vec<(&'a str, usize, usize)> {
        let both =
            self.sizes.iter().filter_map(|(name, now)| Some((name.as_str(), *before.sizes.get(name)?, *now)));
        both.filter(|(_, before, now)| has_changed_much(*before, *now)).take(MAX_TOLD).collect()
    }

    fn sizes_in_words(&self) -> Option<String> {
        let named = self.sizes.iter().take(MAX_SIZES).map(|(name, count)| format!("{name} {count}"));
        let more = self.sizes.len().saturating_sub(MAX_SIZES);
        let more = (more > 0).then(|| format!("and {more} more lists"));
        let words: Vec<String> = named.chain(more).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

fn has_changed_much(before: usize, now: usize) -> bool {
    let (fewer, more) = (before.min(now), before.max(now));
    let emptied = now == 0 && before > 0;
    emptied || (fewer.saturating_mul(2) <= more && more.abs_diff(fewer) >= MUCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_lost_or_won_much_is_told() {
        for (before, now, much) in [
            (3, 0, true),
            (10_432, 3, true),
            (20, 10, true),
            (20, 11, false),
            (5, 1, false),
            (5, 15, true),
            (0, 9, false),
            (0, 10, true),
            (7, 7, false),
            (0, 0, false),
        ] {
            assert_eq!(has_changed_much(before, now), much, "{before} to {now}");
        }
    }

    #[test]
    fn of_many_lists_some_are_named() {
        let news = |count: usize| {
            let sizes = (0..count).map(|number| (format!("list-{number:02}"), number)).collect();
            News { warnings: Vec::new(), sizes }.sizes_in_words()
        };
        assert_eq!(news(0), None);
        assert_eq!(news(2).unwrap(), "list-00 0, list-01 1");
        assert!(news(60).unwrap().ends_with("list-49 49, and 10 more lists"));
    }
}
