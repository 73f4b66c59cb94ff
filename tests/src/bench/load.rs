//! Closed-loop load, and what it costs the server.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::error::Error;
use super::proc;

/// What a number of requests took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    requests: f64,
    elapsed: Duration,
    server: Duration,
    own: Duration,
}

impl Load {
    /// Server CPU for one request, in microseconds.
    pub fn cpu_micros(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / self.requests
    }

    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.requests / self.elapsed.as_secs_f64()
    }

    /// How busy the process was that made the load: at 1.0 it, and not the server, set the rate.
    pub fn own_share(&self) -> f64 {
        self.own.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

/// Runs `work`, which makes `requests` requests of the process `server`.
pub async fn gauge(
    server: u32,
    requests: usize,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<Load, Error> {
    let me = std::process::id();
    let (server_before, own_before, started) = (proc::cpu_time(server)?, proc::cpu_time(me)?, Instant::now());
    work.await?;
    Ok(Load {
        requests: as_float(requests),
        elapsed: started.elapsed(),
        server: proc::cpu_time(server)?.saturating_sub(server_before),
        own: proc::cpu_time(me)?.saturating_sub(own_before),
    })
}

/// Makes the calls `0..count`, `lanes` of them at a time.
pub async fn in_flight<C, F>(lanes: usize, count: usize, call: C) -> Result<(), Error>
where
    C: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = Result<(), Error>> + Send,
{
    let mut running: JoinSet<Result<(), Error>> = JoinSet::new();
    for lane in 0..lanes {
        let call = call.clone();
        running.spawn(async move {
            for index in (lane..count).step_by(lanes) {
                call(index).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.map_err(|error| Error::Child(format!("a lane of the load ended: {error}")))??;
    }
    Ok(())
}

/// Counts here stay far below the 2^32 up to which this is exact.
pub fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn every_call_is_made_once_and_no_more_than_the_lanes_at_a_time() {
        let (seen, now) = (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(AtomicUsize::new(0)));
        let (all, busy) = (Arc::clone(&seen), Arc::clone(&now));
        let call = move |index| {
            let (seen, now) = (Arc::clone(&seen), Arc::clone(&now));
            async move {
                assert!(now.fetch_add(1, Ordering::SeqCst) < 4);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                assert!(seen.lock().unwrap().insert(index), "{index} was called twice");
                Ok(())
            }
        };
        in_flight(4, 41, call).await.unwrap();
        assert_eq!(*all.lock().unwrap(), (0..41).collect());
        assert_eq!(busy.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_call_that_fails_ends_the_measurement() {
        let call = |index| async move { if index == 7 { Err(Error::TooShort) } else { Ok(()) } };
        assert!(matches!(in_flight(2, 20, call).await, Err(Error::TooShort)));
    }

    #[test]
    fn cpu_and_rate_are_per_request() {
        let load = Load {
            requests: 4_000.0,
            elapsed: Duration::from_secs(2),
            server: Duration::from_secs(1),
            own: Duration::from_millis(500),
        };
        assert_eq!((load.cpu_micros(), load.rate(), load.own_share()), (250.0, 2_000.0, 0.25));
    }
}
