//! What a configuration says, field by field, to compare it with another one.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Kind, Node};

/// Every field that has a value, by its name, such as `paths[0].tenant`. No secret is among them: those are in files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(super) fn new(root: &Node) -> Self {
        let mut settings = Self::default();
        settings.add(String::new(), &root.kind);
        settings
    }

    fn add(&mut self, name: String, kind: &Kind) {
        let text = match kind {
            Kind::Map(members) => {
                for (member, node) in members {
                    let name = if name.is_empty() {
                        member.value.clone()
                    } else {
                        format!("{name}.{}", member.value)
                    };
                    self.add(name, &node.kind);
                }
                return;
            }
            Kind::List(items) => {
                for (index, node) in items.iter().enumerate() {
                    self.add(format!("{name}[{index}]"), &node.kind);
                }
                return;
            }
            Kind::Text(text) => text.clone(),
            Kind::Integer(number) => number.to_string(),
            // No field takes one.
            Kind::Other => String::new(),
            // Left out.
            Kind::Null => return,
        };
        self.0.insert(name, text);
    }

    /// The fields that do not say the same in both, in the order of their names.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        names.into_iter().filter(|name| self.0.get(*name) != other.0.get(*name)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::document, *};

    fn settings(yaml: &str) -> Settings {
        Settings::new(&document::parse(yaml).expect("YAML").root)
    }

    #[test]
    fn what_differs_is_named() {
        let before = settings("a: {b: 1, c: x}\nd: [{e: 1}, {e: 2}]\nf: ~\n");
        let differences = |yaml: &str| before.differences(&settings(yaml)).join(" ");
        assert_eq!(differences("d: [{e: 1}, {e: 2}]\na: {c: 'x', b: 1}\n"), "");
        assert_eq!(differences("a: {b: 2, c: x}\nd: [{e: 2}, {e: 1}]\nf: y\n"), "a.b d[0].e d[1].e f");
        assert_eq!(differences("d: [{e: 1}]\n"), "a.b a.c d[1].e");
    }
}
