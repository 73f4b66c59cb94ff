//! Writes the log so that a slow reader, or one that does not read at all, delays nothing else.
//!
//! A line is written at once where that does not block. Else it waits in memory for the one thread that writes, and so
//! do the lines after it; lines for which there is no room are left out, and counted.

use std::{
    fmt,
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

/// Most bytes of lines that wait: some ten thousand lines.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// Lines that were left out. Of the whole process, which has one log.
pub(super) static LEFT_OUT: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Writes as much of a line as can be written without blocking, in bytes. An error: none, or the system cannot tell.
pub(super) type AtOnce = Box<dyn Fn(&[u8]) -> io::Result<usize> + Send + Sync>;

/// Takes one line with each call. Clones are the same.
#[derive(Clone)]
pub(super) struct LogWriter(Arc<Shared>);

struct Shared {
    at_once: AtOnce,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lines that were left out and not yet reported in the log.
    left_out: u64,
    /// The thread is writing lines that it took from here.
    writing: bool,
}

impl LogWriter {
    /// Writes by `at_once`, and where that would block to `out`, by a thread that is started here and ends with the
    /// process.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub(super) fn start(out: impl Write + Send + 'static, at_once: AtOnce) -> io::Result<Self> {
        let (waiting, changed) = Default::default();
        let log = Self(Arc::new(Shared { at_once, waiting, changed }));
        let writer = log.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_all_to(out))?;
        Ok(log)
    }

    /// Waits until all is written, for `patience` at most: a reader that does not read must not delay the end either.
    pub(super) fn flush(&self, patience: Duration) {
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
            // There is no other place to report that the log cannot be written.
            let _ = out.write_all(&lines);
            if left_out > 0 {
                tracing::warn!(left_out, "the log was not taken as it came: lines were left out");
            }
            self.waiting().writing = false;
            self.0.changed.notify_all();
        }
    }

    /// Waits for lines and moves all of them into `lines`. How many were left out since the last time.
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
    /// Whether all lines have been written, so that the next one may be written at once.
    const fn is_over(&self) -> bool {
        self.lines.is_empty() && !self.writing
    }
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter").finish_non_exhaustive()
    }
}

/// Never fails: a line for which there is no room is left out, and the code that logs goes on.
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
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        time::Instant,
    };

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
        let log = LogWriter::start(Stalled { told, taken }, Box::new(at_once)).expect("a thread");
        log.put(&LINE);
        assert_eq!(lengths.try_recv(), Ok(LINE.len()));
        most.store(24, Ordering::Relaxed);
        log.put(&LINE);
        assert_eq!(lengths.try_recv(), Ok(24), "what there is room for");
        most.store(usize::MAX, Ordering::Relaxed);
        log.put(&LINE);
        assert_eq!(
            lengths.try_recv(),
            Err(mpsc::TryRecvError::Empty),
            "there is room, but not before those that wait"
        );
        drop(tell);
        log.flush(PATIENCE);
        assert_eq!(lengths.try_iter().sum::<usize>(), 2 * LINE.len() - 24);
        log.put(&LINE);
        assert_eq!(lengths.try_recv(), Ok(LINE.len()));
    }

    #[test]
    fn a_reader_that_stalls_holds_up_nobody_and_misses_what_is_beyond_the_bound() {
        let ((tell, told), (taken, lengths)) = (mpsc::channel(), mpsc::channel());
        let log = LogWriter::start(Stalled { told, taken }, full()).expect("a thread");
        log.put(&LINE);
        while !log.waiting().writing {
            thread::yield_now();
        }
        let room = MAX_WAITING_BYTES / LINE.len();
        (0..room + 7).for_each(|_| log.put(&LINE));
        let begun = Instant::now();
        log.flush(Duration::from_millis(50));
        assert!(begun.elapsed() < PATIENCE, "the end is not held up either");
        assert_eq!(log.waiting().left_out, 7);
        assert!(LEFT_OUT.get() >= 7);
        drop(tell);
        log.flush(PATIENCE);
        let taken: Vec<_> = lengths.try_iter().collect();
        assert_eq!(taken, [LINE.len(), room * LINE.len()], "all the others, in their order");
        assert_eq!(log.waiting().left_out, 0);
    }
}
