use std::fs;

use tempfile::TempDir;

use super::*;

/// 2026-11-22.
const NOW_SECONDS: i64 = 1_795_305_600;

fn vector(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../tests/vectors/synthetic_{name}.pem", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

const YAML: &str = r#"
listen: {address: '127.0.0.1:8443', certificate: edge.crt, private_key: edge.key}
admin: {address: '127.0.0.1:9443'}
decider: {address: 'https://localhost:1', ca: edge.crt, certificate: edge.crt, private_key: edge.key}
paths:
  - {sub_path: "", tenant: default, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_rsa_private.pem}
  - {sub_path: /acme, tenant: acme, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_p256_private.pem}
"#;

/// A certificate until 2026-12-04, its key, and a configuration over both.
fn shown() -> Shown {
    let directory = TempDir::new().expect("a directory");
    for name in ["cosigner_public", "callback_rsa_private", "callback_p256_private"] {
        fs::write(directory.path().join(format!("{name}.pem")), vector(name)).expect("written");
    }
    let (certificate, key) = certificate();
    fs::write(directory.path().join("edge.crt"), certificate).expect("written");
    fs::write(directory.path().join("edge.key"), key).expect("written");
    let file = directory.path().join("edge.yaml");
    fs::write(&file, YAML).expect("written");
    let config = Config::load(&file).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    Shown::new(&config, NOW_SECONDS)
}

fn certificate() -> (String, String) {
    let mut params = rcgen::CertificateParams::new(["edge.example.com".to_owned()]).expect("parameters");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "edge.example.com");
    params.not_before = rcgen::date_time_ymd(2026, 9, 5);
    params.not_after = rcgen::date_time_ymd(2026, 12, 4);
    let key = rcgen::KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

#[test]
fn all_of_a_configuration_is_shown_for_people() {
    let shown = shown();
    let text = shown.to_string();
    let certificate = &shown.certificates[0];
    // The same number twice: in hex for people, in base64 as pins are written.
    let pin = STANDARD.decode(&certificate.public_key_pin_sha256).expect("base64");
    let pin: String = pin.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(pin, certificate.public_key_fingerprint_sha256);
    let text = text.replace(&certificate.public_key_fingerprint_sha256, "FINGERPRINT");
    let text = text.replace(&certificate.public_key_pin_sha256, "PIN");
    // The inner lines of the keys are those of the files.
    let keys: [String; 2] = ["rsa", "p256"].map(|kind| {
        let pem = String::from_utf8(vector(&format!("callback_{kind}_public"))).expect("text");
        assert!(text.contains(&pem), "{pem} in {text}");
        pem
    });
    let text = text.replace(&keys[0], "RSA PEM\n").replace(&keys[1], "P-256 PEM\n");
    insta::assert_snapshot!(text, @r#"
    path "", tenant default
      requests  RS256, SHA-256 959bd91cd1b30752d1812886077fc3e36e7c97da097aa3260a0d9ac71143a309
      replies   RS256, SHA-256 335a9e2abd2ccb809955a97b4f7dada423af613a07fe680db157985133fd3555
      for the callback handler in the Console:
    RSA PEM

    path "/acme", tenant acme
      requests  RS256, SHA-256 959bd91cd1b30752d1812886077fc3e36e7c97da097aa3260a0d9ac71143a309
      replies   ES256, SHA-256 c9027238fd5f01430d8d26bd5e764c8c71f0c4633a279a68fc71163eb9543e78
      for the callback handler in the Console:
    P-256 PEM

    certificate of listen
      subject   CN=edge.example.com
      names     edge.example.com
      holds     2026-09-05T00:00:00Z to 2026-12-04T00:00:00Z (12 days left)
      key       SHA-256 FINGERPRINT
      pin       PIN
    certificate of decider
      subject   CN=edge.example.com
      names     edge.example.com
      holds     2026-09-05T00:00:00Z to 2026-12-04T00:00:00Z (12 days left)
      key       SHA-256 FINGERPRINT
      pin       PIN
    "#);
}

#[test]
fn and_for_programs() {
    let shown = serde_json::json!(shown());
    let at = |pointer: &str| shown.pointer(pointer).unwrap_or(&serde_json::Value::Null).clone();
    assert_eq!(at("/paths/1/sub_path"), "/acme");
    assert_eq!(at("/paths/1/reply_key/algorithm"), "ES256");
    assert_eq!(
        at("/paths/1/reply_key/public_key"),
        String::from_utf8(vector("callback_p256_public")).expect("text")
    );
    assert_eq!(at("/paths/0/cosigner_keys/0/fingerprint_sha256").as_str().map(str::len), Some(64));
    assert_eq!((at("/certificates/0/of"), at("/certificates/0/days_left")), ("listen".into(), 12.into()));
    assert!(!shown.to_string().contains("PRIVATE"));
}

#[test]
fn a_file_is_shown_as_what_it_holds() {
    let text = |pem: &[u8]| match PemFile::read(pem, NOW_SECONDS) {
        Ok(PemFile::Key(key)) => key.to_string(),
        Ok(PemFile::Certificate(certificate)) => certificate.to_string(),
        Err(problem) => problem,
    };
    let public = String::from_utf8(vector("callback_p256_public")).expect("text");
    assert_eq!(
        text(&vector("callback_p256_private")),
        format!("ES256, SHA-256 c9027238fd5f01430d8d26bd5e764c8c71f0c4633a279a68fc71163eb9543e78\n{public}")
    );
    assert_eq!(
        text(public.as_bytes()),
        format!("SHA-256 c9027238fd5f01430d8d26bd5e764c8c71f0c4633a279a68fc71163eb9543e78\n{public}")
    );
    assert!(
        text(certificate().0.as_bytes())
            .starts_with("certificate of this file\n  subject   CN=edge.example.com\n")
    );
    insta::assert_snapshot!(text(b""), @"does not hold an unencrypted private key (PEM; make one with: edge keys new --out reply_private.pem)");
    insta::assert_snapshot!(text(&vector("webhook_jwk_private")), @"is not an RSA key of 2048 bits, the only size that a Co-signer takes");
}
