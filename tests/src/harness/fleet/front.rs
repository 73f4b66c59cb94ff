//! A real edge in front of the deciders, and what an operator does to them meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::{fresh, ready, set};
use super::Fleet;
use crate::cosigner::{self, Cosigner};
use crate::local::Local;
use crate::services::{self, Process, STOP_TIMEOUT};

impl Fleet {
    /// Starts an edge that knows the addresses of all deciders, and waits until it is ready.
    pub async fn start_edge(&mut self) {
        self.start_edge_with(|_| ()).await;
    }

    /// The same after a change of its configuration, in place of one that runs.
    pub async fn start_edge_with(&mut self, change: impl FnOnce(&mut Value)) {
        fresh("edge");
        drop(self.edge.take());
        let deciders = self.section();
        set(&self.local.edge_config(), |yaml| {
            yaml["decider"] = deciders;
            change(yaml);
        });
        let process = services::spawn_edge(&self.local, &[]).unwrap_or_else(|error| panic!("{error}"));
        ready(self.edge.insert(process)).await;
    }

    /// These deciders as an edge names them in its configuration, wherever that is.
    pub fn section(&self) -> Value {
        json!({
            "address": self.deciders.iter().map(|decider| url(decider.grpc)).collect::<Vec<_>>(),
            "ca": self.local.ca(),
            "certificate": self.local.certificate("edge-client"),
            "private_key": self.local.private_key("edge-client"),
        })
    }

    /// Where each of them listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.deciders.iter().map(|decider| decider.grpc).collect()
    }

    /// Keys, configurations and certificates.
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// The running edge.
    pub fn edge(&mut self) -> &mut Process {
        self.edge.as_mut().expect("the edge was not started")
    }

    /// A Co-signer with connections of its own, that waits no longer than this.
    pub fn cosigner(&self, timeout: Duration) -> Cosigner {
        self.cosigner_at("", timeout)
    }

    /// The same at a sub-path, such as `/acme`.
    pub fn cosigner_at(&self, sub_path: &str, timeout: Duration) -> Cosigner {
        let config = cosigner::Config {
            url: self.local.url().unwrap() + sub_path,
            private_key: self.local.cosigner_private_key(),
            reply_key: self.local.reply_public_key(),
            ca: self.local.ca(),
            timeout,
        };
        Cosigner::new(&config).unwrap()
    }

    /// SIGTERM to one decider, which must end by itself.
    pub async fn stop(&mut self, number: usize) {
        let process = self.process(number);
        let status = process.stop(STOP_TIMEOUT).await.unwrap();
        assert!(status.success(), "did not stop in good order: {status}\n{}", process.log_text());
    }

    /// The same one again, until it is ready.
    pub async fn start_again(&mut self, number: usize) {
        self.spawn_again(number);
        ready(self.process(number)).await;
    }
}

/// Where an edge asks a decider: by the name of this machine where it runs there.
pub fn url(decider: SocketAddr) -> String {
    match decider.ip().is_loopback() {
        true => format!("https://localhost:{}", decider.port()),
        false => format!("https://{decider}"),
    }
}
