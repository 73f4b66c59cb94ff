//! A new identity towards deciders is taken without a restart, and a bad one never.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::support::{Deciders, Files, Manner};

const TAKEN: &str = r#"decider_identity_reloads_total{outcome="taken",fleet="default"}"#;
const REFUSED: &str = r#"decider_identity_reloads_total{outcome="refused",fleet="default"}"#;

/// The certificate in the client's file.
fn own(deciders: &Deciders) -> Vec<u8> {
    CertificateDer::from_pem_slice(&deciders.files.read("client.crt")).expect("a certificate").to_vec()
}

#[tokio::test]
async fn a_new_certificate_is_taken_under_load() {
    let deciders = Deciders::start(&[Manner::Allowing, Manner::Allowing]).await;
    // Else all questions may go to the other one.
    deciders.until_healthy(2).await;
    deciders.ask_until(|deciders| deciders.each_asked(0)).await;
    let before = own(&deciders);
    assert_eq!(deciders.all[0].caller(), before);
    deciders.files.certify("client");
    while deciders.metric(TAKEN) == 0 {
        assert_eq!(deciders.ask_all(5).await.0.len(), 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It was taken as soon as one of them was healthy with it.
    deciders.until_healthy(2).await;
    let now = own(&deciders);
    assert_ne!(now, before);
    deciders.ask_until(|deciders| deciders.all.iter().all(|decider| decider.caller() == now)).await;
    assert_eq!((deciders.metric(TAKEN), deciders.metric(REFUSED)), (1, 0));
}

#[tokio::test]
async fn a_bad_file_never_replaces_a_good_one() {
    let other = Files::new();
    let spoils: [(&str, Vec<u8>); 4] = [
        ("client.key", b"no key".to_vec()),
        ("client.key", other.read("client.key")),
        ("ca.pem", b"-----BEGIN CERTIFICATE-----".to_vec()),
        // Well-formed, and of somebody whose deciders these are not.
        ("ca.pem", other.read("ca.pem")),
    ];
    let mut spoilt = tokio::task::JoinSet::new();
    for (name, contents) in spoils {
        spoilt.spawn(async move {
            let deciders = Deciders::start(&[Manner::Allowing]).await;
            deciders.files.write(name, &contents);
            stays_who_it_was(&deciders).await;
        });
    }
    spoilt.join_all().await;
}

#[tokio::test]
async fn a_certificate_that_deciders_refuse_is_not_taken() {
    let (deciders, other) = (Deciders::start(&[Manner::Allowing]).await, Files::new());
    for name in ["client.crt", "client.key"] {
        deciders.files.write(name, &other.read(name));
    }
    stays_who_it_was(&deciders).await;
}

/// Refuses what the files say, and is answered all the same, then and now.
async fn stays_who_it_was(deciders: &Deciders) {
    while deciders.metric(REFUSED) == 0 {
        assert_eq!(deciders.ask_all(5).await.0.len(), 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(deciders.ask_all(50).await.0.len(), 0);
    assert_eq!(deciders.metric(TAKEN), 0);
    deciders.until_healthy(1).await;
}
