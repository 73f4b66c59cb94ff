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

/// One of the two names was to be another Co-signer's: the day that it is needed it is refused.
#[test]
fn what_is_listed_twice_on_one_path_is_a_mistake() {
    let files = Files::new();
    files.stand_in(&[("cosigner_public.pem", &["standby.pem"])]);
    let yaml = GOOD.replace("[cosigner_public.pem]", "[cosigner_public.pem, standby.pem]")
        + "    signer_ids: [s-1, s-2, s-1, ' s-3', \"s-4\\n\", s 5]\n"
        + &path("/b", "b", "");
    insta::assert_snapshot!(files.mistakes(&yaml), @"
    edge.yaml:16:49: paths[0].cosigner_public_keys[1]: is given twice on this path
    edge.yaml:18:28: paths[0].signer_ids[2]: is given twice on this path
    edge.yaml:18:33: paths[0].signer_ids[3]: must not begin or end with a blank
    edge.yaml:18:41: paths[0].signer_ids[4]: must not begin or end with a blank
    ");
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
    // As Kubernetes mounts a secret for the group of who reads it.
    mode("callback_rsa_private.pem", 0o440);
    assert_eq!(warnings(), "");
    mode("callback_rsa_private.pem", 0o660);
    mode("server.key", 0o604);
    insta::assert_snapshot!(warnings(), @r"
    edge.yaml:5:16: listen.private_key: server.key is open to more than its owner and readers of its group (mode 604): chmod g-wx,o= server.key
    edge.yaml:12:16: decider.private_key: server.key is open to more than its owner and readers of its group (mode 604): chmod g-wx,o= server.key
    edge.yaml:17:24: paths[0].reply_private_key: callback_rsa_private.pem is open to more than its owner and readers of its group (mode 660): chmod g-wx,o= callback_rsa_private.pem
    ");
}

/// Whoever corrects what was told would else find the next mistake behind it.
#[test]
fn a_key_that_cannot_be_read_hides_no_mistake_between_paths_or_addresses() {
    let files = Files::new();
    files.write("none.pem", b"no key");
    let yaml = GOOD
        .replace("9443", "8443")
        .replace("sub_path: \"\"", "sub_path: /b")
        .replace("[cosigner_public.pem]", "[cosigner_public.pem, none.pem, callback_rsa_public.pem]")
        + &path("/b", "b", "");
    insta::assert_snapshot!(files.mistakes(&yaml), @r#"
    edge.yaml:7:12: admin.address: listen and admin need addresses of their own
    edge.yaml:14:5: paths[0]: cosigner_public_keys holds the reply key of sub_path "/b": give the Co-signer's own public key
    edge.yaml:16:49: paths[0].cosigner_public_keys[1]: does not hold exactly one public key (PEM, "BEGIN PUBLIC KEY")
    edge.yaml:18:5: paths[1]: sub_path "/b" is given twice
    "#);
}

#[test]
fn what_is_wrong_with_a_path_does_not_hide_that_its_sub_path_is_given_twice() {
    let files = Files::new();
    let twice = |second: &str| GOOD.to_owned() + &path("/b", "b", "") + second;
    insta::assert_snapshot!(files.mistakes(&twice(&path("/b", "b", ", signer_ids: []"))), @r#"
    edge.yaml:19:5: paths[2]: sub_path "/b" is given twice
    edge.yaml:19:133: paths[2].signer_ids: must be a list with at least one entry
    "#);
    insta::assert_snapshot!(files.mistakes(&twice("  - {sub_path: /b, signer_ids: hot}\n")), @r#"
    edge.yaml:19:5: paths[2]: "cosigner_public_keys" is missing
    edge.yaml:19:5: paths[2]: "reply_private_key" is missing
    edge.yaml:19:5: paths[2]: "tenant" is missing
    edge.yaml:19:5: paths[2]: sub_path "/b" is given twice
    edge.yaml:19:32: paths[2].signer_ids: must be a list with at least one entry
    "#);
}
