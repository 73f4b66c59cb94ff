//! A token by its recipe: header, payload, who signs it how, and what is then done to it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use system_tests::cosigner::jws::HEADER;

use super::{
    keys::{Keys, Signing},
    text::Words,
};

/// A token. What is not said is as a real Co-signer does it, and would be approved.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecipe {
    header: Option<String>,
    payload: Option<String>,
    /// Members of the payload that are changed, by JSON pointer.
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default)]
    sign: Signing,
    /// What is done to the token once it is signed.
    #[serde(default)]
    then: Vec<Change>,
}

/// What is done to a signed token. Parts are numbered from 0.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Change {
    /// Cuts so many characters off the end.
    Truncate(usize),
    /// Flips one bit of a part's bytes.
    Flip { part: usize, bit: usize },
    /// Puts another text in place of a part.
    Replace { part: usize, text: String },
    /// Puts a text into a part, behind so many of its characters.
    Insert { part: usize, at: usize, text: String },
    /// Sets a bit of the last character that stands for no bit of any byte: another spelling of the same bytes.
    Respell { part: usize },
    /// Writes a part in the alphabet of plain base64.
    Standard { part: usize },
}

impl TokenRecipe {
    /// The token.
    pub fn make(&self, words: &Words, keys: &Keys) -> Vec<u8> {
        let header = words.expand(self.header.as_deref().unwrap_or(HEADER));
        let payload = words.expand(self.payload.as_deref().unwrap_or("{{{transfer}}}"));
        let payload = if self.set.is_empty() { payload } else { self.changed(&payload, words) };
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = keys.sign(self.sign, signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        self.then.iter().fold(token, |token, change| change.apply(&token, words)).into_bytes()
    }

    fn changed(&self, payload: &[u8], words: &Words) -> Vec<u8> {
        let mut fields: Value = serde_json::from_slice(payload).expect("only JSON can be changed");
        for (pointer, value) in &self.set {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer begins with /");
            let value = match value {
                Value::String(text) => words.expand_text(text).into(),
                other => other.clone(),
            };
            let parent = fields.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {pointer}"));
            parent[name] = value;
        }
        fields.to_string().into_bytes()
    }
}

impl Change {
    fn apply(&self, token: &str, words: &Words) -> String {
        let changed = match self {
            Self::Truncate(count) => token[..token.len() - count].to_owned(),
            Self::Flip { part, bit } => of_part(token, *part, |text| flipped(text, *bit)),
            Self::Replace { part, text } => of_part(token, *part, |_| words.expand_text(text)),
            Self::Insert { part, at, text } => of_part(token, *part, |old| {
                format!("{}{}{}", &old[..*at], words.expand_text(text), &old[*at..])
            }),
            Self::Respell { part } => of_part(token, *part, respelt),
            Self::Standard { part } => of_part(token, *part, |text| text.replace('-', "+").replace('_', "/")),
        };
        assert_ne!(changed, token, "{self:?} changes nothing");
        changed
    }
}

fn of_part(token: &str, part: usize, change: impl Fn(&str) -> String) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[part] = change(&parts[part]);
    parts.join(".")
}

fn flipped(text: &str, bit: usize) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
    bytes[bit / 8] ^= 1 << (bit % 8);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The alphabet's next character differs in the last bit, which stands for nothing where the length is no multiple
/// of four.
fn respelt(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_ne!(text.len() % 4, 0, "no bit of it is spare");
    let (rest, last) = text.split_at(text.len() - 1);
    let index = ALPHABET.find(last).expect("base64url");
    format!("{rest}{}", &ALPHABET[index + 1..index + 2])
}
