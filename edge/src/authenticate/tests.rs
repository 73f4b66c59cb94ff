mod wycheproof;

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair},
};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// A clock that stands still.
#[derive(Debug)]
struct At(i64);

impl Clock for At {
    fn unix_seconds(&self) -> i64 {
        self.0
    }
}

const NOW: At = At(1_795_248_000);
const HEADER: &str = r#"{"typ":"JWT","alg":"RS256"}"#;
const PAYLOAD: &str = r#"{"requestId":"r-1"}"#;

static COSIGNER: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));
static KEYS: LazyLock<Vec<CosignerKey>> = LazyLock::new(|| vec![key_of(&COSIGNER)]);

fn key_of(pair: &RsaKeyPair) -> CosignerKey {
    let der = pair.public_key().as_der().expect("DER");
    CosignerKey::from_der(der.as_ref()).expect("an RSA key")
}

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn sign_as(header: &str, payload: &str, encoding: &'static dyn RsaEncoding, key: &RsaKeyPair) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn sign(header: &str, payload: &str) -> String {
    sign_as(header, payload, &RSA_PKCS1_SHA256, &COSIGNER)
}

const MAX_HEADER_BYTES: usize = 1024;

fn authenticate(body: &[u8], keys: &[CosignerKey], clock: &dyn Clock) -> Result<SignedPayload, NotAuthentic> {
    super::authenticate(body, keys, MAX_HEADER_BYTES, clock)
}

fn refusal(token: impl AsRef<[u8]>) -> NotAuthentic {
    authenticate(token.as_ref(), &KEYS, &NOW).expect_err("must be refused")
}

#[test]
fn takes_a_request_as_a_cosigner_really_sends_it() {
    let keys = [CosignerKey::from_pem(&vector("synthetic_cosigner_public.pem")).expect("a key")];
    let proven = authenticate(&vector("synthetic_request_tx_sign.jwt"), &keys, &NOW).expect("authentic");
    assert_eq!(proven.payload(), vector("eth_tx_sign_request_raw_obfuscated_sig.payload.json"));
}

#[test]
fn tries_every_key_of_the_path() {
    let other = key_of(&RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));
    let token = sign(HEADER, PAYLOAD);
    let proven = authenticate(token.as_bytes(), &[other.clone(), KEYS[0].clone()], &NOW).expect("authentic");
    assert_eq!(proven.key(), KeyNumber(1));
    assert_eq!(authenticate(token.as_bytes(), &[other], &NOW).err(), Some(NotAuthentic::Signature));
    assert_eq!(authenticate(token.as_bytes(), &[], &NOW).err(), Some(NotAuthentic::Signature));
}

#[test]
fn refuses_every_negative_vector_and_every_reply() {
    let keys = [CosignerKey::from_pem(&vector("synthetic_cosigner_public.pem")).expect("a key")];
    let cases = [
        ("synthetic_negative_zero_signature.jwt", "signature"),
        ("synthetic_negative_alg_none.jwt", "form"),
        ("synthetic_negative_hs256_with_public_pem_as_secret.jwt", "algorithm"),
        ("synthetic_negative_signed_by_other_key.jwt", "signature"),
        ("synthetic_negative_payload_swapped.jwt", "signature"),
        ("synthetic_negative_truncated.jwt", "form"),
        ("eth_tx_sign_request_raw_obfuscated_sig.jwt", "signature"),
        ("synthetic_response_APPROVE.jwt", "signature"),
        ("synthetic_response_REJECT.jwt", "signature"),
        ("synthetic_response_RETRY.jwt", "signature"),
        ("synthetic_response_IGNORE.jwt", "signature"),
        ("synthetic_response_APPROVE_es256.jwt", "algorithm"),
    ];
    for (name, reason) in cases {
        let error = authenticate(&vector(name), &keys, &NOW).expect_err(name);
        assert_eq!(VerifyFailure::from(error).as_str(), reason, "{name}");
    }
}

#[test]
fn refuses_other_algorithms_under_the_right_key() {
    for encoding in [&RSA_PKCS1_SHA384 as &'static dyn RsaEncoding, &RSA_PSS_SHA256] {
        assert_eq!(refusal(sign_as(HEADER, PAYLOAD, encoding, &COSIGNER)), NotAuthentic::Signature);
    }
    // And where the header says so honestly, before any signature is looked at.
    for alg in ["RS384", "RS512", "PS256", "none", "HS256"] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        assert_eq!(refusal(sign(&header, PAYLOAD)), NotAuthentic::Header(HeaderError::Algorithm));
    }
}

#[test]
fn refuses_header_members_even_with_a_right_signature() {
    for member in
        [r#""crit":["exp"]"#, r#""jwk":{}"#, r#""jku":"u""#, r#""x5c":[]"#, r#""zip":"DEF""#, r#""b64":true"#]
    {
        let header = format!(r#"{{"alg":"RS256",{member}}}"#);
        assert_eq!(refusal(sign(&header, PAYLOAD)), NotAuthentic::Header(HeaderError::Members), "{member}");
    }
}

#[test]
fn refuses_everything_that_is_not_three_canonical_parts() {
    let token = sign(HEADER, PAYLOAD);
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (header, payload) = signed.split_once('.').expect("three parts");
    let forms = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        header.to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!(".{token}"),
        format!("\"{token}\""),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}=="),
        token.replace('.', ". "),
    ];
    for form in forms {
        assert_eq!(refusal(&form), NotAuthentic::Form, "{form}");
    }
}

/// The last character of 256 bytes carries four bits that mean nothing: another spelling of the same signature
/// must not pass, or one request has many forms.
#[test]
fn refuses_a_second_spelling_of_the_same_bytes() {
    let token = sign(HEADER, PAYLOAD);
    let last = token.chars().last().expect("a character");
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let respelt = format!("{}{other}", &token[..token.len() - 1]);
        assert_eq!(authenticate(respelt.as_bytes(), &KEYS, &NOW).is_ok(), other == last, "{other}");
    }
}

#[test]
fn bounds_sizes_before_any_cryptography() {
    let header = |bytes: usize| {
        let around = r#"{"alg":"RS256","kid":""}"#.len();
        format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(bytes - around))
    };
    let most = MAX_HEADER_BYTES / 4 * 3;
    assert!(authenticate(sign(&header(most), PAYLOAD).as_bytes(), &KEYS, &NOW).is_ok());
    assert_eq!(refusal(sign(&header(most + 1), PAYLOAD)), NotAuthentic::Size);
    let token = sign(HEADER, PAYLOAD);
    let (signed, _) = token.rsplit_once('.').expect("three parts");
    assert_eq!(refusal(format!("{signed}.{}", "A".repeat(MAX_SIGNATURE_PART_BYTES + 1))), NotAuthentic::Size);
}

#[test]
fn honours_time_claims_only_where_they_are() {
    let at = |claims: &str| authenticate(sign(HEADER, claims).as_bytes(), &KEYS, &NOW).map(drop);
    assert_eq!(at(r#"{"requestId":"r"}"#), Ok(()));
    assert_eq!(at(r#"{"requestId":"r","exp":1795248001}"#), Ok(()));
    assert_eq!(at(r#"{"requestId":"r","exp":1795248000}"#), Err(TimeClaimError::Expired.into()));
    assert_eq!(at(r#"{"requestId":"r","nbf":1795248001}"#), Err(TimeClaimError::NotYetValid.into()));
    assert_eq!(at(r#"{"requestId":"r","exp":"never"}"#), Err(TimeClaimError::Unusable.into()));
    // What is no JSON is authentic all the same: the decoder says what is wrong with it.
    assert_eq!(at("nonsense"), Ok(()));
}

#[test]
fn agrees_with_the_oracle() {
    let public = vector("synthetic_cosigner_public.pem");
    let oracle = jsonwebtoken::DecodingKey::from_rsa_pem(&public).expect("a key");
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    let keys = [CosignerKey::from_pem(&public).expect("a key")];
    for name in [
        "synthetic_request_tx_sign.jwt",
        "synthetic_request_config_change.jwt",
        "synthetic_negative_zero_signature.jwt",
        "synthetic_negative_payload_swapped.jwt",
        "synthetic_negative_truncated.jwt",
    ] {
        let token = vector(name);
        let theirs = jsonwebtoken::decode::<serde_json::Value>(&token, &oracle, &rules);
        assert_eq!(authenticate(&token, &keys, &NOW).is_ok(), theirs.is_ok(), "{name}");
    }
}

#[test]
fn key_files_are_checked_at_start() {
    let error = |pem: &[u8]| CosignerKey::from_pem(pem).err();
    let public = vector("synthetic_cosigner_public.pem");
    assert_eq!(error(&public), None);
    assert_eq!(error(&vector("synthetic_cosigner_private.pem")), Some(KeyError::Private));
    assert_eq!(error(&[public.clone(), public].concat()), Some(KeyError::NotOne));
    assert_eq!(error(b""), Some(KeyError::NotOne));
    assert_eq!(
        error(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        Some(KeyError::NotRsa)
    );
    assert_eq!(error(&vector("synthetic_callback_p256_public.pem")), Some(KeyError::NotRsa));
    // 1024 bits.
    assert_eq!(error(include_bytes!("small_key.pem")), Some(KeyError::NotRsa));
}

proptest! {
    /// Any change of any character of a valid token makes it invalid.
    #[test]
    fn refuses_any_mutation(at in 0_usize..10_000, to in any::<u8>()) {
        static TOKEN: LazyLock<String> = LazyLock::new(|| sign(HEADER, PAYLOAD));
        let mut token = TOKEN.as_bytes().to_vec();
        let at = at % token.len();
        prop_assume!(token[at] != to);
        token[at] = to;
        prop_assert!(authenticate(&token, &KEYS, &NOW).is_err());
    }

    #[test]
    fn refuses_anything_else(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(authenticate(&bytes, &KEYS, &NOW).is_err());
    }
}
