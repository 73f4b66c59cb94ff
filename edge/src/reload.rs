//! Follows the configuration on disk: a changed one is put in force as a whole, one with mistakes changes nothing.
//!
//! Files are compared by content, and taken once they are the same in two looks: of files that belong together one is
//! always replaced first.

mod changes;
mod service;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::Notify, task::spawn_blocking, time::timeout};

pub use service::{ListenerHandle, Service};

use crate::{
    config::{Config, ConfigRead, Files, Mistake, Spot},
    telemetry::metrics::ReloadOutcome,
};

/// Until the same is logged again: that a certificate ends soon, for one, or that files are still refused.
const WARNING_INTERVAL_SECONDS: i64 = 24 * 60 * 60;
/// How often the files are looked at.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// What made us look at the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    /// It was time. Files that have just changed may be changing still.
    Poll,
    /// SIGHUP, which says that all files are complete.
    Signal,
}

/// Keeps a service at the configuration on disk.
#[derive(Debug)]
pub struct Reload {
    file: PathBuf,
    service: Service,
    in_force: Config,
    pending: Option<PendingFiles>,
    warn_again_seconds: i64,
}

/// Files that are not those in force.
#[derive(Debug)]
struct PendingFiles {
    files: Files,
    /// When they are read again although they have not changed: what is wrong with them may be over by then, and is to
    /// be logged again if not. `None`: they were not read yet.
    again_seconds: Option<i64>,
}

impl Reload {
    /// For a service that `in_force` is in force on.
    #[must_use]
    pub fn new(in_force: Config, service: Service) -> Self {
        let file = in_force.file.clone();
        let mut reload = Self { file, service, in_force, pending: None, warn_again_seconds: 0 };
        reload.tell_in_force();
        reload
    }

    /// Looks at the files until it is dropped: every [`LOOK_INTERVAL`], and at once on each `signal`.
    pub async fn run(mut self, signal: Arc<Notify>) {
        loop {
            let prompt = match timeout(LOOK_INTERVAL, signal.notified()).await {
                Ok(()) => Prompt::Signal,
                Err(_) => Prompt::Poll,
            };
            self.look(prompt).await;
            self.warn();
        }
    }

    async fn look(&mut self, prompt: Prompt) {
        let known = self.known();
        // Off the threads that answer. Should reading fail, nothing changes.
        let Ok(seen) = spawn_blocking(move || known.look_again()).await else { return };
        if self.in_force.files.are_among(&seen) {
            return self.note_unchanged(prompt);
        }
        let unchanged = self.pending.as_ref().filter(|pending| pending.files == seen);
        match (prompt, unchanged) {
            (Prompt::Poll, None) => self.pending = Some(PendingFiles { files: seen, again_seconds: None }),
            (Prompt::Poll, Some(pending))
                if pending.again_seconds.is_some_and(|at| self.now_seconds() < at) => {}
            _ => self.read(seen, prompt).await,
        }
    }

    /// All files that are looked at: those of the configuration in force, and those of the one that is on its way.
    fn known(&self) -> Files {
        let in_force = self.in_force.files.clone();
        self.pending.iter().fold(in_force, |known, pending| known.and(&pending.files))
    }

    async fn read(&mut self, seen: Files, prompt: Prompt) {
        let file = self.file.clone();
        let Ok(read) = spawn_blocking(move || ConfigRead::from_file(&file)).await else { return };
        let ConfigRead { config, files } = read;
        // A file that was not named before may be changing still.
        let complete = prompt == Prompt::Signal || files.are_among(&seen);
        let tomorrow = self.now_seconds().saturating_add(WARNING_INTERVAL_SECONDS);
        self.pending =
            Some(PendingFiles { files: files.and(&seen), again_seconds: complete.then_some(tomorrow) });
        if !complete {
            return;
        }
        let config = match config {
            Ok(config) => config,
            Err(mistakes) => return self.refuse(&mistakes),
        };
        if let Some((mistake, holds_from_seconds)) = self.worse_certificate(&config) {
            self.refuse(&[mistake]);
            return self.read_again_at(holds_from_seconds);
        }
        self.take_changed(config);
    }

    /// Reads the files again at this time, where that is still to come and sooner than tomorrow.
    fn read_again_at(&mut self, seconds: i64) {
        let now_seconds = self.now_seconds();
        if let Some(PendingFiles { again_seconds: Some(again), .. }) = &mut self.pending
            && seconds > now_seconds
        {
            *again = seconds.min(*again);
        }
    }

    fn now_seconds(&self) -> i64 {
        self.service.clock.unix_seconds()
    }

    /// A new certificate that does not hold now, as a mistake, and from when on it holds: nobody would connect to it,
    /// and the one in force is no worse.
    fn worse_certificate(&self, config: &Config) -> Option<(Mistake, i64)> {
        let now_seconds = self.now_seconds();
        let json = self.in_force.json.as_ref().zip(config.json.as_ref());
        let listeners = [("listen", &self.in_force.listen, &config.listen)].into_iter();
        let mut listeners = listeners.chain(json.map(|(old, new)| ("json.listen", old, new)));
        listeners.find_map(|(name, old, new)| {
            let (old, new) = (old.tls.certificate(), new.tls.certificate());
            if old == new || new.holds(now_seconds) {
                return None;
            }
            let at = Spot::of_field(&self.file, format!("{name}.certificate"));
            Some((Mistake { at, problem: new.concern(now_seconds)? }, new.not_before_seconds))
        })
    }

    /// The files are those in force. Where they were not at the last look, that is logged.
    fn note_unchanged(&mut self, prompt: Prompt) {
        if self.pending.take().is_some() || prompt == Prompt::Signal {
            tracing::info!("the configuration on disk is the one in force");
        }
        self.service.metrics.config.clear_pending();
    }

    fn take_changed(&mut self, config: Config) {
        let fields = changes::needing_restart(&self.in_force, &config);
        if !fields.is_empty() {
            self.service.metrics.config.count_reload(ReloadOutcome::Restart);
            let fields = fields.join(", ");
            tracing::error!(
                fields,
                "the configuration on disk needs a restart: nothing of it is in force before"
            );
            return;
        }
        self.service.apply(&config);
        let changes = changes::between(&self.in_force, &config).join("; ");
        self.in_force = config;
        self.pending = None;
        self.service.metrics.config.count_reload(ReloadOutcome::Taken);
        self.tell_in_force();
        tracing::info!(config = self.in_force.files.hash(), changes, "a changed configuration is in force");
    }

    fn refuse(&self, mistakes: &[Mistake]) {
        self.service.metrics.config.count_reload(ReloadOutcome::Refused);
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
        self.service.metrics.config.set_in_force(&files.hash(), self.now_seconds(), ends);
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
