use super::*;
use std::os::unix::fs::PermissionsExt as _;

use crate::cosigner::jws::{Signer, Verifier};

fn settings() -> Settings {
    Settings { addresses: Addresses::local([18443, 19443, 15051, 19444]), ..Settings::default() }
}

fn create() -> (tempfile::TempDir, Local) {
    let directory = tempfile::tempdir().unwrap();
    let local = Local::create(&directory.path().join(".local"), &settings()).unwrap();
    (directory, local)
}

/// Every file below a directory with its mode and content.
fn files(root: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
                continue;
            }
            let name = entry.path().strip_prefix(root).unwrap().display().to_string();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            found.push((name, mode, std::fs::read(entry.path()).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_new_directory_holds_everything_and_secrets_are_for_the_owner_alone() {
    let (_directory, local) = create();
    let listing: Vec<_> =
        files(local.root()).iter().map(|(name, mode, _)| format!("{mode:o} {name}")).collect();
    insta::assert_snapshot!(listing.join("\n"), @"
    600 cosigner/private.pem
    644 cosigner/public.pem
    644 decider/decider.yaml
    644 decider/policy/policy.yaml
    644 edge/edge.yaml
    600 edge/reply_private.pem
    644 edge/reply_public.pem
    600 tls/ca.key
    644 tls/ca.pem
    644 tls/decider.crt
    600 tls/decider.key
    644 tls/edge-client.crt
    600 tls/edge-client.key
    644 tls/edge.crt
    600 tls/edge.key
    644 tls/service.crt
    600 tls/service.key
    ");
}

#[test]
fn what_exists_is_kept_byte_for_byte() {
    let (_directory, local) = create();
    std::fs::write(local.policy(), "version: 1\n").unwrap();
    let before = files(local.root());
    Local::create(local.root(), &Settings::default()).unwrap();
    assert_eq!(files(local.root()), before);
    assert_eq!(local.addresses().unwrap(), settings().addresses, "edited configurations count");
}

#[test]
fn keys_fit_each_other() {
    let (_directory, local) = create();
    let pairs = [
        (local.cosigner_private_key(), local.cosigner_public_key()),
        (local.reply_private_key(), local.reply_public_key()),
    ];
    for (private, public) in pairs {
        let token = Signer::from_pem(&std::fs::read(private).unwrap()).unwrap().sign(b"{}").unwrap();
        Verifier::from_pem(&std::fs::read(public).unwrap()).unwrap().verify(&token).unwrap();
    }
}

#[test]
fn a_public_half_that_is_gone_is_made_again() {
    let (_directory, local) = create();
    let before = std::fs::read(local.reply_public_key()).unwrap();
    std::fs::remove_file(local.reply_public_key()).unwrap();
    Local::create(local.root(), &settings()).unwrap();
    assert_eq!(std::fs::read(local.reply_public_key()).unwrap(), before);
}

#[test]
fn a_private_half_that_is_gone_is_not_made_up() {
    let (_directory, local) = create();
    std::fs::remove_file(local.cosigner_private_key()).unwrap();
    let error = Local::create(local.root(), &settings()).unwrap_err().to_string();
    insta::assert_snapshot!(
        error.replace(&local.root().display().to_string(), ".local"),
        @".local/cosigner/private.pem is missing, but .local/cosigner/public.pem is there: they belong together. Put it back, or delete both"
    );
}

#[test]
fn a_certificate_that_is_gone_is_issued_by_the_same_authority() {
    let (_directory, local) = create();
    std::fs::remove_file(local.certificate("edge")).unwrap();
    std::fs::remove_file(local.private_key("edge")).unwrap();
    Local::create(local.root(), &settings()).unwrap();
    assert_chains_to_authority(&local, "edge");
}

#[test]
fn an_authority_that_is_gone_is_not_replaced_under_its_certificates() {
    let (_directory, local) = create();
    std::fs::remove_file(local.ca()).unwrap();
    std::fs::remove_file(local.root().join("tls/ca.key")).unwrap();
    assert!(matches!(Local::create(local.root(), &settings()), Err(Error::HalfMissing { .. })));
}

#[test]
fn certificates_are_good_for_both_names_of_this_machine() {
    let (_directory, local) = create();
    for identity in ["edge", "decider"] {
        assert_chains_to_authority(&local, identity);
    }
}

fn assert_chains_to_authority(local: &Local, identity: &str) {
    use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier as _};
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(local.ca()).unwrap()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider().into();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(std::sync::Arc::new(roots), provider).build().unwrap();
    let certificate = CertificateDer::from_pem_file(local.certificate(identity)).unwrap();
    let verify = |name: &'static str| {
        let name = ServerName::try_from(name).unwrap();
        verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now())
    };
    verify("localhost").unwrap();
    verify("127.0.0.1").unwrap();
    assert!(verify("example.com").is_err());
}

fn yaml(path: PathBuf) -> serde_json::Value {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn configurations_are_yaml_with_the_given_addresses() {
    for (store, expected) in [
        (Store::Sqlite, serde_json::json!({"sqlite": "data/decider.db"})),
        (Store::Memory, serde_json::json!("memory")),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let local = Local::create(directory.path(), &Settings { store, ..settings() }).unwrap();
        assert_eq!(yaml(local.decider_config())["store"], expected);
        let edge = yaml(local.edge_config());
        assert_eq!(edge["decider"]["address"], "https://localhost:15051");
        assert_eq!(edge["paths"][0]["sub_path"], "");
        assert!(edge.get("json").is_none());
    }
    let policy: serde_json::Value = serde_saphyr::from_str(DEMO_POLICY).unwrap();
    assert_eq!(policy["limits"][0]["max"]["amount"], "1", "an amount is text");
}

#[test]
fn json_mode_is_written_with_a_tenant_that_the_decider_grants() {
    let directory = tempfile::tempdir().unwrap();
    let addresses = settings().addresses.with_json(18444);
    let local = Local::create(directory.path(), &Settings { addresses, ..settings() }).unwrap();
    assert_eq!(local.addresses().unwrap(), addresses);
    assert_eq!(local.json_url().unwrap().as_deref(), Some("https://localhost:18444"));
    assert_eq!(yaml(local.edge_config())["json"]["paths"][0]["tenant"], JSON_TENANT);
    assert_eq!(
        yaml(local.decider_config())["grants"][0]["tenants"],
        serde_json::json!(["default", JSON_TENANT])
    );
    let taken = std::fs::read_to_string(local.edge_config()).unwrap().replace("18444", "18443");
    std::fs::write(local.edge_config(), taken).unwrap();
    assert!(matches!(local.addresses(), Err(Error::SameAddress(_))));
}

#[test]
fn a_fleet_shares_one_ledger_and_is_written_anew_each_time() {
    let (_directory, local) = create();
    local.write_fleet(2, "postgres://elsewhere/old").unwrap();
    let usual = std::fs::read(local.decider_config()).unwrap();
    let fleet = local.write_fleet(3, "postgres://here/new").unwrap();
    let deciders: Vec<_> = fleet.deciders.iter().map(|(path, _)| yaml(path.clone())).collect();
    assert!(deciders.iter().all(|decider| decider["store"]["postgres"]["url"] == "postgres://here/new"));
    let at = |service: &str| -> Vec<_> {
        deciders.iter().map(|decider| decider[service]["address"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(at("listen"), ["127.0.0.1:15051", "127.0.0.1:15052", "127.0.0.1:15053"]);
    assert_eq!(at("admin"), ["127.0.0.1:19444", "127.0.0.1:19445", "127.0.0.1:19446"]);
    let urls = [15051, 15052, 15053].map(|port| format!("https://localhost:{port}"));
    assert_eq!(yaml(fleet.edge)["decider"]["address"], serde_json::json!(urls));
    assert_eq!(std::fs::read(local.decider_config()).unwrap(), usual, "the usual one is left alone");
}

#[test]
fn the_ports_of_a_fleet_are_its_own() {
    let next_to_each_other = Addresses::local([1, 2, 3, 4]);
    next_to_each_other.fleet(1).unwrap();
    insta::assert_snapshot!(next_to_each_other.fleet(2).unwrap_err(), @"127.0.0.1:4 is given twice: every service needs an address of its own");
}

#[test]
fn an_address_given_twice_is_found_before_anything_starts() {
    let (_directory, local) = create();
    let same = std::fs::read_to_string(local.edge_config()).unwrap().replace("19443", "18443");
    std::fs::write(local.edge_config(), same).unwrap();
    insta::assert_snapshot!(local.addresses().unwrap_err(), @"127.0.0.1:18443 is given twice: every service needs an address of its own");
}
