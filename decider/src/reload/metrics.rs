//! What is told of the policy that decides, and of the one on disk.

use policy::time::Time;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// The policy's metrics.
#[derive(Default)]
pub struct Metrics {
    info: Family<Policy, Gauge>,
    adopted: Gauge,
    adoptions: Counter,
    /// Policies that were refused, or could not be adopted.
    pub failures: Counter,
    /// 1 while the files on disk are not a policy, or one that could not be adopted.
    pub refused: Gauge,
    /// Price tables that were refused.
    pub prices_failures: Counter,
    /// 1 while the file on disk is no price table.
    pub prices_refused: Gauge,
    /// Assets whose price in force is not believed.
    pub prices_doubted: Gauge,
    /// When the oldest price in force was made, in seconds since 1970.
    pub prices_oldest: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Policy {
    hash: String,
}

impl Metrics {
    /// Lists them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("policy_info", "The policy that decides", self.info.clone());
        registry.register_with_unit(
            "policy_adopted_timestamp",
            "When this decider began to decide by its policy, since 1970; 0 if its store decided nothing then",
            Unit::Seconds,
            self.adopted.clone(),
        );
        registry.register("policy_adoptions", "Policies that came to decide", self.adoptions.clone());
        registry.register(
            "policy_reload_failures",
            "Policies on disk that were refused or could not be adopted, each counted once",
            self.failures.clone(),
        );
        registry.register(
            "policy_refused",
            "1 while the policy on disk is refused or could not be adopted",
            self.refused.clone(),
        );
        registry.register(
            "prices_reload_failures",
            "Price tables on disk that were refused, each counted once",
            self.prices_failures.clone(),
        );
        registry.register(
            "prices_refused",
            "1 while the file on disk is no price table",
            self.prices_refused.clone(),
        );
        registry.register(
            "prices_doubted",
            "Assets whose price in the table is too old, or of the future: what asks for it is held",
            self.prices_doubted.clone(),
        );
        registry.register_with_unit(
            "prices_oldest_timestamp",
            "When the oldest price of the table was made, since 1970; 0 without a table",
            Unit::Seconds,
            self.prices_oldest.clone(),
        );
    }

    /// This policy decides from `now` on, and no other. `None`: a store that does not decide has no time.
    pub fn set_adopted(&self, hash: &str, now: Option<Time>) {
        self.info.clear();
        self.info.get_or_create(&Policy { hash: hash.to_owned() }).set(1);
        self.adopted.set(seconds(now));
        self.adoptions.inc();
        self.refused.set(0);
    }
}

/// A moment in seconds since 1970; 0 where there is none.
pub fn seconds(moment: Option<Time>) -> i64 {
    moment.map_or(0, Time::as_seconds)
}
