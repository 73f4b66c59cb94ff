//! For whom a decider decides: the tenants whose ledger it has.

use std::collections::BTreeSet;

use policy::tenant::check_tenant;

use crate::grants::Tenants;
use crate::yaml::names::{nearest, shown};
use crate::yaml::{Fields, Node, Reader};

/// Every tenant, now and later, in a grant. In a list it could be meant as a tenant's name.
pub const ALL: &str = "all";

/// The field `tenants` of a configuration; left out it is all that grants let in.
pub fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Tenants> {
    if !fields.has("tenants") {
        return Some(Tenants::All);
    }
    let node = fields.optional(reader, "tenants")?;
    let advice = "and nobody would be decided for: leave it out for all that grants let in";
    let name = |reader: &mut Reader<'_>, node: &Node| {
        read_name(reader, node, "for all that grants let in leave tenants out")
    };
    read_set(reader, node, "tenants", advice, name).map(Tenants::These)
}

/// A tenant's name; `for_all` says what to write for all of them.
pub fn read_name(reader: &mut Reader<'_>, node: &Node, for_all: &str) -> Option<String> {
    let name = reader.text(node, "a tenant")?;
    if name == ALL {
        reader.mistake(node.at, for_all);
        return None;
    }
    reader.check(node.at, check_tenant(name)).map(|()| name.to_owned())
}

/// What is granted for a tenant of another ledger could never be asked for.
pub fn check_own(reader: &mut Reader<'_>, own: &Tenants, node: &Node, name: &str) {
    let Tenants::These(tenants) = own else { return };
    if tenants.contains(name) {
        return;
    }
    let meant = nearest(name, tenants.iter().map(String::as_str));
    let meant = meant.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let name = shown(name);
    reader.mistake(
        node.at,
        format!("{name} is not among this decider's tenants, so it could never ask{meant}"),
    );
}

/// A list with something in it, and nothing twice; `advice` says what an empty one would mean.
pub fn read_set<T: Ord>(
    reader: &mut Reader<'_>,
    node: &Node,
    what: &str,
    advice: &str,
    read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<BTreeSet<T>> {
    let entries = reader.some(node, what, advice)?;
    let mut set = BTreeSet::new();
    let mut all_read = true;
    for entry in entries {
        match read(reader, entry) {
            Some(one) => {
                if !set.insert(one) {
                    reader.mistake(entry.at, "this is there twice");
                }
            }
            None => all_read = false,
        }
    }
    all_read.then_some(set)
}
