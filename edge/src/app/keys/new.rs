//! A new reply key, in a file that only its owner reads.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
    process::ExitCode,
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    error::Unspecified,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair},
};
use thiserror::Error;

use super::encoding::{private_pem, public_pem};
use crate::{
    app::outcome::{EXIT_FAILED, print, say},
    fingerprint::fingerprint,
    respond::{Algorithm, ReplyKey, ReplyKeyError},
};

const OWNER_ONLY: u32 = 0o600;
const WRITABLE_BY_ALL: u32 = 0o002;

#[derive(Debug, Error)]
enum NewError {
    #[error("{0} is there already, and a reply key in use must not be lost: give another name")]
    Exists(String),
    #[error("{0} cannot be written: {1}")]
    File(String, io::Error),
    #[error("no key could be made")]
    Key(#[from] Unspecified),
    #[error("the key that was made {0}")]
    Unusable(#[from] ReplyKeyError),
}

/// Makes a key and says what to do with it.
pub(super) fn new(algorithm: Algorithm, out: &Path) -> ExitCode {
    match make(algorithm, out) {
        Ok(key) => {
            let printed = print(public_pem(key.public_key()), ExitCode::SUCCESS);
            say(advice(&key, out).trim_end());
            printed
        }
        Err(error) => {
            say(format_args!("edge: {error}"));
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn make(algorithm: Algorithm, out: &Path) -> Result<ReplyKey, NewError> {
    let private = private_pem(&generate(algorithm)?);
    let key = ReplyKey::from_pem(private.as_bytes())?;
    let name = || out.display().to_string();
    write(out, &private).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists(name()),
        _ => NewError::File(name(), error),
    })?;
    Ok(key)
}

/// In PKCS#8.
fn generate(algorithm: Algorithm) -> Result<Vec<u8>, Unspecified> {
    match algorithm {
        Algorithm::Rs256 => {
            let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?;
            Ok(der.as_ref().to_vec())
        }
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
            Ok(pair.to_pkcs8v1()?.as_ref().to_vec())
        }
    }
}

/// The mode is set as the file is made: there is no moment in which others could open it.
fn write(out: &Path, private: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(out)?;
    let written = file.write_all(private.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(out);
    }
    written
}

fn advice(key: &ReplyKey, out: &Path) -> String {
    let (algorithm, file) = (key.algorithm().as_str(), out.display());
    let versions = match key.algorithm() {
        Algorithm::Rs256 => "",
        Algorithm::Es256 => "Every Co-signer that calls the path has to be of version 2026.08.19 or later.\n",
    };
    format!(
        "{file} signs replies by {algorithm}. Keep a copy where your secrets are kept.\n{versions}\
         Give the public key above to the API user's callback handler, in the Console or by the API.\n\
         It has to be approved there; write {file} as reply_private_key of the path when it is, not before.\n\
         To see the public key again: edge keys show --key {file}\n\
         Fingerprint (SHA-256): {}\n{}",
        fingerprint(key.public_key()),
        warning(out)
    )
}

/// In a directory that everybody may write to, anybody can replace this file.
fn warning(out: &Path) -> String {
    let directory = match out.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    match std::fs::metadata(directory) {
        Ok(found) if found.mode() & WRITABLE_BY_ALL != 0 => {
            format!(
                "warning: everybody may write in {}: move the key to a directory of your own\n",
                directory.display()
            )
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let directory = TempDir::new().expect("a directory");
        for (algorithm, name) in [(Algorithm::Rs256, "rsa.pem"), (Algorithm::Es256, "p256.pem")] {
            let out = directory.path().join(name);
            let key = make(algorithm, &out).expect("made");
            let written = std::fs::read(&out).expect("written");
            let read = ReplyKey::from_pem(&written).expect("a key");
            assert_eq!((read.algorithm(), read.public_key()), (algorithm, key.public_key()));
            assert_eq!(std::fs::metadata(&out).expect("there").mode() & 0o777, 0o600);
            let again = make(algorithm, &out).expect_err("is there").to_string();
            assert!(
                again.ends_with(
                    "is there already, and a reply key in use must not be lost: give another name"
                )
            );
            assert_eq!(std::fs::read(&out).expect("there still"), written);
        }
    }

    #[test]
    fn a_directory_open_to_all_is_warned_of() {
        let directory = TempDir::new().expect("a directory");
        let out = directory.path().join("key.pem");
        assert_eq!(warning(&out), "");
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).expect("set");
        assert!(warning(&out).starts_with("warning: everybody may write in "));
    }

    #[test]
    fn it_is_said_what_to_do_with_it() {
        let vector =
            format!("{}/../tests/vectors/synthetic_callback_p256_private.pem", env!("CARGO_MANIFEST_DIR"));
        let key = ReplyKey::from_pem(&std::fs::read(vector).expect("read")).expect("a key");
        insta::assert_snapshot!(advice(&key, Path::new("reply_private.pem")), @"
        reply_private.pem signs replies by ES256. Keep a copy where your secrets are kept.
        Every Co-signer that calls the path has to be of version 2026.08.19 or later.
        Give the public key above to the API user's callback handler, in the Console or by the API.
        It has to be approved there; write reply_private.pem as reply_private_key of the path when it is, not before.
        To see the public key again: edge keys show --key reply_private.pem
        Fingerprint (SHA-256): c9027238fd5f01430d8d26bd5e764c8c71f0c4633a279a68fc71163eb9543e78
        ");
    }
}
