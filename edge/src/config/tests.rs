mod authorities;
mod deciders;
mod fleets;
mod json;
mod keys;
mod limits;
mod samples;
mod whole;

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::*;

/// A directory with everything a configuration names.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(TempDir::new().expect("a directory"));
        for name in [
            "cosigner_public",
            "cosigner_private",
            "callback_rsa_private",
            "callback_rsa_public",
            "callback_p256_private",
            "webhook_jwk_private",
        ] {
            let pem =
                fs::read(format!("{}/../tests/vectors/synthetic_{name}.pem", env!("CARGO_MANIFEST_DIR")))
                    .expect(name);
            files.write(&format!("{name}.pem"), &pem);
        }
        let second =
            format!("{}/../tests/vectors/webhook_v1_pubkey_sandbox_old.pem", env!("CARGO_MANIFEST_DIR"));
        files.write("second_public.pem", &fs::read(second).expect("another public key"));
        for name in ["server", "other"] {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
            files.write(&format!("{name}.crt"), made.cert.pem().as_bytes());
            files.write(&format!("{name}.key"), made.signing_key.serialize_pem().as_bytes());
        }
        files
    }

    fn write(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, contents).expect("written");
        path
    }

    fn load(&self, yaml: &str) -> Result<Config, Vec<Mistake>> {
        Config::load(&self.write("edge.yaml", yaml.as_bytes()))
    }

    /// Copies files that are here to where a configuration looks for them.
    fn stand_in(&self, copies: &[(&str, &[&str])]) {
        for (here, names) in copies {
            for name in *names {
                let path = self.0.path().join(name);
                fs::create_dir_all(path.parent().expect("a directory")).expect("made");
                fs::copy(self.0.path().join(here), path).expect(name);
            }
        }
    }

    /// The mistakes, one a line, without the directory's name.
    fn mistakes(&self, yaml: &str) -> String {
        let lines: Vec<String> =
            self.load(yaml).expect_err("must have mistakes").iter().map(Mistake::to_string).collect();
        lines.join("\n").replace(&format!("{}/", self.0.path().display()), "")
    }
}

const GOOD: &str = r#"
listen:
  address: 127.0.0.1:8443
  certificate: server.crt
  private_key: server.key
admin:
  address: 127.0.0.1:9443
decider:
  address: https://localhost:50051
  ca: server.crt
  certificate: server.crt
  private_key: server.key
paths:
  - sub_path: ""
    tenant: default
    cosigner_public_keys: [cosigner_public.pem]
    reply_private_key: callback_rsa_private.pem
"#;

const PAYROLL: &str = "  payroll: {address: 'https://payroll:50051', ca: server.crt, certificate: other.crt, private_key: other.key, deadline: 2s}\n";

fn path(sub_path: &str, tenant: &str, decider: &str) -> String {
    format!(
        "  - {{sub_path: {sub_path}, tenant: {tenant}, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_rsa_private.pem{decider}}}\n"
    )
}
