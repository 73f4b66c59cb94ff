//! Keys, certificates and a configuration in a directory of their own.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tempfile::TempDir;

/// A file of the published vectors.
pub fn vector(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

pub struct Files(TempDir);

impl Files {
    pub fn new() -> Self {
        let files = Self(TempDir::new().expect("a directory"));
        for (name, vector_name) in [
            ("cosigner_private.pem", "synthetic_cosigner_private.pem"),
            ("cosigner_public.pem", "synthetic_cosigner_public.pem"),
            ("reply_private.pem", "synthetic_callback_rsa_private.pem"),
        ] {
            files.write(name, &vector(vector_name));
        }
        files.certificates();
        files
    }

    fn certificates(&self) {
        let key = KeyPair::generate().expect("a key");
        self.write("ca.key", key.serialize_pem().as_bytes());
        let ca = authority().self_signed(&key).expect("a CA");
        self.write("ca.pem", ca.pem().as_bytes());
        for name in ["edge", "client", "decider"] {
            self.certify(name);
        }
    }

    /// A new certificate and key in the place of those of this name.
    pub fn certify(&self, name: &str) {
        self.certify_for(name, Vec::new());
    }

    /// The same for these purposes only.
    pub fn certify_for(&self, name: &str, purposes: Vec<ExtendedKeyUsagePurpose>) {
        let ca_key = String::from_utf8(self.read("ca.key")).expect("PEM");
        let ca = Issuer::new(authority(), KeyPair::from_pem(&ca_key).expect("a key"));
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(names).expect("parameters");
        params.extended_key_usages = purposes;
        let certificate = params.signed_by(&key, &ca).expect("a certificate");
        self.write(&format!("{name}.crt"), certificate.pem().as_bytes());
        self.write(&format!("{name}.key"), key.serialize_pem().as_bytes());
    }

    /// The certificate (DER) of this name.
    pub fn certificate(&self, name: &str) -> Vec<u8> {
        CertificateDer::from_pem_slice(&self.read(&format!("{name}.crt"))).expect("a certificate").to_vec()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    pub fn write(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).expect("written");
        path
    }

    /// A configuration with one path, free ports, and a deadline that a busy machine keeps; [`impatient`] where it is waited for.
    pub fn yaml(&self, decider_port: u16) -> String {
        format!(
            r#"
listen:
  address: 127.0.0.1:0
  certificate: edge.crt
  private_key: edge.key
admin:
  address: 127.0.0.1:0
decider:
  address: https://localhost:{decider_port}
  ca: ca.pem
  certificate: client.crt
  private_key: client.key
  deadline: 8s
paths:
  - sub_path: ""
    tenant: default
    cosigner_public_keys: [cosigner_public.pem]
    reply_private_key: reply_private.pem
"#
        )
    }
}

/// With a deadline of a second.
pub fn impatient(yaml: String) -> String {
    yaml.replace("deadline: 8s", "deadline: 1s")
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}
