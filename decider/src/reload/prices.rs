//! The price table on disk, looked at as the policy is: by content, and adopted once it stood still. A table with
//! mistakes replaces nothing, and the one before it grows old.

use std::collections::{BTreeMap, BTreeSet};
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
    /// That of the policy that decides.
    watched: Option<Watched>,
    /// That of a policy that is about to: it must not grow old until then.
    prepared: Option<Watched>,
    /// The assets whose price was not believed at the last look.
    doubted: BTreeSet<String>,
}

/// A table that a policy names.
struct Watched {
    policy: Arc<Policy>,
    path: PathBuf,
    /// The assets of the policy that it has priced so far.
    priced: BTreeSet<String>,
    /// The hash of the one on disk, where that is not the one in force.
    candidate: Candidate<String>,
}

impl PriceWatch {
    /// Of the table that a policy names.
    pub fn new(
        current: CurrentPrices,
        metrics: Arc<Metrics>,
        policy: &Arc<Policy>,
        file: Option<&PriceFile>,
    ) -> Self {
        let mut watch = Self { current, metrics, watched: None, prepared: None, doubted: BTreeSet::new() };
        watch.prepare(policy, file);
        watch.follow(policy);
        watch
    }

    /// Has the table of a policy ready that is about to decide. Until it does, that of the one before it is looked at,
    /// too.
    pub fn prepare(&mut self, policy: &Arc<Policy>, file: Option<&PriceFile>) {
        self.prepared = file.map(|file| Watched::of(policy, file));
        if let Some(file) = file {
            self.current.put(&policy.hash, &file.prices);
        }
    }

    /// That policy does not decide after all.
    pub fn drop_prepared(&mut self, policy: &Policy) {
        self.prepared = None;
        self.current.remove(&policy.hash);
    }

    /// That policy decides from now on. Where it has no table, nobody asks for one.
    pub fn follow(&mut self, policy: &Policy) {
        self.current.keep_only(&policy.hash);
        self.watched = self.prepared.take();
        self.metrics.prices_refused.set(0);
        self.metrics.prices_oldest.set(0);
        if let Some(watched) = &self.watched {
            self.note_in_force(watched);
        }
    }

    /// Looks once at the table that decides, and at one that is about to.
    pub async fn look(&mut self, prompt: Prompt) {
        if let Some(watched) = &mut self.watched
            && watched.look(&self.current, &self.metrics, prompt).await
        {
            self.watched.iter().for_each(|watched| self.note_in_force(watched));
        }
        if let Some(prepared) = &mut self.prepared {
            prepared.look(&self.current, &self.metrics, prompt).await;
        }
    }

    /// What asks for a price that is not believed is held, and at signing refused for good: somebody has to know.
    pub fn tell_doubted(&mut self, now: Time) {
        let Some(Watched { policy, priced, .. }) = &self.watched else {
            return self.note_doubted(BTreeMap::new());
        };
        let prices = self.current.of(policy);
        let doubted = policy.prices.as_ref().map(|terms| terms.doubted(&prices, priced, now));
        let owned = doubted.unwrap_or_default().into_iter().map(|(asset, why)| (asset.to_owned(), why));
        self.note_doubted(owned.collect());
    }

    fn note_doubted(&mut self, doubted: BTreeMap<String, String>) {
        self.metrics.prices_doubted.set(i64::try_from(doubted.len()).unwrap_or(i64::MAX));
        if doubted.keys().eq(self.doubted.iter()) {
            return;
        }
        match doubted.values().next() {
            Some(first) => {
                let assets = first_of(doubted.keys().map(String::as_str), MAX_TOLD);
                tracing::error!(
                    assets,
                    first,
                    "prices are not believed: what asks for them is held, and refused at signing"
                );
            }
            None => tracing::info!("all prices of the table are believed again"),
        }
        self.doubted = doubted.into_keys().collect();
    }

    fn note_in_force(&self, watched: &Watched) {
        let prices = self.current.of(&watched.policy);
        let oldest = watched.policy.prices.as_ref().and_then(|terms| terms.oldest(&prices));
        self.metrics.prices_oldest.set(seconds(oldest));
        let (hash, assets) = (&prices.hash, prices.by_asset.len());
        match assets {
            0 => tracing::warn!(prices = hash, "the price table in force from here on has no prices"),
            _ => tracing::info!(prices = hash, assets, "these prices are in force from here on"),
        }
    }
}

impl Watched {
    fn of(policy: &Arc<Policy>, file: &PriceFile) -> Self {
        Self {
            policy: Arc::clone(policy),
            path: file.path.clone(),
            priced: file.prices.by_asset.keys().cloned().collect(),
            candidate: Candidate::none(),
        }
    }

    /// Looks once. Whether another table is in force since.
    async fn look(&mut self, current: &CurrentPrices, metrics: &Metrics, prompt: Prompt) -> bool {
        match self.seen().await {
            None => false,
            Some(Ok(prices)) => {
                metrics.prices_refused.set(0);
                self.take(prices, current, prompt)
            }
            Some(Err(mistakes)) => {
                self.note_refused(metrics, &mistakes);
                false
            }
        }
    }

    fn take(&mut self, prices: Prices, current: &CurrentPrices, prompt: Prompt) -> bool {
        let news = prices.hash != current.of(&self.policy).hash;
        let adopted = news && self.candidate.is_still(prices.hash.clone(), prompt);
        if adopted || !news {
            self.candidate.settle();
        }
        if adopted {
            self.priced.extend(prices.by_asset.keys().cloned());
            current.put(&self.policy.hash, &Arc::new(prices));
        }
        adopted
    }

    /// `None`: a fault of reading, which changes nothing. Files are not read on a thread that answers.
    async fn seen(&self) -> Option<Result<Prices, Mistakes>> {
        let (path, policy) = (self.path.clone(), Arc::clone(&self.policy));
        let assets = move || policy.assets.keys().cloned().collect();
        tokio::task::spawn_blocking(move || table::load(&path, &assets())).await.ok()
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
