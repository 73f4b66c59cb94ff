//! Several attempts at one question, taken in the order in which they end.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::{Instant, timeout_at};

/// Attempts under way; dropping it gives all of them up.
///
/// The first is pinned where the question waits, so that a question that needs no other costs no allocation.
pub(super) struct Race<'a, F: Future> {
    first: Option<Pin<&'a mut F>>,
    others: Vec<Pin<Box<F>>>,
}

impl<'a, F: Future> Race<'a, F> {
    pub(super) fn new(first: Pin<&'a mut F>) -> Self {
        Self { first: Some(first), others: Vec::new() }
    }

    pub(super) fn join(&mut self, other: F) {
        self.others.push(Box::pin(other));
    }

    pub(super) fn len(&self) -> usize {
        self.others.len() + usize::from(self.first.is_some())
    }

    /// What the next attempt ends with. `None`: none has ended by `until`. Without a limit it waits for good.
    pub(super) async fn next(&mut self, until: Option<Instant>) -> Option<F::Output> {
        let next = poll_fn(|cx| self.poll(cx));
        match until {
            Some(until) => timeout_at(until, next).await.ok(),
            None => Some(next.await),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let Some(Poll::Ready(ended)) = self.first.as_mut().map(|first| first.as_mut().poll(cx)) {
            self.first = None;
            return Poll::Ready(ended);
        }
        let ended =
            self.others.iter_mut().enumerate().find_map(|(index, other)| match other.as_mut().poll(cx) {
                Poll::Ready(ended) => Some((index, ended)),
                Poll::Pending => None,
            });
        let Some((index, ended)) = ended else { return Poll::Pending };
        drop(self.others.swap_remove(index));
        Poll::Ready(ended)
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use tokio::time::sleep;

    use super::*;

    async fn after(millis: u64) -> u64 {
        sleep(Duration::from_millis(millis)).await;
        millis
    }

    #[tokio::test]
    async fn attempts_are_heard_as_they_end() {
        let first = pin!(after(1000));
        let mut race = Race::new(first);
        race.join(after(2500));
        race.join(after(10));
        let mut heard = Vec::new();
        while race.len() > 0 {
            heard.push(race.next(None).await);
        }
        assert_eq!(heard, [Some(10), Some(1000), Some(2500)]);
    }

    #[tokio::test]
    async fn nobody_is_waited_for_longer_than_told() {
        let first = pin!(after(1000));
        let mut race = Race::new(first);
        let begun = Instant::now();
        assert_eq!(race.next(Some(begun + Duration::from_millis(20))).await, None);
        assert_eq!(race.next(Some(begun + Duration::from_secs(9))).await, Some(1000));
        assert_eq!(race.next(Some(begun + Duration::from_millis(1100))).await, None, "nobody is left");
        assert!(begun.elapsed() >= Duration::from_millis(1100));
    }
}
