//! `deny` and `allow`: rules.

use policy::rule::Rule;

use super::conditions::read_conditions;
use super::ids::Ids;
use super::names::Names;
use super::scope::Section;
use crate::yaml::{Fields, Node, Reader};

const ALLOW_FIELDS: [&str; 2] = ["id", "when"];
const DENY_FIELDS: [&str; 3] = ["id", "when", LEAVE_TO_CONSOLE];
/// Whether people decide at the console over what a deny rule or a limit holds.
pub const LEAVE_TO_CONSOLE: &str = "leave_to_console";

pub fn read_deny(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names, ids: &mut Ids) -> Vec<Rule> {
    let node = fields.optional(reader, "deny");
    node.map_or_else(Vec::new, |node| read(reader, node, Section::Deny, names, ids))
}

/// `allow` must be there, so that a policy that allows nothing says so.
pub fn read_allow(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names, ids: &mut Ids) -> Vec<Rule> {
    let node = fields.required(reader, "allow");
    node.map_or_else(Vec::new, |node| read(reader, node, Section::Allow, names, ids))
}

fn read(reader: &mut Reader<'_>, node: &Node, section: Section, names: &Names, ids: &mut Ids) -> Vec<Rule> {
    let entries = reader.list(node, section.name()).unwrap_or_default();
    entries.iter().filter_map(|entry| read_rule(reader, entry, section, names, ids)).collect()
}

/// `when` must be there: a rule over everything has to say `when: {}`.
fn read_rule(
    reader: &mut Reader<'_>,
    node: &Node,
    section: Section,
    names: &Names,
    ids: &mut Ids,
) -> Option<Rule> {
    let fields = rule_fields(reader, node, section)?;
    let id = ids.read(reader, &fields);
    let leave_to_console = read_leave_to_console(reader, &fields);
    if section == Section::Allow
        && let Some(node) = fields.optional(reader, LEAVE_TO_CONSOLE)
    {
        let message = "leave_to_console belongs to deny rules and limits: an allow rule holds nothing";
        reader.mistake(node.at, message);
    }
    let when = fields.required(reader, "when")?;
    Some(Rule { id, when: read_conditions(reader, when, names, section)?, leave_to_console })
}

fn rule_fields<'n>(reader: &mut Reader<'_>, node: &'n Node, section: Section) -> Option<Fields<'n>> {
    match section {
        Section::Allow => {
            Fields::of_known_and_refused(reader, node, "a rule", &ALLOW_FIELDS, &[LEAVE_TO_CONSOLE])
        }
        Section::Deny | Section::Limit => Fields::of(reader, node, "a rule", &DENY_FIELDS),
    }
}

pub fn read_leave_to_console(reader: &mut Reader<'_>, fields: &Fields<'_>) -> bool {
    let node = fields.optional(reader, LEAVE_TO_CONSOLE);
    node.and_then(|node| reader.flag(node, LEAVE_TO_CONSOLE)).unwrap_or(false)
}
