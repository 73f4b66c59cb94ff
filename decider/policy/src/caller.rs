//! Who asks: whose tenant it is, and what was proven of the caller (decision model, section 8). Neither is in the
//! payload: the tenant is granted to the mTLS identity that asks, and the proof is that identity's word.

use std::collections::BTreeSet;

use crate::choice::Choice;
use crate::request::CallerProof;
use crate::truth::Truth;

/// Conditions over who asks that must all hold. `None` is "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerConditions {
    /// One of these tenants.
    pub tenants: Option<Choice<BTreeSet<String>>>,
    /// One of these was proven. There are two proofs: one that is ruled out leaves the other.
    pub proofs: Option<BTreeSet<CallerProof>>,
}

impl CallerConditions {
    /// Whether they hold of the caller.
    pub fn hold(&self, tenant: &str, proof: Option<CallerProof>) -> Truth {
        Truth::all([self.of_tenant(tenant), self.of_proof(proof)])
    }

    /// Whether the tenant is asked for. It is never missing.
    pub fn of_tenant(&self, tenant: &str) -> Truth {
        self.tenants.as_ref().is_none_or(|choice| choice.includes(&tenant.to_owned())).into()
    }

    /// Whether the proof is asked for. Whoever says nothing of it may have either: to be taken for one of the two, he
    /// would only have to keep silent.
    pub fn of_proof(&self, proof: Option<CallerProof>) -> Truth {
        match (&self.proofs, proof) {
            (None, _) => Truth::True,
            (Some(_), None) => Truth::unknown("the caller's proof is missing"),
            (Some(asked), Some(proof)) => asked.contains(&proof).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVEN: CallerProof = CallerProof::CosignerSignature;
    const UNPROVEN: CallerProof = CallerProof::Unproven;

    fn proofs(proofs: &[CallerProof]) -> CallerConditions {
        CallerConditions { proofs: Some(proofs.iter().copied().collect()), ..CallerConditions::default() }
    }

    fn tenants(choice: fn(BTreeSet<String>) -> Choice<BTreeSet<String>>) -> CallerConditions {
        let tenants = Some(choice(["json".to_owned()].into()));
        CallerConditions { tenants, ..CallerConditions::default() }
    }

    #[test]
    fn who_says_nothing_of_his_proof_is_neither_proven_nor_unproven() {
        let missing = Truth::unknown("the caller's proof is missing");
        for asked in [proofs(&[PROVEN]), proofs(&[UNPROVEN]), proofs(&[PROVEN, UNPROVEN])] {
            assert_eq!(asked.hold("default", None), missing, "{asked:?}");
        }
        assert_eq!(CallerConditions::default().hold("default", None), Truth::True);
    }

    #[test]
    fn a_proof_is_one_of_those_asked_for_or_not() {
        for (asked, proven, unproven) in
            [(&[PROVEN][..], true, false), (&[UNPROVEN], false, true), (&[PROVEN, UNPROVEN], true, true)]
        {
            let holds = |proof| proofs(asked).hold("default", Some(proof));
            assert_eq!((holds(PROVEN), holds(UNPROVEN)), (proven.into(), unproven.into()), "{asked:?}");
        }
    }

    #[test]
    fn a_tenant_is_asked_for_or_ruled_out_whatever_is_proven() {
        for proof in [None, Some(PROVEN), Some(UNPROVEN)] {
            for (asked, json, other) in
                [(tenants(Choice::OneOf), true, false), (tenants(Choice::NoneOf), false, true)]
            {
                let holds = |tenant| asked.hold(tenant, proof);
                assert_eq!((holds("json"), holds("default")), (json.into(), other.into()), "{asked:?}");
            }
        }
    }

    #[test]
    fn another_tenant_settles_what_is_missing() {
        let asked = CallerConditions { proofs: proofs(&[UNPROVEN]).proofs, ..tenants(Choice::OneOf) };
        assert_eq!(asked.hold("default", None), Truth::False);
        assert!(matches!(asked.hold("json", None), Truth::Indeterminate(_)));
    }
}
