//! Where in the files it stands what people gave names to, for whoever is told something about it later.

use std::collections::BTreeMap;

use crate::yaml::Place;

/// Places in the files of a policy.
#[derive(Debug, Clone, Default)]
pub struct Spots {
    /// The files, by the number that places have.
    pub files: Vec<String>,
    /// Rules and limits, by id.
    pub ids: BTreeMap<String, Place>,
    /// Lists, by name.
    pub lists: BTreeMap<String, Place>,
    /// What can be read and may not be meant, with what to say of it.
    pub doubts: Vec<(Place, String)>,
}

impl Spots {
    /// Of a rule or a limit.
    pub fn of_id(&self, id: &str) -> Place {
        self.ids.get(id).copied().unwrap_or_default()
    }

    /// Of a list.
    pub fn of_list(&self, name: &str) -> Place {
        self.lists.get(name).copied().unwrap_or_default()
    }
}
