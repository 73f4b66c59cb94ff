//! The connection to a server that is not on this machine.

use std::path::PathBuf;

use postgres_cluster::{Cluster, Setup};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;
use crate::store::postgres::config::Standby;

/// An authority in a file, and what it signs with.
fn authority(folder: &tempfile::TempDir, name: &str) -> (PathBuf, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let key = KeyPair::generate().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
    (path, Issuer::new(params, key))
}

/// A server with a certificate for this name.
fn server(name: &str, authority: &Issuer<'static, KeyPair>) -> Cluster {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let files = [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let settings = ["ssl=on", "ssl_cert_file=../server.crt", "ssl_key_file=../server.key"];
    Cluster::of(&Setup { files: &files, settings: &settings, ..Setup::default() })
}

fn config(database: &Database, authority: PathBuf) -> Config {
    let url = database.url().replace("127.0.0.1", "localhost");
    let mut config = Config::at(&url, Some(authority)).unwrap();
    config.synchronous_standby = Standby::Optional;
    config
}

#[tokio::test]
async fn a_server_with_a_certificate_of_the_authority_is_spoken_to_in_secret() {
    let folder = tempfile::tempdir().unwrap();
    let ((ours, issuer), (other, _)) = (authority(&folder, "ca.pem"), authority(&folder, "other.pem"));
    let cluster = server("localhost", &issuer);
    let (place, _) = on(cluster.database());
    let desk = open(&config(database(&place), ours), &Arc::new(policy(vec![]))).unwrap();
    desk.allow(&request("tx")).await;
    let encrypted = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                      WHERE application_name = 'countersign-decider'";
    assert_eq!(database(&place).texts(encrypted), ["t"]);
    let told = refused(&config(database(&place), other));
    assert!(told.contains("invalid peer certificate"), "{told}");
}

#[test]
fn a_server_that_has_another_name_or_no_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, issuer) = authority(&folder, "ca.pem");
    let cluster = server("elsewhere.example", &issuer);
    let (place, _) = on(cluster.database());
    let told = refused(&config(database(&place), ours.clone()));
    assert!(told.contains("invalid peer certificate: certificate not valid for name"), "{told}");
    let (place, _) = ledger();
    let told = refused(&config(database(&place), ours));
    assert!(told.contains("server does not support TLS"), "{told}");
}
