use super::*;

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../tests/vectors/synthetic_{name}.pem", env!("CARGO_MANIFEST_DIR")))
        .expect(name)
}

/// As `openssl ecparam -genkey` writes it.
const SEC1_P256: &[u8] = b"\
-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIEcK1K+i/TuuG0PIxjykGwxNrBi3KDGpJ//qg1757AH6oAoGCCqGSM49
AwEHoUQDQgAEmO0pMw3+Cd9NtUBh3ucV+d0NqN8RWicVvwM8KXxn+EgOqxseq5vo
gtIuc4ZFQUejr+fdCvBP8UF7VVWwkHkxKQ==
-----END EC PRIVATE KEY-----
";
const SEC1_P384: &[u8] = b"\
-----BEGIN EC PARAMETERS-----
BgUrgQQAIg==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MIGkAgEBBDArhKtvWa2aFxM3LJ5cTH1qQPxX2hJnoZbAQfkQSoHBi9aEjN5FmslR
9oL44uLO5g+gBwYFK4EEACKhZANiAAQ6ETBNyTokoE56vMiJnzkeQ0rLEoWu6N4F
a94o1SE9sg4oBydY/3vUpZF/lOUSkrewmHcXkgctpSYHmfB8g+lSoxWa03oJ2Ts1
Jf2HbCMayMCnNDwwwfQaGLPUdNdx3AU=
-----END EC PRIVATE KEY-----
";
const PKCS8_P384: &[u8] = b"\
-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDUzRohgCz5olFi24nC
aicdTGul4nT5cD5/pzUeDu0k7ZxdDxhiBMQ/lePQ38InvduhZANiAASzcGY4V6zq
wd4TH4fcFy3jjV8QXwRR0M7mjH8dsetVYz+tqFYv1Xn9aXzAjk0ZlRZb8gQD7K/w
2C4S6zS2wJX0nhwapEkKCcnw2fp8tEYPWQKuRFa8E/VZBEzI04p0lgw=
-----END PRIVATE KEY-----
";

#[test]
fn the_key_decides_the_algorithm() {
    let algorithm = |pem: &[u8]| ReplyKey::from_pem(pem).map(|key| key.algorithm());
    assert_eq!(algorithm(&vector("callback_rsa_private")), Ok(Algorithm::Rs256));
    assert_eq!(algorithm(&vector("callback_p256_private")), Ok(Algorithm::Es256));
    assert_eq!(algorithm(SEC1_P256), Ok(Algorithm::Es256));
}

#[test]
fn what_a_co_signer_would_not_take_is_refused_at_start() {
    let twice = [vector("callback_rsa_private"), vector("callback_p256_private")].concat();
    for (pem, error) in [
        (vector("callback_rsa_public"), ReplyKeyError::NotPrivate),
        (vector("callback_p256_public"), ReplyKeyError::NotPrivate),
        (Vec::new(), ReplyKeyError::NotPrivate),
        (twice, ReplyKeyError::Several),
        // 4096 bits.
        (vector("webhook_jwk_private"), ReplyKeyError::Size),
        (include_bytes!("small_key.pem").to_vec(), ReplyKeyError::Size),
        (SEC1_P384.to_vec(), ReplyKeyError::Kind),
        (PKCS8_P384.to_vec(), ReplyKeyError::Kind),
    ] {
        assert_eq!(ReplyKey::from_pem(&pem).err(), Some(error), "{}", String::from_utf8_lossy(&pem));
    }
}

#[test]
fn the_public_half_is_that_of_the_published_key() {
    for kind in ["rsa", "p256"] {
        let key = ReplyKey::from_pem(&vector(&format!("callback_{kind}_private"))).expect("a key");
        let published = vector(&format!("callback_{kind}_public"));
        let published = rustls_pki_types::SubjectPublicKeyInfoDer::from_pem_slice(&published).expect("a key");
        assert_eq!(key.public_key(), published.as_ref(), "{kind}");
    }
}

#[test]
fn a_key_is_never_shown() {
    let key = ReplyKey::from_pem(&vector("callback_p256_private")).expect("a key");
    assert_eq!(format!("{key:?}"), "ReplyKey(Es256)");
}
