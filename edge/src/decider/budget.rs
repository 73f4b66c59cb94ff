//! A budget for calls beyond the first of a question, so that broken deciders are not flooded.

use std::time::Duration;

use tower::retry::budget::TpsBudget;

/// Of the questions of so long …
const BUDGET_WINDOW: Duration = Duration::from_secs(10);
/// … this share may be asked once more …
const BUDGET_SHARE: f32 = 0.5;
/// … and so many more in each second, so that a few questions can be helped as well.
const BUDGET_PER_SECOND: u32 = 20;

/// One for all questions.
pub(super) fn budget() -> TpsBudget {
    TpsBudget::new(BUDGET_WINDOW, BUDGET_PER_SECOND, BUDGET_SHARE)
}

#[cfg(test)]
mod tests {
    use tower::retry::budget::Budget as _;

    use super::*;

    #[test]
    fn half_as_many_again_and_some_more_are_granted() {
        let budget = budget();
        (0..1000).for_each(|_| budget.deposit());
        let granted = (0..10_000).filter(|_| budget.withdraw()).count();
        assert_eq!(granted, 1000 / 2 + 20 * 10);
    }
}
