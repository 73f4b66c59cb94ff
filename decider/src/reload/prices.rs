//! The price table on disk, looked at as the policy is: by content, and adopted once it stood still. A table with
//! mistakes replaces nothing, and the one before it grows old.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use policy::document::Policy;
use policy::prices::Prices;

use super::metrics::{Metrics, seconds};
use super::{Other, Prompt};
use crate::decide::CurrentPrices;
use crate::policy_file::prices::{PriceFile, table};
use crate::yaml::Mistakes;

/// Keeps the prices that decide at the table on disk.
pub struct PriceWatch {
    current: CurrentPrices,
    metrics: Arc<Metrics>,
    watched: Option<Watched>,
}

/// A table that the policy names.
struct Watched {
    path: PathBuf,
    assets: BTreeSet<String>,
    /// What the file was found to be, if not what decides.
    other: Option<Other>,
}

impl PriceWatch {
    /// Of the table that a policy names.
    pub fn new(
        current: CurrentPrices,
        metrics: Arc<Metrics>,
        policy: &Policy,
        file: Option<&PriceFile>,
    ) -> Self {
        let mut watch = Self { current, metrics, watched: None };
        watch.follow(policy, file);
        watch
    }

    /// From now on at the table of another policy. Where that has none, nobody asks for the one that is there.
    pub fn follow(&mut self, policy: &Policy, file: Option<&PriceFile>) {
        match file {
            Some(file) => self.adopt(Arc::clone(&file.prices)),
            None => drop(self.metrics.prices_oldest.set(0)),
        }
        let assets = || policy.assets.keys().cloned().collect();
        self.watched = file.map(|file| Watched { path: file.path.clone(), assets: assets(), other: None });
        self.metrics.prices_refused.set(0);
    }

    /// Looks once.
    pub async fn look(&mut self, prompt: Prompt) {
        let Some(watched) = &mut self.watched else { return };
        match watched.seen().await {
            None => {}
            Some(Ok(prices)) => {
                self.metrics.prices_refused.set(0);
                let seen = Some(Other::Changed(prices.hash.clone()));
                if prices.hash == self.current.load().hash {
                    watched.other = None;
                } else if prompt == Prompt::Signal || watched.other == seen {
                    watched.other = None;
                    self.adopt(Arc::new(prices));
                } else {
                    watched.other = seen;
                }
            }
            Some(Err(mistakes)) => watched.note_refused(&self.metrics, &mistakes),
        }
    }

    fn adopt(&self, prices: Arc<Prices>) {
        self.metrics.prices_oldest.set(seconds(prices.oldest()));
        tracing::info!(
            prices = prices.hash,
            assets = prices.by_asset.len(),
            "these prices count from here on"
        );
        self.current.store(prices);
    }
}

impl Watched {
    /// `None`: a fault of reading, which changes nothing. Files are not read on a thread that answers.
    async fn seen(&self) -> Option<Result<Prices, Mistakes>> {
        let (path, assets) = (self.path.clone(), self.assets.clone());
        tokio::task::spawn_blocking(move || table::load(&path, &assets)).await.ok()
    }

    /// Told once, however often it is seen.
    fn note_refused(&mut self, metrics: &Metrics, mistakes: &Mistakes) {
        let told = Some(Other::Refused(mistakes.to_string()));
        metrics.prices_refused.set(1);
        if self.other != told {
            metrics.prices_failures.inc();
            let (count, mistakes) = (mistakes.count(), mistakes.to_string());
            tracing::error!(count, mistakes, "the price table has mistakes: the prices before it count");
        }
        self.other = told;
    }
}
