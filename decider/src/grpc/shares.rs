//! What of the room for calls one caller may take, over all its connections: a caller that asks too much, or leaves what it
//! asked for, does it to itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

/// Calls that are worked on at once, over all connections and services. Beyond it they are shed before they are read,
/// so that what waits never holds more memory than so many requests.
pub const MAX_CALLS: usize = 1536;
/// Calls of one caller that are worked on at once: as many as an edge asks where nothing else is said (`max_decisions`),
/// and as may wait for the store. A third is left to others.
pub const MAX_CALLS_OF_ONE: usize = MAX_CALLS / 3 * 2;
/// Lookups of one caller at once, until their answers are sent.
pub const MAX_READS_OF_ONE: usize = 4;
/// Holders of calls that are named in one line.
const MAX_NAMED: usize = 4;

/// What one caller may still take.
pub struct Share {
    /// Calls.
    pub calls: Arc<Semaphore>,
    /// Lookups.
    pub reads: Arc<Semaphore>,
}

impl Share {
    /// All of it.
    pub fn whole() -> Self {
        let room = |permits| Arc::new(Semaphore::new(permits));
        Self { calls: room(MAX_CALLS_OF_ONE), reads: room(MAX_READS_OF_ONE) }
    }

    fn held(&self) -> usize {
        MAX_CALLS_OF_ONE.saturating_sub(self.calls.available_permits())
    }
}

/// The shares of those who are connected, by name.
#[derive(Default)]
pub struct Shares(Mutex<BTreeMap<Arc<str>, Weak<Share>>>);

impl Shares {
    /// The share of a caller. Asked for once a connection.
    pub fn get_or_create(&self, name: &Arc<str>) -> Arc<Share> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(name).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Share::whole());
        shares.insert(Arc::clone(name), Arc::downgrade(&share));
        share
    }

    /// Who holds how many calls, the most first.
    pub fn holders(&self) -> String {
        let shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held =
            |(name, share): (&Arc<str>, &Weak<Share>)| Some((share.upgrade()?.held(), Arc::clone(name)));
        let mut holders: Vec<_> = shares.iter().filter_map(held).filter(|(held, _)| *held > 0).collect();
        holders.sort_by(|one, other| other.cmp(one));
        let named: Vec<String> =
            holders.iter().take(MAX_NAMED).map(|(held, name)| format!("{name}: {held}")).collect();
        named.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_that_of_all_connections_of_a_caller_and_goes_with_the_last() {
        let (shares, edge, job) = (Shares::default(), Arc::from("edge"), Arc::from("job"));
        let (first, second, other) =
            (shares.get_or_create(&edge), shares.get_or_create(&edge), shares.get_or_create(&job));
        assert!(Arc::ptr_eq(&first, &second) && !Arc::ptr_eq(&first, &other));
        let one = first.calls.try_acquire().unwrap();
        let many = other.calls.try_acquire_many(2).unwrap();
        assert_eq!(shares.holders(), "job: 2, edge: 1");
        drop((one, many));
        assert_eq!(shares.holders(), "");
        drop((first, second));
        shares.get_or_create(&Arc::from("another"));
        assert_eq!(
            shares.0.lock().unwrap().keys().map(AsRef::as_ref).collect::<Vec<_>>(),
            ["another", "job"]
        );
    }
}
