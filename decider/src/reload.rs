//! The policy on disk, looked at again and again: one that changed is adopted, one with mistakes changes nothing.
//!
//! Looked at by content, not by time stamp: mounted secrets swap links, and editors keep times. What is adopted stood
//! still from one look to the next: half of a file that is being written can be a policy, too, with half of its rules.

pub mod candidate;
mod prices;
mod told;
pub mod metrics;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::policy_file::{self, PolicyFile};
use crate::prices::CurrentPrices;
use crate::store::{Pending, Store, StoreError};
use crate::yaml::Mistakes;
use candidate::Candidate;
pub use metrics::Metrics;
use prices::PriceWatch;
use told::News;

/// From look to look where nothing else is configured.
pub const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// What has the files on disk looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// The interval has passed. A file may be half written, so that it has to stand still until the next look.
    Poll,
    /// Somebody says that the files are complete.
    Signal,
}

impl Prompt {
    /// Waits for the next one.
    pub async fn next(interval: Duration, signal: &Notify) -> Self {
        timeout(interval, signal.notified()).await.map_or(Self::Poll, |()| Self::Signal)
    }
}

/// Where the policy is, and how often it is looked at.
#[derive(Debug, Clone)]
pub struct Config {
    /// A file or a directory.
    pub path: PathBuf,
    /// From look to look.
    pub interval: Duration,
}

/// Keeps a store at the policy on disk.
pub struct Reload {
    config: Config,
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    last_seen: LastSeen,
    /// What was told of the policy that decides.
    news: News,
    prices: PriceWatch,
}

/// What was seen last.
struct LastSeen {
    /// The hash of the policy that decides.
    hash: String,
    /// Its files, without what they say: lists are long.
    manifest: String,
    /// The hash of the one on disk, where that is another.
    candidate: Candidate<String>,
    /// The hash of one that could not be adopted, and why.
    unadopted: Option<[String; 2]>,
}

impl Reload {
    /// Of a store that decides by `adopted`, of which it is told what there is to tell; its price table is in force from here on.
    pub fn new(
        config: Config,
        adopted: &PolicyFile,
        store: Arc<dyn Store>,
        prices: CurrentPrices,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.set_adopted(&adopted.policy.hash, store.now().ok());
        let news = News::of(adopted);
        news.tell(None);
        let table = adopted.prices.as_ref();
        let prices = PriceWatch::new(prices, Arc::clone(&metrics), &adopted.policy, table);
        Self { config, store, metrics, last_seen: LastSeen::of(adopted), news, prices }
    }

    /// Looks until it is dropped: from time to time, and at each `signal` that the files are complete.
    pub async fn run(mut self, signal: Arc<Notify>) {
        loop {
            let prompt = Prompt::next(self.config.interval, &signal).await;
            self.look(prompt).await;
        }
    }

    async fn look(&mut self, prompt: Prompt) {
        match self.read().await {
            Look::Same => self.note_unchanged(),
            Look::Policy(file, news) => self.take_change(*file, news, prompt).await,
            Look::Mistakes(mistakes) => self.note_refused(&mistakes),
        }
        self.look_at_prices(prompt).await;
    }

    async fn look_at_prices(&mut self, prompt: Prompt) {
        self.prices.look(prompt).await;
        if let Ok(now) = self.store.now() {
            self.prices.tell_doubted(now);
        }
    }

    /// Making the sums of a policy takes a while, in which prices go on to change.
    async fn prices_until<T>(&mut self, mut done: Pending<T>) -> Result<T, StoreError> {
        loop {
            match timeout(self.config.interval, &mut done).await {
                Ok(done) => return done,
                Err(_) => self.look_at_prices(Prompt::Poll).await,
            }
        }
    }

    /// Reading and parsing a million addresses takes a second: not on a thread that answers.
    async fn read(&self) -> Look {
        let (path, hash) = (self.config.path.clone(), self.last_seen.hash.clone());
        let manifest = self.last_seen.manifest.clone();
        let read = tokio::task::spawn_blocking(move || look(&path, &hash, &manifest));
        // A fault of reading is the same as files that cannot be read: what decides goes on.
        read.await.unwrap_or(Look::Same)
    }

    /// Mistakes that were undone are not news of a policy.
    fn note_unchanged(&mut self) {
        if self.last_seen.candidate.settle() {
            tracing::info!("the policy on disk is again the one that decides");
        }
        self.last_seen.unadopted = None;
        self.metrics.refused.set(0);
    }

    async fn take_change(&mut self, file: PolicyFile, news: News, prompt: Prompt) {
        let hash = file.policy.hash.clone();
        if !self.last_seen.candidate.is_still(hash.clone(), prompt) {
            self.metrics.refused.set(0);
        } else if let Err(error) = self.adopt(file, news).await {
            self.note_unadopted([hash, error.to_string()]);
        }
    }

    /// Tried again at each look, and told once.
    fn note_unadopted(&mut self, failed: [String; 2]) {
        self.metrics.refused.set(1);
        if self.last_seen.unadopted.as_ref() != Some(&failed) {
            self.metrics.failures.inc();
            let [policy, error] = &failed;
            tracing::error!(
                policy,
                error,
                "the policy on disk could not be adopted: the one before it decides"
            );
        }
        self.last_seen.unadopted = Some(failed);
    }

    async fn adopt(&mut self, file: PolicyFile, news: News) -> Result<(), StoreError> {
        let last_seen = LastSeen::of(&file);
        let PolicyFile { policy, document, prices, .. } = file;
        // Before the policy: without its prices it would hold what it allows with them.
        self.prices.prepare(&policy, prices.as_ref());
        let adopted = self.store.adopt(Arc::clone(&policy), document);
        if let Err(error) = self.prices_until(adopted).await {
            self.prices.drop_prepared(&policy);
            return Err(error);
        }
        self.prices.follow(&policy);
        let before = std::mem::replace(&mut self.last_seen, last_seen);
        self.metrics.set_adopted(&self.last_seen.hash, self.store.now().ok());
        tracing::info!(
            policy = self.last_seen.hash,
            before = before.hash,
            "a changed policy decides from here on"
        );
        news.tell(Some(&self.news));
        self.news = news;
        Ok(())
    }

    fn note_refused(&mut self, mistakes: &Mistakes) {
        self.metrics.refused.set(1);
        if self.last_seen.candidate.is_news(mistakes.to_string()) {
            self.metrics.failures.inc();
            let (count, mistakes) = (mistakes.count(), mistakes.to_string());
            tracing::error!(count, mistakes, "the policy on disk has mistakes: the one before it decides");
        }
    }
}

impl LastSeen {
    fn of(adopted: &PolicyFile) -> Self {
        let manifest = adopted.document.manifest();
        Self { hash: adopted.policy.hash.clone(), manifest, candidate: Candidate::none(), unadopted: None }
    }
}

/// What a look finds.
enum Look {
    /// The policy that decides.
    Same,
    /// Another one, and what there is to say of it.
    Policy(Box<PolicyFile>, News),
    /// No policy: what is wrong with the files.
    Mistakes(Mistakes),
}

fn look(path: &Path, hash: &str, manifest: &str) -> Look {
    if policy_file::is_still(path, manifest) {
        return Look::Same;
    }
    match policy_file::load(path) {
        Ok(file) if file.policy.hash == hash => Look::Same,
        Ok(file) => {
            let news = News::of(&file);
            Look::Policy(Box::new(file), news)
        }
        Err(mistakes) => Look::Mistakes(mistakes),
    }
}
