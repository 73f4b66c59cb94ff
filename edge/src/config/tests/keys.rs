//! What each key is for, and who may read it.

use super::*;

#[test]
fn a_reply_key_never_verifies_requests() {
    let yaml = GOOD.to_owned()
        + "  - {sub_path: /b, tenant: b, cosigner_public_keys: [cosigner_public.pem, callback_rsa_public.pem], reply_private_key: callback_rsa_private.pem}\n  - {sub_path: /b, tenant: c, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_rsa_private.pem}\n";
    insta::assert_snapshot!(Files::new().mistakes(&yaml), @r#"
    edge.yaml:18:5: paths[1]: cosigner_public_keys holds the reply key of sub_path "/b": give the Co-signer's own public key
    edge.yaml:19:5: paths[2]: sub_path "/b" is given twice
    "#);
}

/// On every path alike, and whichever of the two purposes it was made for.
#[test]
fn a_key_of_tls_is_none_of_a_path() {
    let files = Files::new();
    let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    files.write("rsa.crt", params.self_signed(&rsa).expect("a certificate").pem().as_bytes());
    files.write("rsa.key", rsa.serialize_pem().as_bytes());
    files.write("rsa_public.pem", rsa.public_key_pem().as_bytes());
    let yaml = GOOD.replacen("server.crt", "rsa.crt", 1).replacen("server.key", "rsa.key", 1)
        + &path("/a", "a", "").replace("callback_rsa_private.pem", "rsa.key")
        + &path("/b", "b", "").replace("[cosigner", "[rsa_public.pem, cosigner")
        + &path("/c", "c", "").replace("callback_rsa_private.pem", "server.key");
    insta::assert_snapshot!(files.mistakes(&yaml), @r#"
    edge.yaml:18:95: paths[1].reply_private_key: is the key of listen.private_key, too: a key has one purpose; make one with: edge keys new --out reply_private.pem
    edge.yaml:19:5: paths[2]: cosigner_public_keys holds the key of listen.private_key: give the Co-signer's own public key
    edge.yaml:19:5: paths[2]: cosigner_public_keys holds the reply key of sub_path "/a": give the Co-signer's own public key
    edge.yaml:20:95: paths[3].reply_private_key: is the key of decider.private_key, too: a key has one purpose; make one with: edge keys new --out reply_private.pem
    "#);
}

#[test]
fn a_private_key_that_others_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = Files::new();
    let mode = |name: &str, mode| {
        fs::set_permissions(files.0.path().join(name), fs::Permissions::from_mode(mode)).expect("set");
    };
    let warnings = || {
        let config = files.load(GOOD).expect("no mistakes");
        let lines: Vec<_> = config.warnings.iter().map(Mistake::to_string).collect();
        lines.join("\n").replace(&format!("{}/", files.0.path().display()), "")
    };
    mode("server.key", 0o600);
    mode("callback_rsa_private.pem", 0o400);
    assert_eq!(warnings(), "");
    mode("callback_rsa_private.pem", 0o440);
    mode("server.key", 0o604);
    insta::assert_snapshot!(warnings(), @r"
    edge.yaml:5:16: listen.private_key: server.key is open to others than its owner (mode 604): chmod 600 server.key
    edge.yaml:12:16: decider.private_key: server.key is open to others than its owner (mode 604): chmod 600 server.key
    edge.yaml:17:24: paths[0].reply_private_key: callback_rsa_private.pem is open to others than its owner (mode 440): chmod 600 callback_rsa_private.pem
    ");
}
