//! Tenants that nobody decides for here: what names one alone is never met.

use std::collections::BTreeSet;

use policy::caller::CallerConditions;
use policy::choice::Choice;
use policy::condition::Conditions;
use policy::document::Policy;
use policy::expression::Text;

use crate::yaml::names::nearest;

/// What is said of each rule and limit, by its id, that names a tenant which is none of these.
pub fn none_of<'p>(policy: &'p Policy, tenants: &BTreeSet<String>) -> Vec<(&'p str, String)> {
    let deny = policy.deny.iter().map(|rule| ("deny rule", &rule.id, named(&rule.when)));
    let allow = policy.allow.iter().map(|rule| ("allow rule", &rule.id, named(&rule.when)));
    let limits = policy.limits.iter().map(|limit| ("limit", &limit.id, named(&limit.when)));
    let changes = policy.config_changes.iter().map(|rule| ("rule", &rule.id, by_field(&rule.caller)));
    let mut noted = Vec::new();
    for (what, id, named) in deny.chain(allow).chain(limits).chain(changes) {
        let others = named.into_iter().filter(|name| !tenants.contains(*name));
        noted.extend(others.map(|name| (id.as_str(), told(&format!("{what} {id}"), name, tenants))));
    }
    noted
}

fn told(rule: &str, name: &str, tenants: &BTreeSet<String>) -> String {
    let meant = nearest(name, tenants.iter().map(String::as_str));
    let meant = meant.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
    format!("{rule} asks for tenant {name}, which is none of those that are decided for here{meant}")
}

fn by_field(caller: &CallerConditions) -> BTreeSet<&str> {
    caller.tenants.iter().flat_map(Choice::alternatives).map(String::as_str).collect()
}

fn named(when: &Conditions) -> BTreeSet<&str> {
    let words = when.circumstances.expression.iter().flat_map(|expression| expression.words());
    let by_expression = words.filter(|(_, text, _)| *text == Text::Tenant).map(|(_, _, word)| word);
    by_field(&when.caller).into_iter().chain(by_expression).collect()
}
