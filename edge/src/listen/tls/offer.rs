//! What is offered in TLS. All of it is written out here: an update of the library can take away from it, and never
//! add to it.

use std::sync::Arc;

use rustls::{
    ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{
        CryptoProvider, SupportedKxGroup,
        aws_lc_rs::{self, Ticketer, cipher_suite as suite, kx_group},
    },
    server::NoServerSessionStorage,
    version::{TLS12, TLS13},
};

/// The newest first. Both without renegotiation and compression, which the library does not have.
pub(super) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
/// Authenticated encryption and forward secrecy only.
const CIPHER_SUITES: [SupportedCipherSuite; 9] = [
    suite::TLS13_AES_256_GCM_SHA384,
    suite::TLS13_AES_128_GCM_SHA256,
    suite::TLS13_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];
/// The cheapest first. The last one is for callers that want to be safe from quantum computers.
const KEY_EXCHANGES: [&dyn SupportedKxGroup; 4] =
    [kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1, kx_group::X25519MLKEM768];
/// HTTP/2 and HTTP/1.1. A caller that offers none speaks HTTP/1.1.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// Tickets for each connection: the next one needs one.
const TICKETS: usize = 1;

/// The crypto library with what we offer of it.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: CIPHER_SUITES.to_vec(),
        kx_groups: KEY_EXCHANGES.to_vec(),
        ..aws_lc_rs::default_provider()
    })
}

/// Protocols, and how a caller may resume: by a ticket alone, so that nothing is kept here for callers that are gone.
/// Its key is this process's own and is renewed every six hours. Not at all where callers show a certificate: a ticket
/// would keep it in use, unchecked, after it has expired. No early data: a request in the first flight could be
/// replayed by anybody who has recorded it.
pub(super) fn settle(config: &mut ServerConfig, shows_certificate: bool) -> Result<(), rustls::Error> {
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config.ignore_client_order = true;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    if !shows_certificate {
        config.ticketer = Ticketer::new()?;
        config.send_tls13_tickets = TICKETS;
    }
    config.max_early_data_size = 0;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustls::server::ResolvesServerCertUsingSni;

    use super::*;

    fn config(shows_certificate: bool) -> ServerConfig {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&VERSIONS)
            .expect("versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        settle(&mut config, shows_certificate).expect("settled");
        config
    }

    #[test]
    fn offers_these_and_no_others() {
        let config = config(false);
        let crypto = config.crypto_provider();
        let suites: Vec<_> =
            crypto.cipher_suites.iter().map(|suite| format!("{:?}", suite.suite())).collect();
        insta::assert_snapshot!(suites.join("\n"), @"
        TLS13_AES_256_GCM_SHA384
        TLS13_AES_128_GCM_SHA256
        TLS13_CHACHA20_POLY1305_SHA256
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        ");
        let groups: Vec<_> = crypto.kx_groups.iter().map(|group| format!("{:?}", group.name())).collect();
        insta::assert_snapshot!(groups.join(", "), @"X25519, secp256r1, secp384r1, X25519MLKEM768");
    }

    #[test]
    fn keeps_no_sessions_and_takes_no_early_data() {
        for shows_certificate in [false, true] {
            let config = config(shows_certificate);
            assert!(!config.session_storage.can_cache());
            assert_eq!(config.ticketer.enabled(), !shows_certificate);
            assert_eq!(config.send_tls13_tickets, usize::from(!shows_certificate));
            assert_eq!(config.max_early_data_size, 0);
            assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
        }
    }
}
