//! Names that people give: short, plain, and each used once.

use std::collections::BTreeMap;

use crate::yaml::{Fields, Place, Reader};

/// The longest name, in bytes: it stands in reasons, which have 256.
const MAX_NAME_BYTES: usize = 64;
/// The longest asset id, in bytes, as the contract has it.
const MAX_ASSET_ID_BYTES: usize = 64;

/// The ids of rules and limits: one space, because answers name them alike.
#[derive(Default)]
pub struct Ids {
    seen: BTreeMap<String, Place>,
}

impl Ids {
    /// The `id` of a rule or limit; empty where that is a mistake.
    pub fn read(&mut self, reader: &mut Reader<'_>, fields: &Fields<'_>) -> String {
        let node = fields.required(reader, "id");
        let Some((node, id)) = node.and_then(|node| Some((node, reader.text(node, "id")?))) else {
            return String::new();
        };
        check_name(reader, id, node.at);
        match self.seen.get(id) {
            Some(first) => {
                let message = format!("id {id} is used twice: {}", reader.first(*first, node.at));
                reader.mistake(node.at, message);
            }
            None => {
                self.seen.insert(id.to_owned(), node.at);
            }
        }
        id.to_owned()
    }

    /// Where each of them stands.
    pub fn places(self) -> BTreeMap<String, Place> {
        self.seen
    }

    /// Whether a rule or limit has this id, well or badly written.
    pub fn knows(&self, id: &str) -> bool {
        self.seen.contains_key(id)
    }
}

/// A name of a list, group, rule or limit.
pub fn check_name(reader: &mut Reader<'_>, name: &str, at: Place) {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain || name.len() > MAX_NAME_BYTES {
        let message = format!("a name has at most {MAX_NAME_BYTES} letters, digits, \"-\", \"_\" and \".\"");
        reader.mistake(at, message);
    }
}

/// Of words that others may join: one that differs from a known one in its letters alone is no other word.
pub fn check_letters(name: &str, known: &[&str]) -> Result<(), String> {
    let meant = known.iter().find(|known| known.eq_ignore_ascii_case(name) && **known != name);
    meant.map_or(Ok(()), |meant| Err(format!("{name} never matches: it is written {meant}")))
}

/// The id of an asset is the custody system's to choose; only what could never be sent is refused.
pub fn check_asset_id(reader: &mut Reader<'_>, id: &str, at: Place) {
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || id.len() > MAX_ASSET_ID_BYTES {
        let message =
            format!("an asset id has at most {MAX_ASSET_ID_BYTES} printable characters and no blanks");
        reader.mistake(at, message);
    }
}
