//! `tenant` and `caller_proof`: who asks.

use std::collections::BTreeSet;

use policy::caller::CallerConditions;
use policy::request::CallerProof;
use policy::tenant::check_tenant;

use super::choices::{read_one_of_two, read_set};
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

/// The fields of rules and limits over who asks.
pub const TENANT: &str = "tenant";
pub const CALLER_PROOF: &str = "caller_proof";

/// The conditions over who asks.
pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> CallerConditions {
    CallerConditions {
        tenants: read_set(reader, fields, TENANT, read_tenant),
        proofs: read_proofs(reader, fields),
    }
}

/// Which tenants there are is not in the policy: only what none is called is a mistake.
pub fn read_tenant(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.text(node, "a tenant")?;
    reader.check(node.at, check_tenant(name)).map(|()| name.to_owned())
}

fn read_proofs(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<BTreeSet<CallerProof>> {
    read_one_of_two(reader, fields, CALLER_PROOF, CallerProof::ALL.map(|(_, proof)| proof), read_proof)
}

fn read_proof(reader: &mut Reader<'_>, node: &Node) -> Option<CallerProof> {
    let name = reader.text(node, "a caller_proof")?;
    let known = CallerProof::ALL.into_iter().find(|(known, _)| *known == name);
    if known.is_none() {
        let words = CallerProof::ALL.map(|(known, _)| known);
        reader.mistake(node.at, unknown(CALLER_PROOF, name, words));
    }
    known.map(|(_, proof)| proof)
}
