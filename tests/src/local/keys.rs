//! RSA-2048 key pairs for requests and replies.

use std::path::Path;

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use super::{Error, files};

/// Creates a key pair, or the public half of a private key that exists.
pub fn create(private: &Path, public: &Path) -> Result<(), Error> {
    let failed = |source| Error::Certificate { path: private.to_owned(), source };
    let pair = match (private.exists(), public.exists()) {
        (true, true) => return Ok(()),
        (false, true) => {
            return Err(Error::HalfMissing { missing: private.to_owned(), present: public.to_owned() });
        }
        (true, false) => KeyPair::from_pem(&files::read(private)?).map_err(failed)?,
        (false, false) => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(failed)?,
    };
    files::create_secret(private, pair.serialize_pem().as_bytes())?;
    files::create(public, pair.public_key_pem().as_bytes())
}
