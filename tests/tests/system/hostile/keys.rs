//! The keys of a run, and everything that can be done with them to look like a signature.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA512, RsaEncoding,
};
use aws_lc_rs::{encoding::AsDer as _, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use system_tests::local::Local;
use system_tests::vectors;

/// How a token is signed. RS256 where nothing else is said.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub enum Signing {
    /// By the Co-signer of the path.
    #[default]
    #[serde(rename = "cosigner")]
    Cosigner,
    /// By the Co-signer of `/other`, which is nobody elsewhere.
    #[serde(rename = "other")]
    Other,
    /// By the edge's own reply key.
    #[serde(rename = "reply")]
    Reply,
    /// By the Co-signer's key, with another algorithm.
    #[serde(rename = "RS384")]
    Rs384,
    #[serde(rename = "RS512")]
    Rs512,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "PS512")]
    Ps512,
    /// By a key of another kind.
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// A MAC whose secret everybody knows: the Co-signer's public key, as its file or as DER, or nothing.
    #[serde(rename = "HS256 public pem")]
    HmacPem,
    #[serde(rename = "HS256 public der")]
    HmacDer,
    #[serde(rename = "HS512 public pem")]
    Hmac512Pem,
    #[serde(rename = "HS256 empty")]
    HmacEmpty,
    /// 256 bytes 0.
    #[serde(rename = "zeros")]
    Zeros,
    /// An empty signature.
    #[serde(rename = "none")]
    None,
}

/// The keys of a run.
pub struct Keys {
    cosigner: RsaKeyPair,
    other: RsaKeyPair,
    reply: RsaKeyPair,
    public_pem: Vec<u8>,
    curve: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
}

impl Keys {
    /// Those of the system, and of the Co-signer that the vectors know.
    pub fn of(local: &Local) -> Self {
        let read = |path| std::fs::read(path).unwrap();
        Self {
            cosigner: rsa(&read(local.cosigner_private_key())),
            other: rsa(&vectors::read("synthetic_cosigner_private.pem").unwrap()),
            reply: rsa(&read(local.reply_private_key())),
            public_pem: read(local.cosigner_public_key()),
            curve: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            edwards: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// What stands behind the second dot, before it is encoded.
    pub fn sign(&self, signing: Signing, signed: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match signing {
            Signing::Cosigner => by_rsa(&self.cosigner, &RSA_PKCS1_SHA256, signed),
            Signing::Other => by_rsa(&self.other, &RSA_PKCS1_SHA256, signed),
            Signing::Reply => by_rsa(&self.reply, &RSA_PKCS1_SHA256, signed),
            Signing::Rs384 => by_rsa(&self.cosigner, &RSA_PKCS1_SHA384, signed),
            Signing::Rs512 => by_rsa(&self.cosigner, &RSA_PKCS1_SHA512, signed),
            Signing::Ps256 => by_rsa(&self.cosigner, &RSA_PSS_SHA256, signed),
            Signing::Ps512 => by_rsa(&self.cosigner, &RSA_PSS_SHA512, signed),
            Signing::Es256 => self.curve.sign(&random, signed).unwrap().as_ref().to_vec(),
            Signing::EdDsa => self.edwards.sign(signed).as_ref().to_vec(),
            Signing::HmacPem => mac(hmac::HMAC_SHA256, &self.public_pem, signed),
            Signing::HmacDer => mac(hmac::HMAC_SHA256, &self.public_der(), signed),
            Signing::Hmac512Pem => mac(hmac::HMAC_SHA512, &self.public_pem, signed),
            Signing::HmacEmpty => mac(hmac::HMAC_SHA256, b"", signed),
            Signing::Zeros => vec![0; 256],
            Signing::None => Vec::new(),
        }
    }

    /// The key of `/other` as a JWK: what an attacker would offer in a header.
    pub fn other_jwk(&self) -> String {
        let part = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        let public = self.other.public_key();
        let modulus = part(public.modulus().big_endian_without_leading_zero());
        let exponent = part(public.exponent().big_endian_without_leading_zero());
        format!(r#"{{"kty":"RSA","alg":"RS256","use":"sig","n":"{modulus}","e":"{exponent}"}}"#)
    }

    fn public_der(&self) -> Vec<u8> {
        self.cosigner.public_key().as_der().unwrap().as_ref().to_vec()
    }
}

fn rsa(pem: &[u8]) -> RsaKeyPair {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).expect("PKCS#8");
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("an RSA key")
}

fn by_rsa(key: &RsaKeyPair, encoding: &'static dyn RsaEncoding, signed: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), signed, &mut signature).unwrap();
    signature
}

fn mac(algorithm: hmac::Algorithm, secret: &[u8], signed: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, secret), signed).as_ref().to_vec()
}
