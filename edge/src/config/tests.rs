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
        ] {
            let pem =
                fs::read(format!("{}/../tests/vectors/synthetic_{name}.pem", env!("CARGO_MANIFEST_DIR")))
                    .expect(name);
            files.write(&format!("{name}.pem"), &pem);
        }
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

#[test]
fn a_small_file_is_enough() {
    let config = Files::new().load(GOOD).expect("no mistakes");
    assert_eq!(config.listen.limits, listen::Limits::default());
    assert_eq!(config.decider.deadline, Duration::from_secs(15));
    assert_eq!((config.decider.addresses.len(), config.decider.hedge_after), (1, None));
    assert_eq!(config.paths.len(), 1);
    assert!(config.paths[0].admits(None));
}

#[test]
fn every_setting_is_read() {
    let yaml = GOOD
        .replace(
            "admin:",
            "  handshake_timeout: 1s\n  header_timeout: 2s\n  body_timeout: 3s\n  request_timeout: 4500ms\n  \
             max_body_bytes: 65536\n  max_connections: 7\n  drain_timeout: 1m\nadmin:",
        )
        .replace("paths:", "  deadline: 1500ms\n  hedge_after: 20ms\npaths:")
        + "    signer_ids: [s-1, s-2]\n  - {sub_path: /acme, tenant: acme, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_rsa_private.pem}\n";
    let config = Files::new().load(&yaml).expect("no mistakes");
    let limits = config.listen.limits;
    let seconds = [
        limits.handshake_timeout,
        limits.header_timeout,
        limits.body_timeout,
        limits.request_timeout,
        limits.drain_timeout,
    ]
    .map(|time| time.as_secs_f32());
    assert_eq!(seconds, [1.0, 2.0, 3.0, 4.5, 60.0]);
    assert_eq!((limits.max_body_bytes, limits.max_connections), (65536, 7));
    assert_eq!(config.decider.deadline.as_millis(), 1500);
    assert_eq!(config.decider.hedge_after, Some(Duration::from_millis(20)));
    assert_eq!(
        (
            config.paths[0].admits(Some("s-2")),
            config.paths[0].admits(Some("s-3")),
            config.paths[0].admits(None)
        ),
        (true, false, false)
    );
    assert_eq!((config.paths[1].sub_path.as_str(), config.paths[1].tenant.as_str()), ("/acme", "acme"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let yaml = r#"
listen:
  address: localhost
  certificate: missing.crt
  private_key: server.key
  header_timeout: 5
  body_timeout: 1h
  max_body_bytes: 1
  colour: red
admin: 9443
decider:
  address: http://localhost:50051
  ca: server.key
  certificate: server.crt
  private_key: other.key
  deadline: 21s
paths:
  - sub_path: acme
    tenant: Acme
    cosigner_public_keys: [cosigner_private.pem, missing.pem]
    reply_private_key: callback_p256_private.pem
    signer_ids: [""]
  - tenant: 7
    cosigner_public_keys: []
    reply_private_key: callback_rsa_public.pem
extra: 1
"#;
    insta::assert_snapshot!(Files::new().mistakes(yaml), @r#"
    edge.yaml:3:12: listen.address: must be an IP address and a port, such as 127.0.0.1:8443
    edge.yaml:4:16: listen.certificate: cannot read missing.crt: No such file or directory (os error 2)
    edge.yaml:6:19: listen.header_timeout: must be a duration from 1s to 300s, such as "5s" or "250ms"
    edge.yaml:7:17: listen.body_timeout: must be a duration from 1s to 20s, such as "5s" or "250ms"
    edge.yaml:8:19: listen.max_body_bytes: must be a whole number from 16384 to 4194304
    edge.yaml:9:3: listen.colour: is no field here; there are: address, certificate, private_key, handshake_timeout, header_timeout, body_timeout, drain_timeout, max_body_bytes, max_connections, request_timeout
    edge.yaml:10:8: admin: must hold named fields (name: value)
    edge.yaml:12:12: decider.address: must be an https:// address with host and port, such as https://localhost:50051
    edge.yaml:13:7: decider.ca: does not hold certificates (PEM, "BEGIN CERTIFICATE")
    edge.yaml:15:16: decider.private_key: certificate and private key do not fit together: keys may not be consistent: KeyMismatch
    edge.yaml:16:13: decider.deadline: must be a duration from 100ms to 20s, such as "5s" or "250ms"
    edge.yaml:18:15: paths[0].sub_path: must be empty or like /acme/hot: parts of letters, digits, "-", "_" and ".", each after a "/", at most 200 bytes
    edge.yaml:19:13: paths[0].tenant: must be 1 to 64 of a-z, 0-9, "-" and "_"
    edge.yaml:20:28: paths[0].cosigner_public_keys[0]: holds a private key: give the Co-signer's public key (PEM, "BEGIN PUBLIC KEY")
    edge.yaml:20:50: paths[0].cosigner_public_keys[1]: cannot read missing.pem: No such file or directory (os error 2)
    edge.yaml:21:24: paths[0].reply_private_key: is not an RSA private key; replies are signed by RS256
    edge.yaml:22:18: paths[0].signer_ids[0]: must be 1 to 256 bytes
    edge.yaml:23:5: paths[1]: "sub_path" is missing
    edge.yaml:23:13: paths[1].tenant: must be text; put it in quotes
    edge.yaml:24:27: paths[1].cosigner_public_keys: must be a list with at least one entry
    edge.yaml:25:24: paths[1].reply_private_key: does not hold a private key (PEM; make one with: openssl genrsa -out reply_private.pem 2048)
    edge.yaml:26:1: extra: is no field here; there are: listen, admin, decider, paths
    "#);
}

#[test]
fn a_reply_key_never_verifies_requests() {
    let yaml = GOOD.to_owned()
        + "  - {sub_path: /b, tenant: b, cosigner_public_keys: [cosigner_public.pem, callback_rsa_public.pem], reply_private_key: callback_rsa_private.pem}\n  - {sub_path: /b, tenant: c, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_rsa_private.pem}\n";
    insta::assert_snapshot!(Files::new().mistakes(&yaml), @r#"
    edge.yaml:18:5: paths[1]: cosigner_public_keys holds the reply key of sub_path "/b": give the Co-signer's own public key
    edge.yaml:19:5: paths[2]: sub_path "/b" is given twice
    "#);
}

#[test]
fn timeouts_leave_time_to_answer() {
    let files = Files::new();
    let short = GOOD.replace("admin:", "  request_timeout: 10s\nadmin:");
    insta::assert_snapshot!(files.mistakes(&short), @"edge.yaml:6:20: listen.request_timeout: must be at least 16s: decider.deadline (15s) and 1s to sign and send");
    let config = files.load(&GOOD.replace("paths:", "  deadline: 20s\npaths:")).expect("no mistakes");
    assert_eq!(config.listen.limits.request_timeout.as_secs(), 24);
}

#[test]
fn deciders_may_have_one_address_or_several() {
    let files = Files::new();
    let with = |address: &str| GOOD.replace("https://localhost:50051", address);
    let config = files.load(&with("[https://one:1, https://two:1, https://one:2]")).expect("no mistakes");
    let addresses = config.decider.addresses.iter().map(|address| (address.host(), address.port()));
    assert_eq!(addresses.collect::<Vec<_>>(), [("one", 1), ("two", 1), ("one", 2)]);
    let wrong = with("[https://one:443, 7, http://two, https://ONE/]");
    insta::assert_snapshot!(files.mistakes(&wrong), @r#"
    edge.yaml:9:30: decider.address[1]: must be text; put it in quotes
    edge.yaml:9:33: decider.address[2]: must be an https:// address with host and port, such as https://localhost:50051
    edge.yaml:9:45: decider.address[3]: is given twice: every decider needs an address of its own
    "#);
    insta::assert_snapshot!(files.mistakes(&with("[]")), @"edge.yaml:9:12: decider.address: must be a list with at least one entry");
    let many: Vec<_> = (0..65).map(|number| format!("https://decider-{number}:1")).collect();
    insta::assert_snapshot!(files.mistakes(&with(&format!("[{}]", many.join(", ")))), @"edge.yaml:9:12: decider.address: must be at most 64: give one name that resolves to several deciders");
}

#[test]
fn a_hedge_that_would_never_come_is_a_mistake() {
    let files = Files::new();
    let with =
        |hedge: &str| GOOD.replace("paths:", &format!("  deadline: 2s\n  hedge_after: {hedge}\npaths:"));
    assert!(files.load(&with("1999ms")).is_ok());
    insta::assert_snapshot!(files.mistakes(&with("2s")), @"edge.yaml:14:16: decider.hedge_after: must be shorter than decider.deadline (2s)");
    insta::assert_snapshot!(files.mistakes(&with("0ms")), @r#"edge.yaml:14:16: decider.hedge_after: must be a duration from 1ms to 20s, such as "5s" or "250ms""#);
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    let files = Files::new();
    insta::assert_snapshot!(files.mistakes("listen: [\n"), @"edge.yaml:1:9: unclosed bracket '[' at line 1, column 9");
    insta::assert_snapshot!(files.mistakes("listen: {}\nlisten: {}\n"), @r#"edge.yaml:2:1: "listen" is given twice"#);
    insta::assert_snapshot!(files.mistakes(""), @"edge.yaml:1:1: must hold named fields (name: value)");
    insta::assert_snapshot!(Config::load(&PathBuf::from("/nonexistent/edge.yaml")).expect_err("missing")[0], @"/nonexistent/edge.yaml: cannot be read: No such file or directory (os error 2)");
}

/// The example in the README is a configuration that loads, the commented defaults included.
#[test]
fn the_readme_shows_a_whole_configuration() {
    let files = Files::new();
    let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let yaml =
        readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of YAML");
    let yaml = yaml.replace("  # Optional, with their defaults:\n", "").replace("\n  # ", "\n  ");
    files.stand_in(&[
        ("server.crt", &["tls/edge.crt", "tls/ca.pem"]),
        ("server.key", &["tls/edge.key"]),
        ("other.crt", &["tls/edge-client.crt"]),
        ("other.key", &["tls/edge-client.key"]),
        ("cosigner_public.pem", &["keys/cosigner.pem", "keys/cosigner_2.pem"]),
        ("callback_rsa_private.pem", &["keys/reply_private.pem", "keys/acme_reply_private.pem"]),
    ]);
    let config = files.load(&yaml).unwrap_or_else(|mistakes| panic!("{mistakes:#?}\n{yaml}"));
    // What it calls the defaults are the defaults.
    assert_eq!(config.listen.limits, listen::Limits::default());
    assert_eq!(config.decider.deadline, DEFAULT_DEADLINE);
    assert_eq!(config.paths.len(), 2);
}

#[test]
fn the_sample_for_deployments_loads() {
    let files = Files::new();
    files.stand_in(&[
        ("server.crt", &["tls/edge.crt", "tls/ca.pem"]),
        ("server.key", &["tls/edge.key"]),
        ("other.crt", &["tls/edge-client.crt"]),
        ("other.key", &["tls/edge-client.key"]),
        ("cosigner_public.pem", &["cosigners/primary.pem", "cosigners/standby.pem"]),
        ("callback_rsa_private.pem", &["reply_private.pem", "payroll_reply_private.pem"]),
    ]);
    let sample = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/edge/edge.yaml"))
        .expect("a sample");
    let config = files.load(&sample).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    assert_eq!(config.paths.len(), 2);
}
