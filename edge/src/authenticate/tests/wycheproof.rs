//! Project Wycheproof's vectors (`tests/vectors/wycheproof`): every valid signature is taken, every invalid one is
//! refused.

use aws_lc_rs::signature::RsaPublicKeyComponents;
use serde::de::DeserializeOwned;

use super::*;

/// "Missing NULL in the ASN encoding" is the one signature that a verifier may take or not. Ours does not.
const LEFT_TO_US: [u32; 1] = [8];
/// A valid signature over an empty payload, which no request has (callback protocol, section 3.2).
const EMPTY_PAYLOADS: [u32; 1] = [259];
/// Good signatures by one of the keys, whose JWK says that it is for encryption. Our keys are PEM files, which do not
/// say what they are for.
const OF_A_JWK: [u32; 2] = [353, 355];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors<G> {
    number_of_tests: usize,
    test_groups: Vec<G>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Valid,
    Invalid,
    Acceptable,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureGroup {
    public_key_der: String,
    tests: Vec<SignatureTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureTest {
    tc_id: u32,
    comment: String,
    msg: String,
    sig: String,
    result: Verdict,
}

#[derive(Deserialize)]
struct TokenGroup {
    public: Option<Jwk>,
    tests: Vec<TokenTest>,
}

#[derive(Deserialize)]
struct Jwk {
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Jwk {
    fn is_for_rs256(&self) -> bool {
        self.alg.as_deref() == Some("RS256")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenTest {
    tc_id: u32,
    comment: String,
    jws: String,
    result: Verdict,
}

fn read<G: DeserializeOwned>(name: &str) -> Vectors<G> {
    serde_json::from_slice(&vector(&format!("wycheproof/{name}"))).expect(name)
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(pair).collect()
}

#[test]
fn signatures_are_taken_and_refused_as_wycheproof_says() {
    let vectors: Vectors<SignatureGroup> = read("rsa_signature_2048_sha256_test.json");
    let mut seen = 0;
    for group in &vectors.test_groups {
        let key = CosignerKey::from_der(&bytes(&group.public_key_der)).expect("an RSA key");
        for test in &group.tests {
            let taken = key.signed(&bytes(&test.msg), &bytes(&test.sig));
            assert_eq!(taken, test.result == Verdict::Valid, "{}: {}", test.tc_id, test.comment);
            assert_eq!(test.result == Verdict::Acceptable, LEFT_TO_US.contains(&test.tc_id));
            seen += 1;
        }
    }
    assert_eq!(seen, vectors.number_of_tests);
}

/// All of the file's keys for RS256 at once, and its tokens of every algorithm.
#[test]
fn tokens_are_taken_and_refused_as_wycheproof_says() {
    let vectors: Vectors<TokenGroup> = read("json_web_signature_test.json");
    let jwks = vectors.test_groups.iter().filter_map(|group| group.public.as_ref());
    let keys: Vec<_> = jwks.filter(|jwk| jwk.is_for_rs256()).map(key).collect();
    let mut taken = 0;
    for group in &vectors.test_groups {
        let ours = group.public.as_ref().is_some_and(Jwk::is_for_rs256);
        for test in group.tests.iter().filter(|test| !OF_A_JWK.contains(&test.tc_id)) {
            let good = ours && test.result == Verdict::Valid && !EMPTY_PAYLOADS.contains(&test.tc_id);
            let proven = authenticate(test.jws.as_bytes(), &keys, &NOW);
            assert_eq!(proven.is_ok(), good, "{}: {}: {proven:?}", test.tc_id, test.comment);
            taken += usize::from(good);
        }
    }
    assert_eq!(taken, 7);
}

fn key(jwk: &Jwk) -> CosignerKey {
    let part =
        |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref().expect("a number")).expect("base64url");
    let der = RsaPublicKeyComponents { n: part(&jwk.n), e: part(&jwk.e) }.as_der().expect("DER");
    CosignerKey::from_der(der.as_ref()).expect("an RSA key")
}
