//! The key that signs replies, parsed once, and the bounded work of using it.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, Sender, channel},
};

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use thiserror::Error;
use tokio::sync::oneshot;

/// What the Co-signer takes for a handler's RSA key (callback protocol, section 3.4).
const REPLY_KEY_BYTES: usize = 256;

/// A file that does not hold a key for replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplyKeyError {
    /// No private key in it.
    #[error("does not hold a private key (PEM; make one with: openssl genrsa -out reply_private.pem 2048)")]
    NotPrivate,
    /// Not a usable RSA key.
    #[error("is not an RSA private key; replies are signed by RS256")]
    NotRsa,
    /// Another size than 2048 bits.
    #[error("is not an RSA key of 2048 bits, the only size a Co-signer takes")]
    Size,
}

/// A reply that could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the reply could not be signed")]
pub struct SignError;

/// The private key that signs the replies of one path.
#[derive(Clone)]
pub struct ReplyKey {
    key: Arc<RsaKeyPair>,
    identity: Vec<u8>,
}

impl std::fmt::Debug for ReplyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplyKey")
    }
}

impl ReplyKey {
    /// Reads a PEM file with an RSA private key (PKCS#8 or PKCS#1) of 2048 bits.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ReplyKeyError> {
        let key = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            Ok(_) => return Err(ReplyKeyError::NotRsa),
            Err(_) => return Err(ReplyKeyError::NotPrivate),
        };
        let key = key.map_err(|_| ReplyKeyError::NotRsa)?;
        if key.public_modulus_len() != REPLY_KEY_BYTES {
            return Err(ReplyKeyError::Size);
        }
        let identity = key.public_key().as_der().map_err(|_| ReplyKeyError::NotRsa)?.as_ref().to_vec();
        Ok(Self { key: Arc::new(key), identity })
    }

    /// The public half in its one canonical form (SubjectPublicKeyInfo, DER), to compare it with others.
    #[must_use]
    pub fn identity(&self) -> &[u8] {
        &self.identity
    }
}

/// Where signatures are made: threads beside the async workers, one for each core. More would only wait for each
/// other. They take from one queue, so that a thread goes on to the next reply without waiting to be asked. The
/// listener's bounds on connections and streams bound the queue.
#[derive(Clone, Debug)]
pub struct Signers(Sender<Job>);

/// A token to be signed, by which key, and who waits for it.
#[derive(Debug)]
struct Job {
    key: ReplyKey,
    token: String,
    done: oneshot::Sender<Result<String, SignError>>,
}

impl Signers {
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

    /// Signs beside the async workers: a fifth of a millisecond of arithmetic would hold up every other request
    /// of the worker.
    pub(super) async fn sign(&self, key: &ReplyKey, token: String) -> Result<String, SignError> {
        let (done, signed) = oneshot::channel();
        self.0.send(Job { key: key.clone(), token, done }).map_err(|_| SignError)?;
        signed.await.map_err(|_| SignError)?
    }
}

/// Signs one token after the other, until nobody can send any more.
fn work(jobs: &Mutex<Receiver<Job>>) {
    let next = || jobs.lock().ok()?.recv().ok();
    while let Some(Job { key, token, done }) = next() {
        // Whoever waited may have gone.
        let _ = done.send(sign(&key.key, token));
    }
}

/// `token` with the dot and its signature.
fn sign(key: &RsaKeyPair, mut token: String) -> Result<String, SignError> {
    let mut signature = [0; REPLY_KEY_BYTES];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
        .map_err(|_| SignError)?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_files_are_checked_at_start() {
        let vector = |name: &str| {
            std::fs::read(format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
        };
        let error = |pem: &[u8]| ReplyKey::from_pem(pem).err();
        assert_eq!(error(&vector("synthetic_callback_rsa_private.pem")), None);
        assert_eq!(error(&vector("synthetic_callback_rsa_public.pem")), Some(ReplyKeyError::NotPrivate));
        assert_eq!(error(&vector("synthetic_callback_p256_private.pem")), Some(ReplyKeyError::NotRsa));
        // 4096 bits.
        assert_eq!(error(&vector("synthetic_webhook_jwk_private.pem")), Some(ReplyKeyError::Size));
        assert_eq!(error(b""), Some(ReplyKeyError::NotPrivate));
    }
}
