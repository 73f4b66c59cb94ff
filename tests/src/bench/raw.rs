//! The limit of what an edge can be: one RSA verification and one RSA signature, and nothing around them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use system_tests::cosigner::jws::Signer;
use system_tests::local::Local;

use super::error::Error;
use super::load::as_float;
use super::{Bench, proc, questions};

/// Distinct requests that are verified in turn.
const POOL: usize = 64;
/// About the length of what is signed for a reply: header, requestId and action.
const REPLY_BYTES: usize = 160;

/// Whose keys, and how often.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The Co-signer's private key: makes the requests
    #[arg(long)]
    cosigner_key: PathBuf,
    /// Its public half: verifies them
    #[arg(long)]
    cosigner_public_key: PathBuf,
    /// The key that signs replies
    #[arg(long)]
    reply_key: PathBuf,
    /// How many requests
    #[arg(long)]
    count: usize,
}

/// CPU time of a verification and a signature in microseconds, on the server's core.
pub async fn measure(bench: &Bench, local: &Local, count: usize) -> Result<f64, Error> {
    let program = std::env::current_exe().map_err(Error::io("cannot find the bench itself"))?;
    let arguments: [OsString; 9] = [
        "raw".into(),
        "--cosigner-key".into(),
        local.cosigner_private_key().into(),
        "--cosigner-public-key".into(),
        local.cosigner_public_key().into(),
        "--reply-key".into(),
        local.reply_private_key().into(),
        "--count".into(),
        count.to_string().into(),
    ];
    let (command, arguments) = bench.cores.on_server_core(&program, arguments.into());
    let output = tokio::process::Command::new(command)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(Error::io("cannot start the raw crypto"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    told.trim()
        .parse()
        .map_err(|_| Error::Child(format!("the raw crypto ended with {}: {told}", output.status)))
}

/// Verifies and signs `count` times and prints the CPU time of once, in microseconds.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let keys = Keys::read(arguments)?;
    let requests = requests(&arguments.cosigner_key)?;
    // Tables of the library are built at first use.
    exercise(&keys, &requests, POOL)?;
    let me = std::process::id();
    let before = proc::cpu_time(me)?;
    exercise(&keys, &requests, arguments.count)?;
    let used = proc::cpu_time(me)?.saturating_sub(before);
    println!("{}", used.as_secs_f64() * 1e6 / as_float(arguments.count));
    Ok(())
}

fn exercise(keys: &Keys, requests: &[Signed], count: usize) -> Result<(), Error> {
    requests.iter().cycle().take(count).try_for_each(|request| keys.once(request))
}

/// A request as the crypto sees it.
struct Signed {
    bytes: Vec<u8>,
    signature: Vec<u8>,
}

/// Requests that all differ.
fn requests(key: &Path) -> Result<Vec<Signed>, Error> {
    let failed = |why: String| Error::Key(format!("{}: {why}", key.display()));
    let signer = Signer::from_pem(&read(key)?).map_err(|error| failed(error.to_string()))?;
    let request = |_| {
        let token = signer.sign(&questions::payload()?).map_err(|error| failed(error.to_string()))?;
        let (signed, signature) = token.rsplit_once('.').ok_or_else(|| failed("no token".into()))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|error| failed(error.to_string()))?;
        Ok(Signed { bytes: signed.as_bytes().to_vec(), signature })
    };
    (0..POOL).map(request).collect()
}

/// Both keys, parsed once.
struct Keys {
    verify: ParsedPublicKey,
    sign: RsaKeyPair,
}

impl Keys {
    fn read(arguments: &Arguments) -> Result<Self, Error> {
        let unusable = |file: &Path| Error::Key(format!("{} as an RSA key", file.display()));
        let (public, private) = (&arguments.cosigner_public_key, &arguments.reply_key);
        let der = SubjectPublicKeyInfoDer::from_pem_slice(&read(public)?).map_err(|_| unusable(public))?;
        let verify = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref());
        let sign = match PrivateKeyDer::from_pem_slice(&read(private)?) {
            Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(unusable(private)),
        };
        Ok(Self { verify: verify.map_err(|_| unusable(public))?, sign: sign.map_err(|_| unusable(private))? })
    }

    fn once(&self, Signed { bytes, signature }: &Signed) -> Result<(), Error> {
        let failed = |_| Error::Key("the keys: what one signs, the other does not verify".to_owned());
        self.verify.verify_sig(bytes, signature).map_err(failed)?;
        let mut made = vec![0; self.sign.public_modulus_len()];
        self.sign
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[b'x'; REPLY_BYTES], &mut made)
            .map_err(failed)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(file).map_err(Error::io(format!("cannot read {}", file.display())))
}

#[cfg(test)]
mod tests {
    use system_tests::vectors;

    use super::*;

    #[test]
    fn a_wrong_key_is_not_measured() {
        let arguments = |public: &str| Arguments {
            cosigner_key: vectors::path("synthetic_cosigner_private.pem"),
            cosigner_public_key: vectors::path(public),
            reply_key: vectors::path("synthetic_callback_rsa_private.pem"),
            count: 1,
        };
        run(&arguments("synthetic_cosigner_public.pem")).unwrap();
        let error = run(&arguments("synthetic_callback_rsa_public.pem")).unwrap_err().to_string();
        insta::assert_snapshot!(error, @"cannot use the keys: what one signs, the other does not verify");
    }
}
