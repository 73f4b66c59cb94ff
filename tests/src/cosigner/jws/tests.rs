use super::*;
use crate::vectors;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};

fn vector(name: &str) -> Vec<u8> {
    vectors::read(name).unwrap()
}

fn signer() -> Signer {
    Signer::from_pem(&vector("synthetic_cosigner_private.pem")).unwrap()
}

fn reply_key() -> Verifier {
    Verifier::from_pem(&vector("synthetic_callback_rsa_public.pem")).unwrap()
}

#[test]
fn the_official_payload_signed_by_the_vectors_key_is_the_vector_byte_for_byte() {
    let token = signer().sign(&vector("eth_tx_sign_request_raw_obfuscated_sig.payload.json")).unwrap();
    assert_eq!(token.into_bytes(), vector("synthetic_request_tx_sign.jwt"));
}

#[test]
fn another_implementation_verifies_what_is_signed() {
    let payload = br#"{"requestId":"r-1","n":0.01000000}"#;
    let token = signer().sign(payload).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let key = DecodingKey::from_rsa_pem(&vector("synthetic_cosigner_public.pem")).unwrap();
    let read = jsonwebtoken::decode::<serde_json::Value>(&token, &key, &validation).unwrap();
    assert_eq!(read.claims["requestId"], "r-1");
    assert_eq!(unverified_payload(&token).unwrap(), payload, "numbers are not written anew");
}

#[test]
fn what_another_implementation_signs_is_verified() {
    let key = EncodingKey::from_rsa_pem(&vector("synthetic_callback_rsa_private.pem")).unwrap();
    let claims = serde_json::json!({"action": "RETRY", "requestId": "r-1"});
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::new(Algorithm::RS256), &claims, &key).unwrap();
    let payload = reply_key().verify(&token).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&payload).unwrap(), claims);
}

#[test]
fn replies_of_the_vectors_verify() {
    for action in ["APPROVE", "REJECT", "RETRY", "IGNORE"] {
        let token = String::from_utf8(vector(&format!("synthetic_response_{action}.jwt"))).unwrap();
        assert!(reply_key().verify(&token).is_ok(), "{action}");
    }
}

#[test]
fn under_an_rsa_key_only_rs256_is_believed() {
    let good = String::from_utf8(vector("synthetic_response_APPROVE.jwt")).unwrap();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let key = EncodingKey::from_rsa_pem(&vector("synthetic_callback_rsa_private.pem")).unwrap();
    let with = |algorithm| {
        jsonwebtoken::encode(&jsonwebtoken::Header::new(algorithm), &serde_json::json!({}), &key).unwrap()
    };
    let mut named_key = jsonwebtoken::Header::new(Algorithm::RS256);
    named_key.jku = Some("https://example.invalid".into());
    let bad = [
        String::from_utf8(vector("synthetic_response_APPROVE_es256.jwt")).unwrap(),
        String::from_utf8(vector("synthetic_request_tx_sign.jwt")).unwrap(),
        with(Algorithm::RS384),
        with(Algorithm::PS256),
        jsonwebtoken::encode(&named_key, &serde_json::json!({}), &key).unwrap(),
        format!("{signed}."),
        format!("{signed}.{}", "A".repeat(signature.len())),
        format!("{good}="),
        format!("{good}\n"),
        format!("\"{good}\""),
        signed.to_owned(),
        String::new(),
    ];
    for token in bad {
        assert!(reply_key().verify(&token).is_err(), "{token}");
    }
}

fn p256_key() -> Verifier {
    Verifier::from_pem(&vector("synthetic_callback_p256_public.pem")).unwrap()
}

/// As whoever holds the reply key would sign, under any header and by any algorithm of its curve.
fn es256(header: &str, algorithm: &'static EcdsaSigningAlgorithm) -> String {
    let pem = vector("synthetic_callback_p256_private.pem");
    let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(&pem).unwrap() else { panic!("PKCS#8") };
    let key = EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der()).unwrap();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn under_a_p256_key_only_es256_is_believed() {
    let published = String::from_utf8(vector("synthetic_response_APPROVE_es256.jwt")).unwrap();
    assert!(p256_key().verify(&published).is_ok());
    let plain = r#"{"alg":"ES256"}"#;
    assert!(p256_key().verify(&es256(plain, &ECDSA_P256_SHA256_FIXED_SIGNING)).is_ok());
    let bad = [
        String::from_utf8(vector("synthetic_response_APPROVE.jwt")).unwrap(),
        // The signature in DER, as everything but JWS has it.
        es256(plain, &ECDSA_P256_SHA256_ASN1_SIGNING),
        es256(r#"{"alg":"RS256"}"#, &ECDSA_P256_SHA256_FIXED_SIGNING),
        es256(r#"{"alg":"es256"}"#, &ECDSA_P256_SHA256_FIXED_SIGNING),
        es256(r#"{"alg":"none"}"#, &ECDSA_P256_SHA256_FIXED_SIGNING),
        format!("{}.{}", published.rsplit_once('.').unwrap().0, URL_SAFE_NO_PAD.encode([0; 64])),
    ];
    for token in bad {
        assert!(p256_key().verify(&token).is_err(), "{token}");
    }
}

#[test]
fn a_right_signature_does_not_excuse_the_header() {
    let key = Signer::from_pem(&vector("synthetic_callback_rsa_private.pem")).unwrap();
    let verified = |header: &str| reply_key().verify(&key.sign_under(header, b"{}").unwrap());
    assert!(verified(r#"{"alg":"RS256"}"#).is_ok());
    for header in [
        r#"{"alg":"PS256"}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"rs256"}"#,
        r#"{"alg":"RS256","crit":["b64"]}"#,
        r#"{"alg":"RS256","kid":"1"}"#,
        r#"{"alg":"none","alg":"RS256"}"#,
        r#"{"typ":"JWT"}"#,
        "[]",
    ] {
        assert!(verified(header).is_err(), "{header}");
    }
}

fn p384() -> Vec<u8> {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    pair.public_key_pem().into_bytes()
}

#[test]
fn keys_of_another_kind_are_named() {
    let why = |result: Result<Verifier, Error>| result.map(|_| ()).unwrap_err().to_string();
    insta::assert_snapshot!(
        why(Verifier::from_pem(&p384())),
        @"it is not an RSA public key of at least 2048 bits, or one on P-256"
    );
    insta::assert_snapshot!(
        Signer::from_pem(&vector("synthetic_callback_p256_private.pem")).map(|_| ()).unwrap_err(),
        @"it is not an RSA private key"
    );
    assert!(Signer::from_pem(b"nothing").is_err());
}
