//! How long single requests took.

use std::time::Duration;

use super::error::Error;

/// Times of many requests, collected by one thread.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

/// The times that half, 99 % and 99.9 % of the requests did not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentiles {
    /// Of half of them.
    pub p50: Duration,
    /// Of 99 %.
    pub p99: Duration,
    /// Of 99.9 %.
    pub p999: Duration,
}

impl Times {
    /// Adds one.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Of all of them. There must be one.
    pub fn percentiles(&self) -> Result<Percentiles, Error> {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |permille: usize| {
            let rank = (sorted.len() * permille).div_ceil(1_000);
            sorted.get(rank.saturating_sub(1)).copied().ok_or(Error::TooShort)
        };
        Ok(Percentiles { p50: at(500)?, p99: at(990)?, p999: at(999)? })
    }
}

/// In milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, p999] = [self.p50, self.p99, self.p999].map(millis);
        write!(f, "p50 {p50:.2} ms, p99 {p99:.2}, p99.9 {p999:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_seen() {
        let mut times = Times::default();
        (1..=1_000).rev().for_each(|micros| times.push(Duration::from_micros(micros)));
        let [p50, p99, p999] = [500, 990, 999].map(Duration::from_micros);
        assert_eq!(times.percentiles().unwrap(), Percentiles { p50, p99, p999 });
        insta::assert_snapshot!(times.percentiles().unwrap(), @"p50 0.50 ms, p99 0.99, p99.9 1.00");
    }

    #[test]
    fn one_time_is_all_of_them_and_none_is_an_error() {
        let mut times = Times::default();
        assert!(times.percentiles().is_err());
        times.push(Duration::from_secs(1));
        assert_eq!(times.percentiles().unwrap().p999, Duration::from_secs(1));
    }
}
