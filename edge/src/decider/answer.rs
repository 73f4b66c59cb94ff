//! Which answers of a decider are accepted. One that contradicts itself is no decision.

use callback::Action;
use proto::decider::v1::{
    Action as WireAction, DecideConfigChangeResponse, DecideResponse, ReasonCode, Stage, Verdict,
};
use thiserror::Error;

/// One decision, as far as the Co-signer's answer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The action of the reply.
    pub action: Action,
    /// Id of the durable record.
    pub decision_id: String,
    /// Why, for programs: the name in the contract, without its prefix.
    pub reason_code: &'static str,
    /// Why, for people.
    pub reason: String,
}

/// Why an answer is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Garbage {
    /// It answers another request.
    #[error("it is for another request")]
    OtherRequest,
    /// No verdict, or one we do not know.
    #[error("its verdict is missing or unknown")]
    NoVerdict,
    /// No action, or one we do not know.
    #[error("its action is missing or unknown")]
    NoAction,
    /// Only ALLOW goes with APPROVE.
    #[error("its action contradicts its verdict")]
    Contradiction,
    /// IGNORE at signing.
    #[error("it says IGNORE at signing")]
    IgnoreAtSigning,
    /// An approval without a record cannot exist.
    #[error("it approves without the id of a record")]
    NoRecord,
}

/// The decision in an answer to the transaction `id` at `stage`, or what is wrong with the answer.
pub(super) fn check_transaction(answer: DecideResponse, id: &str, stage: Stage) -> Result<Decision, Garbage> {
    let (verdict, action, reason_code) = (answer.verdict(), answer.action(), answer.reason_code());
    if answer.callback_request_id != id {
        return Err(Garbage::OtherRequest);
    }
    let signing = stage != Stage::Approval || answer.stage() == Stage::Signing;
    if signing && action == WireAction::Ignore {
        return Err(Garbage::IgnoreAtSigning);
    }
    decision(verdict, action, reason_code, answer.decision_id, answer.reason)
}

/// The decision in an answer to the configuration change `id`, or what is wrong with the answer.
pub(super) fn check_config_change(answer: DecideConfigChangeResponse, id: &str) -> Result<Decision, Garbage> {
    let (verdict, action, reason_code) = (answer.verdict(), answer.action(), answer.reason_code());
    if answer.callback_request_id != id {
        return Err(Garbage::OtherRequest);
    }
    decision(verdict, action, reason_code, answer.decision_id, answer.reason)
}

fn decision(
    verdict: Verdict,
    action: WireAction,
    reason_code: ReasonCode,
    decision_id: String,
    reason: String,
) -> Result<Decision, Garbage> {
    let action = match (verdict, action) {
        (Verdict::Unspecified, _) => return Err(Garbage::NoVerdict),
        (_, WireAction::Unspecified) => return Err(Garbage::NoAction),
        (Verdict::Allow, WireAction::Approve) if decision_id.is_empty() => return Err(Garbage::NoRecord),
        (Verdict::Allow, WireAction::Approve) => Action::Approve,
        (Verdict::Allow, _) | (_, WireAction::Approve) => return Err(Garbage::Contradiction),
        (Verdict::Deny | Verdict::Hold, WireAction::Reject) => Action::Reject,
        (Verdict::Deny | Verdict::Hold, WireAction::Retry) => Action::Retry,
        (Verdict::Deny | Verdict::Hold, WireAction::Ignore) => Action::Ignore,
    };
    Ok(Decision { action, decision_id, reason_code: word(reason_code), reason })
}

fn word(code: ReasonCode) -> &'static str {
    let name = code.as_str_name();
    name.strip_prefix("REASON_CODE_").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(verdict: i32, action: i32) -> DecideResponse {
        DecideResponse {
            decision_id: "d-1".to_owned(),
            callback_request_id: "r-1".to_owned(),
            verdict,
            action,
            reason_code: ReasonCode::Allowed.into(),
            ..DecideResponse::default()
        }
    }

    /// Every pair of verdict and action, unknown numbers included, at both stages.
    #[test]
    fn only_allow_goes_with_approve() {
        for (stage, verdict, action) in [Stage::Approval, Stage::Signing].into_iter().flat_map(|stage| {
            (-1..6).flat_map(move |verdict| (-1..6).map(move |action| (stage, verdict, action)))
        }) {
            let believed = check_transaction(answer(verdict, action), "r-1", stage);
            let expected = match (verdict, action) {
                (1, 1) => Ok(Action::Approve),
                (2 | 3, 2) => Ok(Action::Reject),
                (2 | 3, 3) => Ok(Action::Retry),
                (2 | 3, 4) if stage == Stage::Approval => Ok(Action::Ignore),
                _ => Err(()),
            };
            assert_eq!(
                believed.map(|decision| decision.action).map_err(drop),
                expected,
                "{verdict} {action}"
            );
        }
    }

    #[test]
    fn an_answer_to_another_request_is_none() {
        for id in ["r-2", "R-1", "r-1 ", ""] {
            assert_eq!(check_transaction(answer(1, 1), id, Stage::Signing), Err(Garbage::OtherRequest));
        }
    }

    #[test]
    fn ignore_needs_approval_on_both_sides() {
        let ignore = |stage: Stage| DecideResponse { stage: stage.into(), ..answer(3, 4) };
        assert!(check_transaction(ignore(Stage::Approval), "r-1", Stage::Approval).is_ok());
        for (theirs, ours) in [
            (Stage::Signing, Stage::Approval),
            (Stage::Approval, Stage::Signing),
            (Stage::Approval, Stage::Unspecified),
        ] {
            assert_eq!(check_transaction(ignore(theirs), "r-1", ours), Err(Garbage::IgnoreAtSigning));
        }
    }

    #[test]
    fn an_approval_names_its_record() {
        let unrecorded = DecideResponse { decision_id: String::new(), ..answer(1, 1) };
        assert_eq!(check_transaction(unrecorded, "r-1", Stage::Signing), Err(Garbage::NoRecord));
    }

    #[test]
    fn configuration_changes_are_held_to_the_same() {
        let answer = |verdict: Verdict, action: WireAction| DecideConfigChangeResponse {
            decision_id: "d-1".to_owned(),
            callback_request_id: "r-1".to_owned(),
            verdict: verdict.into(),
            action: action.into(),
            ..DecideConfigChangeResponse::default()
        };
        let check =
            |verdict, action, id| check_config_change(answer(verdict, action), id).map(|told| told.action);
        assert_eq!(check(Verdict::Hold, WireAction::Ignore, "r-1"), Ok(Action::Ignore));
        assert_eq!(check(Verdict::Allow, WireAction::Approve, "r-1"), Ok(Action::Approve));
        assert_eq!(check(Verdict::Hold, WireAction::Approve, "r-1"), Err(Garbage::Contradiction));
        assert_eq!(check(Verdict::Unspecified, WireAction::Ignore, "r-1"), Err(Garbage::NoVerdict));
        assert_eq!(check(Verdict::Hold, WireAction::Ignore, "r-2"), Err(Garbage::OtherRequest));
    }
}
