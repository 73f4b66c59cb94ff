//! One edge that is attacked, and the decider behind it: a real one, or one that would approve anything.

use std::time::Duration;

use system_tests::cosigner::jws::Verifier;
use system_tests::harness::collector::Collector;
use system_tests::harness::scripted_decider::{ScriptedDecider, approval};
use system_tests::harness::{Options, System};
use system_tests::local::Store;
use system_tests::requests::{Destination, Transfer, fresh_id};
use system_tests::vectors;
use tokio::time::timeout;

use super::case::Case;
use super::judge::{Outcome, judge};
use super::keys::Keys;
use super::text::Words;
use super::token::TokenRecipe;
use super::{attack, probe, scan};
use crate::on_record::decisions_counted;
use crate::secrets::TREASURY;

/// Everything that is harmless is approved, so that whatever is let through shows.
const POLICY: &str = r#"
version: 1
assets: {ETH: {chain: evm, decimals: 18}}
allow:
  - id: treasury
    when: {destination: [{type: VAULT, id: "1"}], assets: [ETH]}
"#;
/// What a real request may take while the edge is under attack.
const ALIVE_WITHIN: Duration = Duration::from_secs(10);

/// Who decides behind the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decides {
    /// The real decider, by the policy above.
    Policy,
    /// Nobody: everything that gets there is approved.
    Nobody,
}

/// An edge under attack.
pub struct Ground {
    system: System,
    collector: Collector,
    approves_all: Option<ScriptedDecider>,
    keys: Keys,
    reply_keys: Vec<Verifier>,
}

impl Ground {
    pub async fn start(decides: Decides) -> Self {
        let collector = Collector::start().await;
        let mut environment = collector.environment();
        environment.push(("RUST_LOG".to_owned(), "debug".to_owned()));
        let mut system = System::with(Options {
            policy: POLICY.to_owned(),
            store: Store::Memory,
            environment,
            edit_edge: two_paths_and_little_patience,
            decider: decides == Decides::Policy,
            edge: false,
            json: true,
            ..Options::default()
        })
        .await;
        let approves_all = match decides {
            Decides::Policy => None,
            Decides::Nobody => {
                Some(ScriptedDecider::start(system.local(), |request| Ok(approval(&request))).await)
            }
        };
        system.start_edge().await;
        let keys = Keys::of(system.local());
        let reply_keys =
            [system.local().reply_public_key(), vectors::path("synthetic_callback_rsa_public.pem")];
        let reply_keys = reply_keys.map(|path| Verifier::from_pem(&std::fs::read(path).unwrap()).unwrap());
        Self { system, collector, approves_all, keys, reply_keys: reply_keys.into() }
    }

    /// Sends a case and judges what comes of it.
    pub async fn attack(&mut self, case: &Case) -> Result<(), String> {
        let (id, mut words) = self.words(case);
        let token = case.token.make(&words, &self.keys);
        put_token(&mut words, "token", token);
        let asked = self.asked().await;
        let came = attack::send(case, &words, self.system.local()).await;
        let outcome = Outcome { came, asked: self.asked().await - asked };
        judge(case, &id, &outcome, &self.reply_keys).map_err(|why| {
            let token =
                String::from_utf8_lossy(&words.expand("{{token}}")).chars().take(1500).collect::<String>();
            format!("{why}\n  came: {:?}\n  token: {token}", outcome.came)
        })
    }

    /// A real request is answered as ever, over both versions of HTTP.
    pub async fn check_alive(&mut self) -> Result<(), String> {
        let (status, _) = self.system.edge().admin("/livez").await.map_err(|error| error.to_string())?;
        assert_eq!(status, 200);
        for version in probe::VERSIONS {
            let approved = timeout(ALIVE_WITHIN, probe::approved(version, &self.system, &self.reply_keys[0]));
            approved.await.map_err(|_| format!("a real request over {version:?} gets no answer"))??;
        }
        Ok(())
    }

    /// Ends the services; nothing of all this may stand in their logs and traces.
    pub async fn finish(mut self) {
        self.system.stop().await;
        scan::logs(&self.system, self.approves_all.is_none());
        scan::traces(&self.collector, &self.system);
    }

    /// Questions that the decider had.
    async fn asked(&mut self) -> u64 {
        match &self.approves_all {
            Some(decider) => decider.calls() as u64,
            None => decisions_counted(&mut self.system).await,
        }
    }

    /// The id of a case's request, and the words that its recipe may use.
    fn words(&self, case: &Case) -> (String, Words) {
        let mut words = Words::default();
        let id = case.id.as_ref().map_or_else(fresh_id, |id| words.expand_text(id));
        let transfer = transfer().with_id(&id);
        words.put("id", serde_json::Value::from(id.as_str()).to_string().trim_matches('"'));
        words.put("transfer", members(&transfer.fields()));
        words.put("other_jwk", self.keys.other_jwk());
        let good = TokenRecipe::default().make(&words, &self.keys);
        put_token(&mut words, "good", good);
        (id, words)
    }
}

/// A transfer that the policy allows.
pub fn transfer() -> Transfer {
    Transfer::new("ETH", Destination::vault("1", TREASURY, "0.01"))
}

fn members(fields: &serde_json::Value) -> String {
    let object = fields.to_string();
    object[1..object.len() - 1].to_owned()
}

/// The token and its parts: `token`, `token.0`, `token.1`, `token.2`, `token.length`.
fn put_token(words: &mut Words, name: &str, token: Vec<u8>) {
    for (index, part) in token.split(|byte| *byte == b'.').enumerate() {
        words.put(&format!("{name}.{index}"), part);
        words.put(&format!("{name}.{index}.padded"), padded(part));
    }
    words.put(&format!("{name}.length"), token.len().to_string());
    words.put(name, token);
}

fn padded(part: &[u8]) -> Vec<u8> {
    [part, b"=".repeat((4 - part.len() % 4) % 4).as_slice()].concat()
}

/// `/other` is another Co-signer's path, with keys of its own.
fn two_paths_and_little_patience(yaml: String) -> String {
    const LIMITS: &str = "  handshake_timeout: 2s\n  header_timeout: 2s\n  idle_timeout: 2s\n  body_timeout: 2s\n  write_timeout: 2s\nadmin:";
    let at = |name| vectors::path(name).display().to_string();
    let other = format!(
        "\npaths:\n  - sub_path: /other\n    tenant: default\n    cosigner_public_keys: [{}]\n    reply_private_key: {}\n",
        at("synthetic_cosigner_public.pem"),
        at("synthetic_callback_rsa_private.pem"),
    );
    yaml.replacen("admin:", LIMITS, 1).replacen("\npaths:\n", &other, 1)
}
