//! What is told of the configuration in force, and of the one on disk.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HashLabels {
    hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CertificateLabels {
    /// The part of the configuration that it is of.
    pub(super) certificate: String,
}

/// Numbers of the configuration.
#[derive(Debug, Default)]
pub struct ConfigMetrics {
    info: Family<HashLabels, Gauge>,
    loaded: Gauge,
    reloads: Family<OutcomeLabels, Counter>,
    pending: Gauge,
    not_after: Family<CertificateLabels, Gauge>,
}

impl ConfigMetrics {
    /// With a zero where none would be taken for none yet.
    pub(super) fn begin(&self) {
        for outcome in ["taken", "refused", "restart"] {
            drop(self.reloads.get_or_create(&OutcomeLabels { outcome }));
        }
    }

    /// The ends of our certificates, those of fleets with them.
    pub(super) fn ends(&self) -> Family<CertificateLabels, Gauge> {
        self.not_after.clone()
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "config_info",
            "The configuration in force, by the hash of its files",
            self.info.clone(),
        );
        registry.register_with_unit(
            "config_loaded_timestamp",
            "When the configuration in force was taken, since 1970",
            Unit::Seconds,
            self.loaded.clone(),
        );
        registry.register("config_reloads", "Changed configurations, by outcome", self.reloads.clone());
        registry.register(
            "config_pending",
            "1 while the files on disk are not the configuration in force: refused, or in need of a restart",
            self.pending.clone(),
        );
        registry.register_with_unit(
            "certificate_not_after_timestamp",
            "Until when our own certificates hold, since 1970",
            Unit::Seconds,
            self.not_after.clone(),
        );
    }

    /// A configuration of this hash is in force since `now_seconds`, with these certificates of listeners and their ends.
    pub fn set_in_force(
        &self,
        hash: &str,
        now_seconds: u64,
        certificates: impl Iterator<Item = (String, i64)>,
    ) {
        self.info.clear();
        self.info.get_or_create(&HashLabels { hash: hash.to_owned() }).set(1);
        self.loaded.set(i64::try_from(now_seconds).unwrap_or(i64::MAX));
        self.pending.set(0);
        for (certificate, end) in certificates {
            self.not_after.get_or_create(&CertificateLabels { certificate }).set(end);
        }
    }

    /// A changed configuration was `taken`, `refused`, or needs a `restart`.
    pub fn count_reload(&self, outcome: &'static str) {
        self.reloads.get_or_create(&OutcomeLabels { outcome }).inc();
        self.pending.set(i64::from(outcome != "taken"));
    }

    /// The files on disk are the configuration in force.
    pub fn clear_pending(&self) {
        self.pending.set(0);
    }
}
