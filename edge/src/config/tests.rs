mod json;
mod limits;

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::*;
use crate::decider::DEFAULT_DEADLINE;

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
    assert_eq!(config.fleets[0].decider.deadline, Duration::from_secs(15));
    assert_eq!((config.fleets[0].decider.addresses.len(), config.fleets[0].decider.hedge_after), (1, None));
    assert_eq!(config.fleets[0].paths.len(), 1);
    assert!(config.fleets[0].paths[0].admits(None));
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
    assert_eq!(config.fleets[0].decider.deadline.as_millis(), 1500);
    assert_eq!(config.fleets[0].decider.hedge_after, Some(Duration::from_millis(20)));
    assert_eq!(
        (
            config.fleets[0].paths[0].admits(Some("s-2")),
            config.fleets[0].paths[0].admits(Some("s-3")),
            config.fleets[0].paths[0].admits(None)
        ),
        (true, false, false)
    );
    assert_eq!(
        (config.fleets[0].paths[1].sub_path.as_str(), config.fleets[0].paths[1].tenant.as_str()),
        ("/acme", "acme")
    );
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
    reply_private_key: webhook_jwk_private.pem
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
    edge.yaml:9:3: listen.colour: is no field here; there are: address, certificate, private_key, proxies, handshake_timeout, header_timeout, idle_timeout, body_timeout, write_timeout, max_connection_age, drain_timeout, request_timeout, max_uri_bytes, max_header_bytes, max_headers, max_token_header_bytes, max_body_bytes, payload, max_body_memory, max_connections, max_connections_per_address, max_handshakes, max_streams, max_reset_streams, max_refused_streams, max_requests, max_decisions, connection_rate_per_address, request_rate_per_address, request_rate_per_key
    edge.yaml:10:8: admin: must hold named fields (name: value)
    edge.yaml:12:12: decider.address: must be an https:// address with host and port, such as https://localhost:50051
    edge.yaml:13:7: decider.ca: does not hold certificates (PEM, "BEGIN CERTIFICATE")
    edge.yaml:15:16: decider.private_key: certificate and private key do not fit together: keys may not be consistent: KeyMismatch
    edge.yaml:16:13: decider.deadline: must be a duration from 100ms to 20s, such as "5s" or "250ms"
    edge.yaml:18:15: paths[0].sub_path: must be empty or like /acme/hot: parts of letters, digits, "-", "_" and ".", each after a "/", at most 200 bytes
    edge.yaml:19:13: paths[0].tenant: must be 1 to 64 of a-z, 0-9, "-" and "_"
    edge.yaml:20:28: paths[0].cosigner_public_keys[0]: holds a private key: give the Co-signer's public key (PEM, "BEGIN PUBLIC KEY")
    edge.yaml:20:50: paths[0].cosigner_public_keys[1]: cannot read missing.pem: No such file or directory (os error 2)
    edge.yaml:21:24: paths[0].reply_private_key: is not an RSA key of 2048 bits, the only size that a Co-signer takes
    edge.yaml:22:18: paths[0].signer_ids[0]: must be 1 to 256 bytes
    edge.yaml:23:5: paths[1]: "sub_path" is missing
    edge.yaml:23:13: paths[1].tenant: must be text; put it in quotes
    edge.yaml:24:27: paths[1].cosigner_public_keys: must be a list with at least one entry
    edge.yaml:25:24: paths[1].reply_private_key: does not hold an unencrypted private key (PEM; make one with: edge keys new --out reply_private.pem)
    edge.yaml:26:1: extra: is no field here; there are: listen, admin, decider, deciders, json, paths
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
    mode("callback_rsa_private.pem", 0o440);
    mode("server.key", 0o604);
    insta::assert_snapshot!(warnings(), @r"
    edge.yaml:5:16: listen.private_key: server.key is open to others than its owner (mode 604): chmod 600 server.key
    edge.yaml:12:16: decider.private_key: server.key is open to others than its owner (mode 604): chmod 600 server.key
    edge.yaml:17:24: paths[0].reply_private_key: callback_rsa_private.pem is open to others than its owner (mode 440): chmod 600 callback_rsa_private.pem
    ");
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
    let addresses = config.fleets[0].decider.addresses.iter().map(|address| (address.host(), address.port()));
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

/// A second fleet, and paths of it.
fn two_fleets(deciders: &str, paths: &str) -> String {
    GOOD.replace("paths:", &format!("deciders:\n{deciders}paths:")) + paths
}

const PAYROLL: &str = "  payroll: {address: 'https://payroll:50051', ca: server.crt, certificate: other.crt, private_key: other.key, deadline: 2s}\n";

fn path(sub_path: &str, tenant: &str, decider: &str) -> String {
    format!(
        "  - {{sub_path: {sub_path}, tenant: {tenant}, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_rsa_private.pem{decider}}}\n"
    )
}

#[test]
fn a_path_asks_the_fleet_that_it_names_and_no_other() {
    let files = Files::new();
    let paths = path("/a", "a", "") + &path("/pay", "payroll", ", decider: payroll");
    let config = files.load(&two_fleets(PAYROLL, &paths)).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let fleets: Vec<_> = config
        .fleets
        .iter()
        .map(|Fleet { decider, paths, .. }| {
            let paths: Vec<_> = paths.iter().map(|path| path.sub_path.as_str()).collect();
            (decider.fleet.as_str(), decider.addresses[0].host(), decider.deadline.as_secs(), paths)
        })
        .collect();
    assert_eq!(
        fleets,
        [("default", "localhost", 15, vec!["", "/a"]), ("payroll", "payroll", 2, vec!["/pay"])]
    );
}

#[test]
fn a_fleet_that_is_not_there_or_that_nobody_asks_is_a_mistake() {
    let files = Files::new();
    let deciders = format!("{PAYROLL}{}", PAYROLL.replace("payroll", "treasury"));
    let told = |paths: &str| files.mistakes(&two_fleets(&deciders, paths));
    let treasury = path("/t", "t", ", decider: treasury");
    insta::assert_snapshot!(told(&(treasury.clone() + &path("/p", "p", ", decider: payrol"))), @"edge.yaml:22:130: paths[2].decider: is no fleet under deciders: did you mean payroll?");
    insta::assert_snapshot!(told(&(treasury.clone() + &path("/p", "p", ", decider: gold"))), @"
    edge.yaml:14:12: deciders.payroll: is asked by no path: take it out, or name it in the field decider of a path
    edge.yaml:22:130: paths[2].decider: is no fleet under deciders; there are: payroll, treasury
    ");
    insta::assert_snapshot!(told(&(treasury.clone() + &path("/p", "p", ", decider: default"))), @"
    edge.yaml:14:12: deciders.payroll: is asked by no path: take it out, or name it in the field decider of a path
    edge.yaml:22:130: paths[2].decider: leave it out: then the one under decider is asked
    ");
    insta::assert_snapshot!(files.mistakes(&(GOOD.to_owned() + &path("/p", "p", ", decider: payroll"))), @"edge.yaml:18:130: paths[1].decider: there are no deciders by name: write them under deciders");
    let nobody_asks_the_first =
        two_fleets(PAYROLL, "").replace("tenant: default", "tenant: default\n    decider: payroll");
    insta::assert_snapshot!(files.mistakes(&nobody_asks_the_first), @"edge.yaml:9:3: decider: is asked by no path: give one of those under deciders this place");
}

#[test]
fn every_mistake_of_the_fleets_has_its_place() {
    let files = Files::new();
    let wrong = "  Payroll: {}
  default: {}
  a: {address: 'https://a:1', ca: server.crt, certificate: other.crt, private_key: other.key, hedge_after: 15s}
  b: {address: 'https://A:1', ca: none.pem, certificate: other.crt, private_key: other.key, deadlin: 1s}
  c: {address: ['https://c:1', 'https://localhost:50051'], ca: server.crt, certificate: other.crt, private_key: other.key}
  d:
";
    let paths: String = ["a", "b", "c", "d"]
        .iter()
        .map(|name| path(&format!("/{name}"), name, &format!(", decider: {name}")))
        .collect();
    insta::assert_snapshot!(files.mistakes(&two_fleets(wrong, &paths)), @r#"
    edge.yaml:14:3: deciders.Payroll: a fleet is called by 1 to 64 of a-z, 0-9, "-" and "_", and not "default", which is the one under decider
    edge.yaml:15:3: deciders.default: a fleet is called by 1 to 64 of a-z, 0-9, "-" and "_", and not "default", which is the one under decider
    edge.yaml:16:108: deciders.a.hedge_after: must be shorter than deciders.a.deadline (15s)
    edge.yaml:17:35: deciders.b.ca: cannot read none.pem: No such file or directory (os error 2)
    edge.yaml:17:93: deciders.b.deadlin: is no field here; there are: address, ca, certificate, private_key, deadline, hedge_after
    edge.yaml:18:6: deciders.c: address https://localhost:50051 is one of decider already: a decider is of one fleet
    edge.yaml:19:4: deciders.d: must hold named fields (name: value)
    "#);
    insta::assert_snapshot!(files.mistakes(&GOOD.replace("paths:", "deciders: {}\npaths:")), @"edge.yaml:13:11: deciders: names no fleet: leave it out where decider is the only one");
    let many: String = (0..64).map(|number| PAYROLL.replace("payroll", &format!("p{number}"))).collect();
    let paths: String = (0..64)
        .map(|number| path(&format!("/p{number}"), &format!("p{number}"), &format!(", decider: p{number}")))
        .collect();
    insta::assert_snapshot!(files.mistakes(&two_fleets(&many, &paths)), @"edge.yaml:14:3: deciders: must be at most 63 fleets");
}

/// It would have all of its limits twice.
#[test]
fn a_tenant_is_of_one_fleet() {
    let files = Files::new();
    let paths = path("/one", "payroll", ", decider: payroll")
        + &path("/two", "payroll", ", decider: payroll")
        + &path("/three", "payroll", "")
        + &path("/four", "default", ", decider: payroll");
    insta::assert_snapshot!(files.mistakes(&two_fleets(PAYROLL, &paths)), @r#"
    edge.yaml:22:5: paths[3]: tenant "payroll" is asked of decider here and of deciders.payroll before: a tenant has one ledger, so all its paths ask one fleet
    edge.yaml:23:5: paths[4]: tenant "default" is asked of deciders.payroll here and of decider before: a tenant has one ledger, so all its paths ask one fleet
    "#);
}

#[test]
fn a_request_has_time_for_the_slowest_fleet() {
    let files = Files::new();
    let slow = PAYROLL.replace("2s", "18s");
    let yaml = two_fleets(&slow, &path("/p", "p", ", decider: payroll"));
    let timeout = |yaml: &str| files.load(yaml).expect("no mistakes").listen.limits.request_timeout;
    assert_eq!(timeout(&yaml).as_secs(), 22);
    let short = yaml.replace("admin:", "  request_timeout: 18s\nadmin:");
    insta::assert_snapshot!(files.mistakes(&short), @"edge.yaml:6:20: listen.request_timeout: must be at least 19s: deciders.payroll.deadline (18s) and 1s to sign and send");
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
    assert_eq!(config.fleets[0].decider.deadline, DEFAULT_DEADLINE);
    let paths: Vec<_> = config.fleets.iter().map(|fleet| fleet.paths.len()).collect();
    assert_eq!(paths, [2, 1]);
    assert_eq!(config.json.expect("JSON mode").limits, listen::Limits::default());
    assert_eq!(config.fleets[0].json_paths.len(), 1);
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
    assert_eq!(config.fleets[0].paths.len(), 2);
    assert!(config.json.is_none());
    // And with the fleet and the JSON mode that it shows in comments.
    let shown = sample
        .replace("\n# deciders:", "\ndeciders:")
        .replace("\n# json:", "\njson:")
        .replace("\n#   ", "\n  ")
        .replace("# proxies:", "proxies:")
        .replace("    # client_ca:", "    client_ca:")
        .replace("    # decider: payroll", "    decider: payroll");
    let config = files.load(&shown).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    assert_eq!(config.fleets[1].paths[0].sub_path.as_str(), "/payroll");
    let json = config.json.expect("JSON mode");
    let proxy = "10.1.3.7".parse().expect("an address");
    assert!(json.proxies.contain(proxy) && config.listen.proxies.contain(proxy));
    assert_eq!(config.fleets[0].json_paths.len(), 1);
}
