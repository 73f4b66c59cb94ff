//! Lines of the log on their way out: whoever reads them slowly, or not at all, holds up nobody.
//!
//! They wait in memory for one thread that writes them. Those for which there is no room are left out, and counted.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

/// Most bytes of lines that wait: some ten thousand lines.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// Lines that were left out, of the whole process, as the log is.
pub(super) static LEFT_OUT: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Where lines are put, one with each call. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Outlet(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// How many were left out since that was told.
    left_out: u64,
    /// Lines are being written that do not wait here any more.
    writing: bool,
}

impl Outlet {
    /// To `out`, for which nobody waits but a thread that is started here and ends with the process.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let outlet = Self::default();
        let writer = outlet.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_all_to(out))?;
        Ok(outlet)
    }

    /// Waits until all is written, and no longer than that: whoever does not read must not hold up the end either.
    pub(super) fn flush(&self, patience: Duration) {
        let is_left = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        drop(self.0.changed.wait_timeout_while(self.waiting(), patience, is_left));
    }

    fn put(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.lines.len().saturating_add(line.len()) > MAX_WAITING_BYTES {
            waiting.left_out = waiting.left_out.saturating_add(1);
            LEFT_OUT.inc();
            return;
        }
        waiting.lines.extend_from_slice(line);
        self.0.changed.notify_all();
    }

    fn write_all_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let left_out = self.take(&mut lines);
            // Where it cannot be written nobody is left to be told.
            let _ = out.write_all(&lines);
            if left_out > 0 {
                tracing::warn!(left_out, "the log was not taken as it came: lines were left out");
            }
            self.waiting().writing = false;
            self.0.changed.notify_all();
        }
    }

    /// Waits for lines and takes all that wait, for which those in `lines` have been written. How many were left out.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        lines.clear();
        let is_empty = |waiting: &mut Waiting| waiting.lines.is_empty();
        let waiting = self.0.changed.wait_while(self.waiting(), is_empty);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.writing = true;
        mem::swap(&mut waiting.lines, lines);
        mem::take(&mut waiting.left_out)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What cannot be taken is left out, which is no error of whoever logs.
impl Write for Outlet {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Instant};

    use super::*;

    const LINE: [u8; 1 << 10] = [b'x'; 1 << 10];
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Takes nothing before it is told to, and then tells how much it was given.
    struct Stalled {
        told: mpsc::Receiver<()>,
        taken: mpsc::Sender<usize>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.told.recv();
            let _ = self.taken.send(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stalls_holds_up_nobody_and_misses_what_is_beyond_the_bound() {
        let ((tell, told), (taken, lengths)) = (mpsc::channel(), mpsc::channel());
        let outlet = Outlet::to(Stalled { told, taken }).expect("a thread");
        outlet.put(&LINE);
        while !outlet.waiting().writing {
            thread::yield_now();
        }
        let room = MAX_WAITING_BYTES / LINE.len();
        (0..room + 7).for_each(|_| outlet.put(&LINE));
        let begun = Instant::now();
        outlet.flush(Duration::from_millis(50));
        assert!(begun.elapsed() < PATIENCE, "the end is not held up either");
        assert_eq!(outlet.waiting().left_out, 7);
        assert!(LEFT_OUT.get() >= 7);
        drop(tell);
        outlet.flush(PATIENCE);
        let taken: Vec<_> = lengths.try_iter().collect();
        assert_eq!(taken, [LINE.len(), room * LINE.len()], "all the others, in their order");
        assert_eq!(outlet.waiting().left_out, 0);
    }
}
