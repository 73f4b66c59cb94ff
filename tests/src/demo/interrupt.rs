//! Being asked to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whoever asks the demo to end: Ctrl-C, a supervisor, a terminal that is closed.
pub struct Interrupt {
    signals: [Signal; 3],
}

impl Interrupt {
    /// From here on these signals no longer end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hang_up] = kinds.map(signal);
        Ok(Self { signals: [interrupt?, terminate?, hang_up?] })
    }

    /// Waits for the first of them.
    pub async fn received(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}
