//! One line of a file in `tests/hostile/`: what is sent, and what must come of it. Its README says what the words
//! mean.

use std::path::PathBuf;

use serde::Deserialize;
use system_tests::cosigner::Action;

use super::{frames::Frame, step::Step, token::TokenRecipe, wire::Client};

/// One hostile input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub class: String,
    /// Which listener it is sent to.
    #[serde(default)]
    pub mode: Mode,
    /// Path that is posted to.
    #[serde(default = "transaction_path")]
    pub to: String,
    /// The request's id, which a reply must echo. Without it a fresh one.
    pub id: Option<String>,
    /// The token that `{{token}}` stands for. Without it one that would be approved.
    #[serde(default)]
    pub token: TokenRecipe,
    /// Without it: the token is the body of a POST.
    pub send: Option<Way>,
    pub expect: Expected,
    /// Where it stands: `file:line`.
    #[serde(skip)]
    pub place: String,
    /// The line itself.
    #[serde(skip)]
    pub line: String,
}

impl Case {
    /// What people need to find it and to do it again.
    pub fn told(&self) -> String {
        format!("{}: {}\n  {}\n ", self.place, self.name, self.line)
    }
}

/// A wire mode (callback protocol, section 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Jwt,
    Json,
}

/// How it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The body of a POST.
    Body(String),
    /// What is written into a TLS connection of HTTP/1.
    Http(Vec<Step>),
    /// The same, again and again, by somebody who never reads.
    Deaf(Vec<Step>),
    /// Frames after the preface of HTTP/2.
    H2(Vec<Frame>),
    /// What is written into a TCP connection.
    Tcp(Vec<Step>),
    /// A POST of the token by a TLS client that differs.
    Tls(Client),
    /// What `openssl s_client` reads while it is connected, after these arguments.
    Openssl { arguments: Vec<String>, input: String },
}

/// What must come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// 401, nothing signed.
    Unauthenticated,
    /// Another status of 400 to 499, nothing signed.
    Refused,
    /// The connection ends without an answer.
    Closed,
    /// The connection ends, and nothing but an alert came.
    NoHandshake,
    /// 401, and then the end of the connection.
    Left,
    /// The stream or the connection ends, or a status of 400 to 499, but not 401, is the answer.
    Stopped,
    /// Anything unsigned, or nothing.
    Survives,
    /// A signed REJECT of the edge itself; IGNORE for a configuration change.
    Malformed,
    /// A signed REJECT of the decider.
    Denied,
    /// A signed IGNORE of the decider.
    Ignored,
    /// A signed APPROVE of the decider: harmless, and so taken.
    Approved,
}

impl Expected {
    /// Whether the decider is asked, and so once.
    pub const fn asks(self) -> bool {
        matches!(self, Self::Denied | Self::Ignored | Self::Approved)
    }

    /// The action of the signed reply, where one must come.
    pub fn action(self, to: &str) -> Option<Action> {
        match self {
            Self::Approved => Some(Action::Approve),
            Self::Denied => Some(Action::Reject),
            Self::Ignored => Some(Action::Ignore),
            Self::Malformed if to.contains("config_change") => Some(Action::Ignore),
            Self::Malformed => Some(Action::Reject),
            _ => None,
        }
    }
}

fn transaction_path() -> String {
    "/v2/tx_sign_request".to_owned()
}

/// The cases of one file, in its order.
pub fn read(file: &str) -> Vec<Case> {
    let path = directory().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| parse(&format!("{file}:{}", index + 1), line)).collect()
}

fn parse(place: &str, line: &str) -> Case {
    let case: Case = serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}\n{line}"));
    Case { place: place.to_owned(), line: line.to_owned(), ..case }
}

/// Where the files lie.
pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("hostile")
}
