//! Signing with keys from files.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, Sender, channel},
};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    key::ReplyKey,
    signer::{Algorithm, SignError, Signer, Signing},
};

/// Threads beside the async workers that sign by RSA, one for each core. More would only wait for each other. They take
/// from one queue, so that a thread goes on to the next reply at once. The listener's bounds on
/// connections and streams bound the queue.
#[derive(Clone, Debug)]
pub struct SigningThreads(Sender<Job>);

/// A message to sign, its key, and where the signature goes.
#[derive(Debug)]
struct Job {
    key: ReplyKey,
    message: Bytes,
    done: oneshot::Sender<Result<Vec<u8>, SignError>>,
}

impl SigningThreads {
    /// Starts the threads. They end with the last clone.
    ///
    /// # Errors
    /// The machine has no more threads.
    pub fn start() -> std::io::Result<Self> {
        let (queue, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new().name("signer".to_owned()).spawn(move || work(&jobs))?;
        }
        Ok(Self(queue))
    }

    /// The signer of this key.
    #[must_use]
    pub fn signer(&self, key: &ReplyKey) -> Arc<dyn Signer> {
        Arc::new(LocalSigner { key: key.clone(), threads: self.clone() })
    }

    async fn sign(&self, key: ReplyKey, message: Bytes) -> Result<Vec<u8>, SignError> {
        let (done, signed) = oneshot::channel();
        self.0.send(Job { key, message, done }).map_err(|_| SignError)?;
        signed.await.map_err(|_| SignError)?
    }
}

/// Signs one message after the other, until all senders are gone.
fn work(jobs: &Mutex<Receiver<Job>>) {
    let next = || jobs.lock().ok()?.recv().ok();
    while let Some(Job { key, message, done }) = next() {
        // The request may have ended meanwhile; others are still waiting.
        if !done.is_closed() {
            let _ = done.send(key.sign(&message));
        }
    }
}

/// A key from a file, and where it signs.
#[derive(Debug)]
struct LocalSigner {
    key: ReplyKey,
    threads: SigningThreads,
}

impl Signer for LocalSigner {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &[u8] {
        self.key.public_key()
    }

    /// By RSA on the threads: a fifth of a millisecond and more would hold up every other request of the worker. By
    /// ECDSA right here: it takes as little as verifying the request did, and handing it over would cost as much again.
    fn sign(&self, message: Bytes) -> Signing<'_> {
        match self.key.algorithm() {
            Algorithm::Rs256 => Box::pin(self.threads.sign(self.key.clone(), message)),
            Algorithm::Es256 => Box::pin(async move { self.key.sign(&message) }),
        }
    }
}
