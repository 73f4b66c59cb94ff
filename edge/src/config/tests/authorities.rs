//! Whose certificates are believed.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use super::*;

/// 2026-11-22.
const NOW_SECONDS: i64 = 1_795_305_600;

#[test]
fn an_authority_that_is_none_or_at_another_time_is_warned_of() {
    let files = Files::new();
    let key = KeyPair::generate().expect("a key");
    let authority = |from, to| {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        params
    };
    let mut leaf = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    leaf.distinguished_name.push(rcgen::DnType::CommonName, "decider");
    let leaf =
        leaf.signed_by(&KeyPair::generate().expect("a key"), &Issuer::new(authority(2026, 2036), &key));
    let pem = |params: CertificateParams| params.self_signed(&key).expect("a certificate").pem();
    let warnings = |pem: &str| {
        files.write("ca.pem", pem.as_bytes());
        let yaml = GOOD.replace("ca: server.crt", "ca: ca.pem");
        let config = files.load(&yaml).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let lines = config.all_warnings(NOW_SECONDS).into_iter().map(|warning| warning.to_string());
        let lines: Vec<_> = lines.filter(|line| line.contains("decider.ca")).collect();
        lines.join("\n").replace(&format!("{}/", files.0.path().display()), "")
    };
    assert_eq!(warnings(&pem(authority(2026, 2036))), "");
    insta::assert_snapshot!(warnings(&pem(authority(2020, 2026))), @"edge.yaml:10:7: decider.ca: CN=rcgen self signed cert has expired (2026-01-01T00:00:00Z): give the authority that is there now");
    insta::assert_snapshot!(warnings(&pem(authority(2027, 2036))), @"edge.yaml:10:7: decider.ca: CN=rcgen self signed cert is not valid before 2027-01-01T00:00:00Z: is the machine's clock right?");
    insta::assert_snapshot!(warnings(&leaf.expect("a certificate").pem()), @"edge.yaml:10:7: decider.ca: CN=decider is not an authority's certificate: no peer is trusted by it. Give the certificate of the authority that issued it");
    // One that is its own authority is believed itself.
    assert_eq!(
        warnings(&String::from_utf8(fs::read(files.0.path().join("other.crt")).expect("read")).expect("PEM")),
        ""
    );
}

#[test]
fn authorities_of_clients_too() {
    let files = Files::new();
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = date_time_ymd(2026, 12, 4);
    files.write("ca.pem", params.self_signed(&key).expect("a certificate").pem().as_bytes());
    let json = "json:\n  listen: {address: '10.1.2.3:8444', certificate: other.crt, private_key: other.key, source_networks: [10.0.0.0/8], client_ca: ca.pem}\n  paths: [{sub_path: '', tenant: json}]\n";
    let config = files.load(&format!("{GOOD}{json}")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let told: Vec<_> = config.all_warnings(NOW_SECONDS).iter().map(Mistake::to_string).collect();
    assert!(told.iter().any(|told| told.ends_with("json.listen.client_ca: CN=rcgen self signed cert expires in 12 days (2026-12-04T00:00:00Z): have its successor beside it")), "{told:?}");
}

/// rustls takes RSA keys from 2048 bits on.
#[test]
fn a_key_that_is_too_small_for_tls_is_told_as_such() {
    let files = Files::new();
    files.write("small.key", include_bytes!("../../respond/key/small_key.pem"));
    let yaml = GOOD.replacen("private_key: server.key", "private_key: small.key", 1);
    insta::assert_snapshot!(files.mistakes(&yaml), @"edge.yaml:5:16: listen.private_key: holds a key that TLS cannot use: give an RSA key of 2048 to 8192 bits, or one of P-256, P-384, P-521 or Ed25519");
}

/// Two files lie side by side, and one of them is in the place of the other.
#[test]
fn a_certificate_in_the_wrong_place_is_warned_of() {
    let files = Files::new();
    for (name, purpose) in [
        ("server", rcgen::ExtendedKeyUsagePurpose::ClientAuth),
        ("other", rcgen::ExtendedKeyUsagePurpose::ServerAuth),
    ] {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
        params.extended_key_usages = vec![purpose];
        let key = rcgen::KeyPair::generate().expect("a key");
        files
            .write(&format!("{name}.crt"), params.self_signed(&key).expect("a certificate").pem().as_bytes());
        files.write(&format!("{name}.key"), key.serialize_pem().as_bytes());
    }
    let (listen, decider) = GOOD.split_once("decider:").expect("two parts");
    let crossed = format!("{listen}decider:{}", decider.replace("server.", "other."));
    let told = |yaml: &str| {
        let warnings = files.load(yaml).unwrap_or_else(|mistakes| panic!("{mistakes:?}")).warnings;
        let told: Vec<_> =
            warnings.iter().map(Mistake::to_string).filter(|told| told.contains("is not for")).collect();
        told.join("\n").replace(&format!("{}/", files.0.path().display()), "")
    };
    insta::assert_snapshot!(told(&crossed), @"
    edge.yaml:4:16: listen.certificate: is not for servers (extended key usage without serverAuth): most callers will not connect
    edge.yaml:11:16: decider.certificate: is not for clients (extended key usage without clientAuth): deciders refuse it
    ");
    let right = GOOD.replace("server.", "x.").replacen("x.", "other.", 2).replace("x.", "server.");
    assert_eq!(told(&right), "");
}
