//! The price table on disk, looked at as the policy is: by content, and adopted once it stood still. A table with
//! mistakes replaces nothing, and the one before it grows old.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use policy::document::Policy;
use policy::prices::Prices;
use policy::time::Time;

use super::Prompt;
use super::candidate::Candidate;
use super::metrics::{Metrics, seconds};
use crate::policy_file::prices::{PriceFile, table};
use crate::prices::CurrentPrices;
use crate::shown::first_of;
use crate::yaml::Mistakes;

/// How many assets one line names.
const MAX_TOLD: usize = 10;

/// Keeps the prices that decide at the table on disk.
pub struct PriceWatch {
    current: CurrentPrices,
    metrics: Arc<Metrics>,
    watched: Option<Watched>,
    /// The assets whose price was not believed at the last look.
    doubted: BTreeSet<String>,
}

/// A table that the policy names.
struct Watched {
    /// The hash of the policy.
    policy: String,
    path: PathBuf,
    assets: BTreeSet<String>,
    /// The hash of the table in force.
    hash: String,
    /// The hash of the one on disk, where that is another.
    candidate: Candidate<String>,
}

impl PriceWatch {
    /// Of the table that a policy names.
    pub fn new(
        current: CurrentPrices,
        metrics: Arc<Metrics>,
        policy: &Policy,
        file: Option<&PriceFile>,
    ) -> Self {
        let mut watch = Self { current, metrics, watched: None, doubted: BTreeSet::new() };
        watch.follow(policy, file);
        watch
    }

    /// Has the table of a policy ready that is about to decide. Until it does, that of the one before it is looked at.
    pub fn prepare(&self, policy: &Policy, file: Option<&PriceFile>) {
        if let Some(file) = file {
            self.current.put(&policy.hash, &file.prices);
        }
    }

    /// That policy does not decide after all.
    pub fn drop_prepared(&self, policy: &Policy) {
        self.current.remove(&policy.hash);
    }

    /// From now on at the table of the policy that decides. Where that has none, nobody asks for one.
    pub fn follow(&mut self, policy: &Policy, file: Option<&PriceFile>) {
        self.current.keep_only(&policy.hash);
        match file {
            Some(file) => self.adopt(&policy.hash, &file.prices),
            None => drop(self.metrics.prices_oldest.set(0)),
        }
        self.watched = file.map(|file| Watched::of(policy, file));
        self.metrics.prices_refused.set(0);
    }

    /// Looks once.
    pub async fn look(&mut self, prompt: Prompt) {
        let Some(watched) = &mut self.watched else { return };
        match watched.seen().await {
            None => {}
            Some(Ok(prices)) => {
                self.metrics.prices_refused.set(0);
                if prices.hash == watched.hash {
                    watched.candidate.settle();
                } else if watched.candidate.is_still(prices.hash.clone(), prompt) {
                    watched.candidate.settle();
                    watched.hash.clone_from(&prices.hash);
                    let policy = watched.policy.clone();
                    self.adopt(&policy, &Arc::new(prices));
                }
            }
            Some(Err(mistakes)) => watched.note_refused(&self.metrics, &mistakes),
        }
    }

    /// What asks for a price that is not believed is held, and at signing refused for good: somebody has to know.
    pub fn tell_doubted(&mut self, policy: &Policy, now: Time) {
        let prices = self.current.of(policy);
        let doubted = policy.prices.as_ref().map(|terms| terms.doubted(&prices, now)).unwrap_or_default();
        self.metrics.prices_doubted.set(i64::try_from(doubted.len()).unwrap_or(i64::MAX));
        if doubted.keys().copied().eq(self.doubted.iter()) {
            return;
        }
        match doubted.values().next() {
            Some(first) => {
                let assets = first_of(doubted.keys().copied(), MAX_TOLD);
                tracing::error!(
                    assets,
                    first,
                    "prices are not believed: what asks for them is held, and refused at signing"
                );
            }
            None => tracing::info!("all prices of the table are believed again"),
        }
        self.doubted = doubted.into_keys().map(str::to_owned).collect();
    }

    fn adopt(&self, policy: &str, prices: &Arc<Prices>) {
        self.metrics.prices_oldest.set(seconds(prices.oldest()));
        tracing::info!(
            prices = prices.hash,
            assets = prices.by_asset.len(),
            "these prices are in force from here on"
        );
        self.current.put(policy, prices);
    }
}

impl Watched {
    fn of(policy: &Policy, file: &PriceFile) -> Self {
        Self {
            policy: policy.hash.clone(),
            path: file.path.clone(),
            assets: policy.assets.keys().cloned().collect(),
            hash: file.prices.hash.clone(),
            candidate: Candidate::none(),
        }
    }

    /// `None`: a fault of reading, which changes nothing. Files are not read on a thread that answers.
    async fn seen(&self) -> Option<Result<Prices, Mistakes>> {
        let (path, assets) = (self.path.clone(), self.assets.clone());
        tokio::task::spawn_blocking(move || table::load(&path, &assets)).await.ok()
    }

    fn note_refused(&mut self, metrics: &Metrics, mistakes: &Mistakes) {
        metrics.prices_refused.set(1);
        if self.candidate.is_news(mistakes.to_string()) {
            metrics.prices_failures.inc();
            let (count, mistakes) = (mistakes.count(), mistakes.to_string());
            tracing::error!(
                count,
                mistakes,
                "the price table has mistakes: the prices before it stay in force"
            );
        }
    }
}
