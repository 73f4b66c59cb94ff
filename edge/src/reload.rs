//! The configuration on disk, looked at again and again: one that changed is put in force as a whole, one with mistakes
//! changes nothing.
//!
//! Looked at by content, and taken once it stood still from one look to the next: of files that belong together one is
//! always replaced first.

mod changes;
mod service;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::Notify, task::spawn_blocking, time::timeout};

pub use service::{ListenerHandle, Service};

use crate::{
    clock::Clock,
    config::{Config, ConfigRead, Files, Mistake},
    telemetry::metrics::{Metrics, ReloadOutcome},
};

/// From warning to warning of the same: of a certificate that ends soon, for one, or of files that are still refused.
const WARNING_INTERVAL_SECONDS: u64 = 24 * 60 * 60;
/// From look to look.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Keeps a service at the configuration on disk.
#[derive(Debug)]
pub struct Reload {
    file: PathBuf,
    service: Service,
    in_force: Config,
    other: Option<Other>,
    warn_again_seconds: u64,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

/// Files that are not those in force.
#[derive(Debug)]
struct Other {
    files: Files,
    /// When they are read again although they stand still: what is wrong with them was told, and may be over by then.
    /// `None`: they were not read yet.
    again_seconds: Option<u64>,
}

impl Reload {
    /// Of a service that `in_force` was put in force on.
    #[must_use]
    pub fn new(in_force: Config, service: Service, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let file = in_force.file.clone();
        let mut reload = Self { file, service, in_force, other: None, warn_again_seconds: 0, clock, metrics };
        reload.tell_in_force();
        reload
    }

    /// Looks until it is dropped: from time to time, and whenever it is `told` that the files are whole.
    pub async fn run(mut self, told: Arc<Notify>) {
        loop {
            let whole = timeout(LOOK_INTERVAL, told.notified()).await.is_ok();
            self.look(whole).await;
            self.warn();
        }
    }

    async fn look(&mut self, whole: bool) {
        let known = self.known();
        // Files are not read on a thread that answers. A fault of reading changes nothing.
        let Ok(seen) = spawn_blocking(move || known.look_again()).await else { return };
        if self.in_force.files.are_among(&seen) {
            return self.note_unchanged(whole);
        }
        let stand_still = self.other.as_ref().filter(|other| other.files == seen);
        match stand_still {
            Some(other) if other.again_seconds.is_some_and(|at| self.now_seconds() < at) && !whole => {}
            None if !whole => self.other = Some(Other { files: seen, again_seconds: None }),
            _ => self.read(seen, whole).await,
        }
    }

    /// All files that are looked at: those of the configuration in force, and of the one that is on its way.
    fn known(&self) -> Files {
        let in_force = self.in_force.files.clone();
        self.other.iter().fold(in_force, |known, other| known.and(&other.files))
    }

    async fn read(&mut self, seen: Files, whole: bool) {
        let file = self.file.clone();
        let Ok(ConfigRead { config, files }) = spawn_blocking(move || ConfigRead::from_file(&file)).await
        else {
            return;
        };
        // A file that was not named before may still be being written.
        let stood_still = whole || files.are_among(&seen);
        let tomorrow = self.now_seconds().saturating_add(WARNING_INTERVAL_SECONDS);
        self.other = Some(Other { files: files.and(&seen), again_seconds: stood_still.then_some(tomorrow) });
        if stood_still {
            match config {
                Ok(config) => match self.worse_certificate(&config) {
                    Some((mistake, from_seconds)) => {
                        self.refuse(&[mistake]);
                        self.read_again_at(from_seconds);
                    }
                    None => self.take_changed(config),
                },
                Err(mistakes) => self.refuse(&mistakes),
            }
        }
    }

    /// Sooner than tomorrow, where that is still to come.
    fn read_again_at(&mut self, seconds: u64) {
        if let Some(Other { again_seconds: Some(again), .. }) = &mut self.other
            && seconds > self.clock.unix_seconds()
        {
            *again = seconds.min(*again);
        }
    }

    fn now_seconds(&self) -> u64 {
        self.clock.unix_seconds()
    }

    /// Nobody would connect to a certificate that does not hold: the one before it is no worse. With the mistake from when
    /// on it holds.
    fn worse_certificate(&self, config: &Config) -> Option<(Mistake, u64)> {
        let now_seconds = i64::try_from(self.now_seconds()).unwrap_or(i64::MAX);
        let json = self.in_force.json.as_ref().zip(config.json.as_ref());
        let listeners = [("listen", &self.in_force.listen, &config.listen)].into_iter();
        let mut listeners = listeners.chain(json.map(|(old, new)| ("json.listen", old, new)));
        listeners.find_map(|(name, old, new)| {
            let (old, new) = (old.tls.certificate(), new.tls.certificate());
            if old == new || new.holds(now_seconds) {
                return None;
            }
            let (file, place) = (self.file.display().to_string(), format!("{name}.certificate"));
            let mistake =
                Mistake { file, line: None, column: None, place, problem: new.concern(now_seconds)? };
            Some((mistake, u64::try_from(new.not_before_seconds).unwrap_or_default()))
        })
    }

    /// What was wrong and is undone is no news of a configuration.
    fn note_unchanged(&mut self, whole: bool) {
        if self.other.take().is_some() || whole {
            tracing::info!("the configuration on disk is the one in force");
        }
        self.metrics.config.clear_pending();
    }

    fn take_changed(&mut self, config: Config) {
        let fields = changes::needing_restart(&self.in_force, &config);
        if !fields.is_empty() {
            self.metrics.config.count_reload(ReloadOutcome::Restart);
            let fields = fields.join(", ");
            tracing::error!(fields, "the configuration on disk needs a restart: nothing of it counts before");
            return;
        }
        self.service.put(&config);
        let changes = changes::between(&self.in_force, &config).join("; ");
        self.in_force = config;
        self.other = None;
        self.metrics.config.count_reload(ReloadOutcome::Taken);
        self.tell_in_force();
        tracing::info!(config = self.in_force.files.hash(), changes, "a changed configuration is in force");
    }

    fn refuse(&self, mistakes: &[Mistake]) {
        self.metrics.config.count_reload(ReloadOutcome::Refused);
        let told: Vec<_> = mistakes.iter().map(Mistake::to_string).collect();
        tracing::error!(
            count = mistakes.len(),
            mistakes = told.join("\n"),
            "the configuration on disk has mistakes: the one before it stays in force"
        );
    }

    fn tell_in_force(&mut self) {
        let files = &self.in_force.files;
        let ends = self
            .in_force
            .listener_certificates()
            .map(|(name, certificate)| (name, certificate.not_after_seconds));
        self.metrics.config.set_in_force(&files.hash(), self.now_seconds(), ends);
        self.warn_again_seconds = 0;
        self.warn();
    }

    /// At once, and then once a day.
    fn warn(&mut self) {
        let now_seconds = self.now_seconds();
        if now_seconds < self.warn_again_seconds {
            return;
        }
        self.warn_again_seconds = now_seconds.saturating_add(WARNING_INTERVAL_SECONDS);
        for warning in self.in_force.all_warnings(now_seconds) {
            tracing::warn!(%warning, "the configuration can be used, and should be looked at");
        }
    }
}
