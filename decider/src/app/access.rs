//! Certificates and grants on disk, looked at again and again as [`crate::reload`] does it with the policy: by what
//! the files hold, and adopted once they stood still. What has mistakes changes nothing.

use std::sync::Arc;
use std::time::Duration;

use policy::time::Time;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::access::{AccessSources, FindError, FoundAccess, Rest, find};
use crate::config::warnings;
use crate::grants::Grants;
use crate::grpc::{Access, CurrentAccess, Metrics, TlsFiles, WatchedCertificate};
use crate::reload::Prompt;
use crate::reload::candidate::Candidate;

/// What is said at the start of certificates that end is said again so often.
const WARN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps the access in force at what is on disk.
pub struct AccessWatch {
    sources: AccessSources,
    interval: Duration,
    current: CurrentAccess,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    /// The access on disk, where that is another.
    candidate: Candidate<Print>,
    /// What the configuration was found to say beside its grants.
    rest: Rest,
    /// When certificates and keys that soon cannot be used were told; `None`: not yet of those that are in force.
    warned_at: Option<Time>,
}

/// What tells one access from another.
type Print = ([u8; 32], Grants);

impl AccessWatch {
    /// Of what was read at the start.
    pub fn new(
        sources: AccessSources,
        interval: Duration,
        current: CurrentAccess,
        metrics: Arc<Metrics>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (rest, now) = (sources.rest.clone(), clock.wall());
        warn(&sources.tls, now);
        let warned_at = Some(now);
        let candidate = Candidate::none();
        let watch = Self { sources, interval, current, metrics, clock, candidate, rest, warned_at };
        watch.set_certificate_ends();
        watch
    }

    /// Looks until it is dropped: from time to time, and at each `signal` that the files are complete.
    pub async fn run(mut self, signal: Arc<Notify>) {
        loop {
            let prompt = Prompt::next(self.interval, &signal).await;
            self.look(prompt).await;
        }
    }

    async fn look(&mut self, prompt: Prompt) {
        let sources = self.sources.clone();
        // Files are not read on a thread that answers. A fault of reading changes nothing.
        match tokio::task::spawn_blocking(move || find(&sources)).await {
            Ok(found) => match found.and_then(|found| self.unexpired(found)) {
                Ok(found) => self.take(found, prompt),
                Err(error) => self.note_refused(error.to_string()),
            },
            Err(error) => self.note_refused(error.to_string()),
        }
        self.warn().await;
    }

    /// A certificate ends while a decider goes on: nobody would read what it said at its start.
    async fn warn(&mut self) {
        let (now, files) = (self.clock.wall(), self.sources.tls.clone());
        if is_due(self.warned_at, now, self.current.load().tls.certificate_expiry) {
            self.warned_at = Some(now);
            let _ = tokio::task::spawn_blocking(move || warn(&files, now)).await;
        }
    }

    /// Nobody would connect to a certificate that has ended: the one before it is no worse.
    fn unexpired(&self, found: FoundAccess) -> Result<FoundAccess, FindError> {
        let changed = found.access.tls.digest != self.current.load().tls.digest;
        if changed && found.access.tls.certificate_expiry <= self.clock.wall().as_seconds() {
            let path = self.sources.tls.certificate.display();
            return Err(FindError::Tls(vec![format!("{path}: this certificate has expired")]));
        }
        Ok(found)
    }

    fn take(&mut self, found: FoundAccess, prompt: Prompt) {
        self.metrics.refused.set(0);
        self.tell_rest(found.rest);
        let seen = print(&found.access);
        if seen == print(&self.current.load()) {
            self.candidate.settle();
        } else if self.candidate.is_still(seen, prompt) {
            self.candidate.settle();
            self.current.replace(found.access);
            self.warned_at = None;
            self.set_certificate_ends();
            self.metrics.adoptions.inc();
            tracing::info!("changed certificates or grants are in force from here on");
        }
    }

    fn note_refused(&mut self, mistakes: String) {
        self.metrics.refused.set(1);
        if self.candidate.is_news(mistakes.clone()) {
            self.metrics.failures.inc();
            tracing::error!(
                mistakes,
                "certificates or grants on disk have mistakes: those before them stay in force"
            );
        }
    }

    /// Told once for each change, but for one that is back to what is in force.
    fn tell_rest(&mut self, rest: Rest) {
        if rest == self.rest {
            return;
        }
        let fields = rest.names_of_changes(&self.sources.rest).join(", ");
        if !fields.is_empty() {
            tracing::warn!(
                fields,
                "the configuration changed in more than its grants: the rest needs a restart"
            );
        }
        self.rest = rest;
    }

    fn set_certificate_ends(&self) {
        let access = self.current.load();
        self.metrics.set_certificate_end(WatchedCertificate::Listen, access.tls.certificate_expiry);
        self.metrics.set_certificate_end(WatchedCertificate::ClientCa, access.tls.client_ca_expiry);
    }
}

fn print(access: &Access) -> Print {
    (access.tls.digest, access.grants.clone())
}

fn warn(files: &TlsFiles, now: Time) {
    for warning in warnings::collect(files, now) {
        tracing::warn!(file = warning.file, "{}", warning.message);
    }
}

/// Once a day, and at once when the certificate has ended since. Either way: a clock that was set back is no reason to
/// say nothing.
fn is_due(told: Option<Time>, now: Time, expiry_seconds: i64) -> bool {
    let Some(told) = told else { return true };
    let ended = told.as_seconds() < expiry_seconds && expiry_seconds <= now.as_seconds();
    ended || u128::from(now.as_micros().abs_diff(told.as_micros())) >= WARN_EVERY.as_micros()
}

#[cfg(test)]
mod tests {
    use policy::time::MICROS_PER_SECOND;

    use super::*;

    #[test]
    fn certificates_are_told_once_a_day_when_they_are_new_and_when_they_end() {
        const HOUR_SECONDS: i64 = 60 * 60;
        let hours = |hours: i64| Time::from_micros(hours * HOUR_SECONDS * MICROS_PER_SECOND);
        let due = |told, now| is_due(Some(hours(told)), hours(now), 200 * HOUR_SECONDS);
        assert_eq!((due(100, 100), due(100, 123), due(100, 124)), (false, false, true));
        assert!(due(100, 76));
        assert_eq!((due(199, 199), due(199, 200), due(200, 201)), (false, true, false));
        assert!(is_due(None, hours(100), 200 * HOUR_SECONDS));
    }
}
