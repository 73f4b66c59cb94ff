//! A real edge in front of the deciders, and what an operator does to them meanwhile.

use std::time::Duration;

use super::super::{fresh, ready};
use super::Fleet;
use crate::cosigner::{self, Cosigner};
use crate::services::{self, Process, STOP_TIMEOUT};

impl Fleet {
    /// Starts an edge that knows the addresses of all deciders, and waits until it is ready.
    pub async fn start_edge(&mut self) {
        fresh("edge");
        let usual = format!("https://localhost:{}", self.local.addresses().unwrap().decider.port());
        let urls = self.deciders.iter().map(|decider| format!("https://localhost:{}", decider.grpc.port()));
        let list = format!("[{}]", urls.collect::<Vec<_>>().join(", "));
        let yaml = std::fs::read_to_string(self.local.edge_config()).unwrap();
        assert!(yaml.contains(&usual), "edge.yaml does not name {usual}:\n{yaml}");
        std::fs::write(self.local.edge_config(), yaml.replace(&usual, &list)).unwrap();
        let process = services::spawn_edge(&self.local, &[]).unwrap_or_else(|error| panic!("{error}"));
        ready(self.edge.insert(process)).await;
    }

    /// The running edge.
    pub fn edge(&mut self) -> &mut Process {
        self.edge.as_mut().expect("the edge was not started")
    }

    /// A Co-signer with connections of its own, that waits no longer than this.
    pub fn cosigner(&self, timeout: Duration) -> Cosigner {
        let config = cosigner::Config {
            url: self.local.url().unwrap(),
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
