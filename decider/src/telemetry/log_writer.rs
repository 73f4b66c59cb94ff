//! Lines of the log on their way out: a reader that is slow, or does not read at all, holds up nobody.
//!
//! A line is written at once where that needs no waiting. Else it waits in memory for one thread that writes what waits,
//! and so do those after it; those for which there is no room are left out, and counted.

use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

/// Most bytes of lines that wait: some ten thousand lines.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// Lines that were left out, of the whole process, as the log is.
pub static LEFT_OUT: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Writes as much of a line as can be written without waiting for anybody. An error: nothing of it, or nobody knows how.
pub type AtOnce = Box<dyn Fn(&[u8]) -> io::Result<usize> + Send + Sync>;

/// Where lines are put, one with each call. Clones are the same.
#[derive(Clone)]
pub struct LogWriter(Arc<Shared>);

struct Shared {
    at_once: AtOnce,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// How many were left out since that was told.
    left_out: u64,
    /// Lines are being written that do not wait here any more.
    writing: bool,
}

impl LogWriter {
    /// To `out`: by `at_once`, and where that would have to wait by a thread that is started here and ends with the process.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub fn to(out: impl Write + Send + 'static, at_once: AtOnce) -> io::Result<Self> {
        let (waiting, changed) = Default::default();
        let log_writer = Self(Arc::new(Shared { at_once, waiting, changed }));
        let writer = log_writer.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_all_to(out))?;
        Ok(log_writer)
    }

    /// Waits until all is written, and no longer than that: a reader that does not read must not hold up the end either.
    pub fn flush(&self, patience: Duration) {
        drop(self.0.changed.wait_timeout_while(self.waiting(), patience, |waiting| !waiting.is_over()));
    }

    fn put(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        let written = if waiting.is_over() { (self.0.at_once)(line).unwrap_or_default() } else { 0 };
        let rest = line.get(written..).unwrap_or_default();
        if rest.is_empty() {
            return;
        }
        if waiting.lines.len().saturating_add(rest.len()) > MAX_WAITING_BYTES {
            waiting.left_out = waiting.left_out.saturating_add(1);
            LEFT_OUT.inc();
            return;
        }
        waiting.lines.extend_from_slice(rest);
        drop(waiting);
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

impl Waiting {
    /// All that was put has been written: the next line is the next to write.
    const fn is_over(&self) -> bool {
        self.lines.is_empty() && !self.writing
    }
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter").finish_non_exhaustive()
    }
}

/// What cannot be taken is left out, which is not an error of the code that logs.
impl Write for LogWriter {
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Instant;

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

    fn full() -> AtOnce {
        Box::new(|_| Err(io::ErrorKind::WouldBlock.into()))
    }

    #[test]
    fn a_line_is_written_before_who_put_it_goes_on_and_after_those_that_wait() {
        let ((tell, told), (taken, lengths)) = (mpsc::channel(), mpsc::channel());
        let (most, at_once) = (Arc::new(AtomicUsize::new(usize::MAX)), taken.clone());
        let room = Arc::clone(&most);
        let at_once = move |line: &[u8]| {
            let written = line.len().min(room.load(Ordering::Relaxed));
            let _ = at_once.send(written);
            Ok(written)
        };
        let log_writer = LogWriter::to(Stalled { told, taken }, Box::new(at_once)).unwrap();
        log_writer.put(&LINE);
        assert_eq!(lengths.try_recv(), Ok(LINE.len()));
        most.store(24, Ordering::Relaxed);
        log_writer.put(&LINE);
        assert_eq!(lengths.try_recv(), Ok(24), "what there is room for");
        most.store(usize::MAX, Ordering::Relaxed);
        log_writer.put(&LINE);
        assert_eq!(
            lengths.try_recv(),
            Err(mpsc::TryRecvError::Empty),
            "there is room, but not before those that wait"
        );
        drop(tell);
        log_writer.flush(PATIENCE);
        assert_eq!(lengths.try_iter().sum::<usize>(), 2 * LINE.len() - 24);
        log_writer.put(&LINE);
        assert_eq!(lengths.try_recv(), Ok(LINE.len()));
    }

    #[test]
    fn a_reader_that_stalls_holds_up_nobody_and_misses_what_is_beyond_the_bound() {
        let ((tell, told), (taken, lengths)) = (mpsc::channel(), mpsc::channel());
        let log_writer = LogWriter::to(Stalled { told, taken }, full()).unwrap();
        log_writer.put(&LINE);
        while !log_writer.waiting().writing {
            thread::yield_now();
        }
        let room = MAX_WAITING_BYTES / LINE.len();
        (0..room + 7).for_each(|_| log_writer.put(&LINE));
        let begun = Instant::now();
        log_writer.flush(Duration::from_millis(50));
        assert!(begun.elapsed() < PATIENCE, "the end is not held up either");
        assert_eq!(log_writer.waiting().left_out, 7);
        assert!(LEFT_OUT.get() >= 7);
        drop(tell);
        log_writer.flush(PATIENCE);
        let taken: Vec<_> = lengths.try_iter().collect();
        assert_eq!(taken, [LINE.len(), room * LINE.len()], "all the others, in their order");
        assert_eq!(log_writer.waiting().left_out, 0);
    }
}
