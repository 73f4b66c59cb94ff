//! Why an endpoint is not asked, and when to log that: probes fail five times a second, and a name may have an address
//! that never answers.

use std::time::Duration;

use tokio::time::Instant;

/// Shortest time between two lines of one endpoint.
const TELL_INTERVAL: Duration = Duration::from_secs(60);

/// Why an endpoint is not asked.
#[derive(Debug, Default)]
pub(super) struct Unready {
    cause: Option<String>,
    logged: Option<(String, Instant)>,
}

impl Unready {
    /// The endpoint is asked again.
    pub(super) fn clear(&mut self) {
        self.cause = None;
    }

    /// The endpoint is not asked, for this cause.
    pub(super) fn set(&mut self, cause: String) {
        self.cause = Some(cause);
    }

    /// The cause, logged or not.
    pub(super) fn cause(&self) -> Option<String> {
        self.cause.clone()
    }

    /// The cause, where it is to be logged: if it is another than the one logged last, and that was at least `TELL_INTERVAL` ago.
    pub(super) fn take_news(&mut self, now: Instant) -> Option<&str> {
        let cause = self.cause.as_ref()?;
        let logged = self.logged.as_ref();
        if logged.is_some_and(|(logged, at)| logged == cause || now.duration_since(*at) < TELL_INTERVAL) {
            return None;
        }
        Some(self.mark_logged(now))
    }

    /// The cause, noted as logged at this time.
    pub(super) fn mark_logged(&mut self, now: Instant) -> &str {
        let cause = self.cause.clone().unwrap_or_default();
        self.logged.insert((cause, now)).0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once_and_another_one_later() {
        let (mut unready, start) = (Unready::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(unready.take_news(after(0)), None);
        unready.set("refused".to_owned());
        assert_eq!(unready.take_news(after(0)), Some("refused"));
        assert_eq!(unready.take_news(after(600)), None);
        unready.set("not believed".to_owned());
        assert_eq!(unready.take_news(after(600)), Some("not believed"));
        unready.set("refused".to_owned());
        assert_eq!(unready.take_news(after(659)), None);
        assert_eq!(unready.take_news(after(660)), Some("refused"));
        unready.clear();
        assert_eq!(unready.take_news(after(999)), None);
    }
}
