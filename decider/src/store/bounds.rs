//! The bounds of a store.

use std::time::Duration;

/// Questions that may wait for the writer. Past it they are shed: at a thousand decisions a second, the slowest
/// disk that was ever worth running on, the last in the queue waits a second.
pub const MAX_QUEUED: usize = 1024;

/// Questions that one commit may stand for. More would keep the first one waiting for the last.
pub const MAX_BATCH: usize = 64;

/// How long one transaction may settle questions; those that are left are put off to the next. A payment to a thousand
/// destinations under many limits takes a second alone, and on PostgreSQL whoever holds the ledger for two seconds loses
/// it.
pub const SETTLED_WITHIN: Duration = Duration::from_millis(500);

/// How far the wall clock may get ahead of the monotonic one, over the life of the process. A leap beyond it
/// would empty windows that are still full.
pub const MAX_FORWARD_JUMP: Duration = Duration::from_secs(60);

/// Charges that are read between two rounds while a policy is adopted: some ten milliseconds of work, which is what a
/// decision waits for at most.
pub const MAX_CHARGES_A_PIECE: usize = 256;

/// The same where there are many limits: each of them looks at each of the charges, so many times in all.
pub const MAX_LOOKS_A_PIECE: usize = 8192;

/// As few as that only where there are hundreds of limits: each piece is a question to the journal.
pub const MIN_CHARGES_A_PIECE: usize = 16;

/// Payloads that are pruned at once: a few milliseconds of work, which is what a decision waits for at most.
pub const MAX_PRUNED_A_PIECE: usize = 64;

/// From one piece to the next while there is more: at most some percent of the time goes into pruning.
pub const BETWEEN_PIECES: Duration = Duration::from_millis(50);

/// How often it is seen whether retention has ended for something, in a store that nobody else writes to.
pub const KEEP_UP_EVERY: Duration = Duration::from_secs(1);

/// How long pruning waits for a moment in which nobody waits. Then it is done anyway, or a store that is never idle would
/// grow for ever.
pub const MOST_PATIENCE: Duration = Duration::from_secs(1);

/// How long a store that went away is left alone before it is tried again, at first.
pub const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The same after many tries without a decision that was committed.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(2);
