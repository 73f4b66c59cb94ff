//! Keys as files that other programs read (PEM).

/// A private key in PKCS#8.
pub(super) fn private_pem(der: &[u8]) -> String {
    pem("PRIVATE KEY", der)
}

/// A public key (SubjectPublicKeyInfo).
pub(super) fn public_pem(der: &[u8]) -> String {
    pem("PUBLIC KEY", der)
}

fn pem(label: &str, der: &[u8]) -> String {
    let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), lines)
}
