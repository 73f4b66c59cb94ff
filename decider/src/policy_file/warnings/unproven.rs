//! What callers of whom nothing is proven may do, in a policy that has a rule for them alone.

use policy::document::Policy;
use policy::expression::Text;
use policy::request::CallerProof;
use policy::rule::Rule;

use super::idle;
use super::open::may_meet;

/// That an allow rule is theirs, too, whose author gave them one of their own. A policy that has none says nothing of
/// them: it may have no JSON mode, or narrow it by what it denies.
pub fn of_allow(policy: &Policy, rule: &Rule) -> Option<String> {
    if asks_for_proof(rule) {
        return None;
    }
    let tenants = &rule.when.caller.tenants;
    let mut theirs = policy.allow.iter().filter(|other| is_of_unproven(other));
    let other = theirs.find(|other| may_meet(&other.when.caller.tenants, tenants))?;
    let mut asked = rule.clone();
    asked.when.caller.proofs = Some([CallerProof::Unproven].into());
    let (id, other) = (&rule.id, &other.id);
    idle::allows_nothing(policy, &asked).is_none().then(|| {
        format!("allow rule {id} allows unproven callers, too, who have allow rule {other} of their own: state its caller_proof")
    })
}

fn is_of_unproven(rule: &Rule) -> bool {
    rule.when.caller.proofs == Some([CallerProof::Unproven].into())
}

fn asks_for_proof(rule: &Rule) -> bool {
    let words = rule.when.circumstances.expression.iter().flat_map(|expression| expression.words());
    rule.when.caller.proofs.is_some() || words.into_iter().any(|(_, text, _)| text == Text::CallerProof)
}
