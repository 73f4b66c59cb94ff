//! What was proven of who asked is on record, and an answer to one caller is none to another.

use policy::request::CallerProof;
use policy::verdict::{ReasonCode, Verdict};

use super::*;
use crate::grpc::record;
use crate::store::{Lookup, Store as _};

fn proven(proof: wire::CallerProof, asked: wire::DecideRequest) -> wire::DecideRequest {
    wire::DecideRequest { caller_proof: proof.into(), ..asked }
}

/// The newest record of an id, as the contract tells it.
fn told(office: &Office, request_id: &str) -> wire::DecisionRecord {
    let lookup = Lookup::RequestId(request_id.into());
    let record = office.runtime.block_on(office.store.get("default".into(), lookup)).unwrap().unwrap();
    record::record(record).unwrap()
}

#[test]
fn it_is_kept_told_and_exported_and_the_log_holds_together() {
    use wire::CallerProof::{CosignerSignature, Unproven, Unspecified};
    for backend in backends() {
        let office = Office::open(&backend, &policy_of(POLICY));
        for (id, proof) in [("tx-1", Unproven), ("tx-2", CosignerSignature), ("tx-3", Unspecified)] {
            let answer = office.ask(proven(proof, transfer(id, "0.1"))).unwrap();
            assert_eq!(told(&office, id).caller_proof(), proof, "{}", backend.name());
            let repeated = office.ask(proven(proof, transfer(id, "0.1"))).unwrap();
            assert!(repeated.recorded_earlier && repeated.decision == answer.decision);
        }
        let asked = wire::DecideConfigChangeRequest { caller_proof: Unproven.into(), ..change("c-1") };
        assert_eq!(office.change(asked).decision.caller_proof, Some(CallerProof::Unproven));
        assert_eq!(told(&office, "c-1").caller_proof(), Unproven);
        drop(office);
        assert_eq!(findings(&backend), Vec::<String>::new(), "{}", backend.name());
        let proofs: Vec<Option<String>> = exported(&backend, &export::Wanted::default())
            .iter()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                line["decision"]["caller_proof"].as_str().map(str::to_owned)
            })
            .collect();
        let word = |text: &str| Some(text.to_owned());
        assert_eq!(proofs, [word("UNPROVEN"), word("COSIGNER_SIGNATURE"), None, word("UNPROVEN")]);
    }
}

/// Else whoever is in an allowed network would be told what a rule says to Co-signers alone.
#[test]
fn who_else_asks_the_same_gets_no_answer_of_another() {
    use wire::CallerProof::{CosignerSignature, Unproven, Unspecified};
    let all = [CosignerSignature, Unproven, Unspecified];
    for backend in backends() {
        let office = Office::open(&backend, &policy_of(POLICY));
        for (number, first) in all.into_iter().enumerate() {
            let asked = |proof| proven(proof, transfer(&format!("tx-{number}"), "0.1"));
            let allowed = office.ask(asked(first)).unwrap().decision;
            assert_eq!(allowed.verdict, Verdict::Allow);
            for other in all.into_iter().filter(|other| *other != first) {
                let refused = office.ask(asked(other)).unwrap().decision;
                assert_eq!(
                    (refused.verdict, refused.reason.code),
                    (Verdict::Deny, ReasonCode::ContentChanged)
                );
            }
            let again = office.ask(asked(first)).unwrap();
            assert!(again.recorded_earlier && again.decision == allowed, "the first record stands");
        }
        let asked = |proof: wire::CallerProof| {
            let asked = wire::DecideConfigChangeRequest { caller_proof: proof.into(), ..change("c-1") };
            office.change(asked).decision.reason.code
        };
        assert_ne!(asked(CosignerSignature), ReasonCode::ContentChanged);
        assert_eq!(asked(Unproven), ReasonCode::ContentChanged);
        drop(office);
        assert_eq!(findings(&backend), Vec::<String>::new(), "{}", backend.name());
    }
}

#[test]
fn a_record_that_says_more_was_proven_than_the_request_does_is_found() {
    for backend in backends() {
        let office = Office::open(&backend, &policy_of(POLICY));
        office.ask(proven(wire::CallerProof::Unproven, transfer("tx-1", "0.1"))).unwrap();
        drop(office);
        let sql = "UPDATE decisions SET body = replace(body, 'UNPROVEN', 'COSIGNER_SIGNATURE')";
        vandalise(&backend, sql);
        let expected =
            "decision number 1: filed under other words than it says: what was proven of the caller";
        assert_eq!(findings(&backend), [expected], "{}", backend.name());
    }
}
