//! Metrics of the configuration in force, and of the one on disk.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::{ReloadOutcome, begin, registered};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HashLabels {
    hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CertificateLabels {
    /// The part of the configuration that it is of.
    pub(super) certificate: String,
}

/// Numbers of the configuration.
#[derive(Debug)]
pub struct ConfigMetrics {
    info: Family<HashLabels, Gauge>,
    loaded: Gauge,
    reloads: Family<ReloadOutcome, Counter>,
    pending: Gauge,
    not_after: Family<CertificateLabels, Gauge>,
}

impl ConfigMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let (loaded, not_after) = (Gauge::default(), Family::default());
        let help = "When the configuration in force was taken, since 1970";
        registry.register_with_unit("config_loaded_timestamp", help, Unit::Seconds, loaded.clone());
        let help = "When our own certificates expire, since 1970";
        registry.register_with_unit(
            "certificate_not_after_timestamp",
            help,
            Unit::Seconds,
            not_after.clone(),
        );
        let metrics = Self {
            info: registered(registry, "config_info", "The configuration in force, by the hash of its files"),
            loaded,
            reloads: registered(registry, "config_reloads", "Changed configurations, by outcome"),
            pending: registered(
                registry,
                "config_pending",
                "1 while the files on disk are not the configuration in force: refused, or in need of a restart",
            ),
            not_after,
        };
        begin(&metrics.reloads, ReloadOutcome::ALL.iter().copied());
        metrics
    }

    /// The ends of our certificates, those of fleets with them.
    pub(super) fn ends(&self) -> Family<CertificateLabels, Gauge> {
        self.not_after.clone()
    }

    /// Sets the configuration in force: its hash, since when, and the ends of its listeners' certificates.
    pub fn set_in_force(
        &self,
        hash: &str,
        now_seconds: i64,
        certificates: impl Iterator<Item = (String, i64)>,
    ) {
        self.info.clear();
        self.info.get_or_create(&HashLabels { hash: hash.to_owned() }).set(1);
        self.loaded.set(now_seconds);
        self.pending.set(0);
        for (certificate, end) in certificates {
            self.not_after.get_or_create(&CertificateLabels { certificate }).set(end);
        }
    }

    /// Counts a changed configuration.
    pub fn count_reload(&self, outcome: ReloadOutcome) {
        self.reloads.get_or_create(&outcome).inc();
        self.pending.set(i64::from(outcome != ReloadOutcome::Taken));
    }

    /// Notes that the files on disk are the configuration in force.
    pub fn clear_pending(&self) {
        self.pending.set(0);
    }
}
