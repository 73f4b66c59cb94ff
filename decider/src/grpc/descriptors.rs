//! The limit of open files, of which every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process has open beside the port's connections: the store, files that are looked at, logs, the admin port.
const OTHER_FILES: u64 = 256;

/// Raises the limit to what so many connections need, and warns where that is not allowed: once it is reached no
/// connection can be accepted, and no file that the store needs can be opened.
pub fn suffice_for(max_connections: usize) {
    let needed = u64::try_from(max_connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return;
    }
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    let told = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum });
    if told.is_err() || raised < needed {
        tracing::warn!(
            max_connections,
            needed,
            allowed = maximum,
            "the process may not open as many files as it may have connections: raise the limit (ulimit -n, LimitNOFILE)"
        );
    }
}
