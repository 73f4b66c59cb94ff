//! The whole edge from bytes to answer, over TLS, with a decider behind it that allows everything: only what a Co-signer
//! signed gets a signed reply, and only a request that can be decoded an approval.

use std::sync::OnceLock;

use bytes::Bytes;
use edge::app::{Started, start};
use edge::config::Config;
use serde_json::Value;
use system_tests::cosigner::{ANSWER_TIMEOUT, Action, Config as CosignerConfig, Cosigner, Endpoint, Error};
use system_tests::harness::scripted_decider::{ScriptedDecider, approval};
use system_tests::local::{Local, Settings};
use system_tests::services::ports;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The first byte says how the others are sent: signed or as they are, to which endpoint.
pub fn holds_for(bytes: &[u8]) {
    let Some((how, body)) = bytes.split_first() else { return };
    let edge = Edge::running();
    let endpoint = if how & 1 == 0 { Endpoint::Transaction } else { Endpoint::ConfigChange };
    if how & 2 == 0 {
        edge.runtime.block_on(edge.unsigned(endpoint, body));
    } else {
        edge.runtime.block_on(edge.signed(endpoint, body));
    }
}

/// An edge in this process, and the one Co-signer that calls it.
struct Edge {
    runtime: Runtime,
    cosigner: Cosigner,
    _edge: Started,
    _decider: ScriptedDecider,
    _directory: TempDir,
}

impl Edge {
    fn running() -> &'static Self {
        static EDGE: OnceLock<Edge> = OnceLock::new();
        EDGE.get_or_init(|| {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let directory = tempfile::tempdir().unwrap();
            let settings = Settings { addresses: ports::free_addresses(), ..Settings::default() };
            let local = Local::create(&directory.path().join("local"), &settings).unwrap();
            let (started, decider) = runtime.block_on(async {
                let decider = ScriptedDecider::start(&local, |request| Ok(approval(&request))).await;
                (start(Config::load(&local.edge_config()).unwrap()).await.unwrap(), decider)
            });
            let cosigner = Cosigner::new(&CosignerConfig {
                url: local.url().unwrap(),
                private_key: local.cosigner_private_key(),
                reply_key: local.reply_public_key(),
                ca: local.ca(),
                timeout: ANSWER_TIMEOUT,
            });
            Self {
                runtime,
                cosigner: cosigner.unwrap(),
                _edge: started,
                _decider: decider,
                _directory: directory,
            }
        })
    }

    async fn unsigned(&self, endpoint: Endpoint, body: &[u8]) {
        let response = self.cosigner.post(endpoint, Bytes::copy_from_slice(body)).await.unwrap();
        assert!(response.status.is_client_error(), "{} to somebody without a key", response.status);
        assert!(!response.excerpt().contains("eyJ"), "a token to somebody without a key");
    }

    async fn signed(&self, endpoint: Endpoint, payload: &[u8]) {
        let token = self.cosigner.sign(payload).unwrap();
        match self.cosigner.send_token(endpoint, &token).await {
            Ok(answer) => {
                let read: Option<Value> = serde_json::from_slice(payload).ok();
                if answer.reply.action == Action::Approve {
                    let read = read.expect("an approval of what is no JSON");
                    let asked = read.get("requestId").and_then(Value::as_str);
                    assert_eq!(asked, Some(answer.reply.request_id.as_str()));
                    assert_eq!(endpoint, Endpoint::Transaction, "configuration changes are left to people");
                }
            }
            Err(Error::Refused { status, .. }) => assert!(matches!(status, 400 | 401 | 413), "{status}"),
            Err(error) => panic!("{error}"),
        }
    }
}
