//! The file as a whole.

use super::*;

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
    edge.yaml:9:3: listen.colour: is no field here; there are: address, certificate, private_key, proxies, handshake_timeout, header_timeout, idle_timeout, body_timeout, write_timeout, max_connection_age, drain_notice, drain_timeout, request_timeout, max_uri_bytes, max_header_bytes, max_headers, max_token_header_bytes, max_body_bytes, payload, max_body_memory, max_connections, max_connections_per_address, max_handshakes, max_streams, max_reset_streams, max_refused_streams, max_requests, max_decisions, connection_rate_per_address, request_rate_per_address, request_rate_per_key
    edge.yaml:10:8: admin: must hold named fields (name: value)
    edge.yaml:12:12: decider.address: must be an https:// address with host and port, such as https://localhost:50051, and no user
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

/// What was commented out below a name would else open what it closed.
#[test]
fn a_field_without_a_value_is_a_mistake() {
    let json = "json:\n  listen: {address: '127.0.0.1:8444', certificate: server.crt, private_key: server.key, source_networks: [10.1.2.0/24], client_ca: }\n  \
                paths:\n    - {sub_path: '', tenant: json, decider: }\n";
    let yaml = GOOD
        .replace("    tenant: default\n", "    tenant:\n")
        .replace("admin:\n  address: 127.0.0.1:9443", "admin:")
        + "    signer_ids:\n      # - retired\n"
        + json
        + "deciders: ~\n";
    insta::assert_snapshot!(Files::new().mistakes(&yaml), @"
    edge.yaml:6:6: admin: has no value: give it one, or leave the field out
    edge.yaml:14:11: paths[0].tenant: has no value: give it one, or leave the field out
    edge.yaml:17:15: paths[0].signer_ids: has no value: give it one, or leave the field out
    edge.yaml:20:130: json.listen.client_ca: has no value: give it one, or leave the field out
    edge.yaml:22:43: json.paths[0].decider: has no value: give it one, or leave the field out
    edge.yaml:23:11: deciders: has no value: give it one, or leave the field out
    ");
}

/// Each of them with all other mistakes, and the first of its values read.
#[test]
fn a_field_given_twice_hides_no_mistake() {
    let files = Files::new();
    let yaml = GOOD
        .replace("admin:", "  certificate: none.crt\nadmin:")
        .replace("    tenant: default\n", "    tenant: default\n    tenant: A\n    tenant: B\n")
        .replace("decider:", "colour: {red: 1, red: 2}\ndecider:")
        + &format!("deciders:\n{PAYROLL}  7: {{}}\n  7: {{}}\n{PAYROLL}");
    insta::assert_snapshot!(files.mistakes(&yaml), @r#"
    edge.yaml:6:3: listen.certificate: is given twice, the first time in line 4
    edge.yaml:9:1: colour: is no field here; there are: listen, admin, decider, deciders, json, paths
    edge.yaml:18:5: paths[0].tenant: is given twice, the first time in line 17
    edge.yaml:19:5: paths[0].tenant: is given twice, the first time in line 17
    edge.yaml:23:12: deciders.payroll: is asked by no path: take it out, or name it in the field decider of a path
    edge.yaml:25:6: deciders.7: "address" is missing
    edge.yaml:25:6: deciders.7: "ca" is missing
    edge.yaml:25:6: deciders.7: "certificate" is missing
    edge.yaml:25:6: deciders.7: "private_key" is missing
    edge.yaml:25:6: deciders.7: is asked by no path: take it out, or name it in the field decider of a path
    edge.yaml:26:3: deciders.payroll: is given twice, the first time in line 23
    "#);
    insta::assert_snapshot!(files.mistakes(&GOOD.replace("admin:", "  address: 127.0.0.1:8444\nadmin:")), @"edge.yaml:6:3: listen.address: is given twice, the first time in line 3");
    // Names that are numbers are told apart by the reader alone.
    let sevens = format!("deciders:\n{PAYROLL}{PAYROLL}").replace("payroll: ", "7: ");
    let yaml = GOOD.to_owned() + &path("/b", "b", ", decider: '7'") + &sevens;
    insta::assert_snapshot!(files.mistakes(&yaml), @r#"edge.yaml:21:3: "7" is given twice"#);
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    let files = Files::new();
    insta::assert_snapshot!(files.mistakes("listen: [\n"), @"edge.yaml:1:9: unclosed bracket '[' at line 1, column 9");
    insta::assert_snapshot!(files.mistakes("listen: {}\nlisten: {}\n"), @r#"
    edge.yaml:1:1: "admin" is missing
    edge.yaml:1:1: "decider" is missing
    edge.yaml:1:1: "paths" is missing
    edge.yaml:1:9: listen: "address" is missing
    edge.yaml:1:9: listen: "certificate" is missing
    edge.yaml:1:9: listen: "private_key" is missing
    edge.yaml:2:1: listen: is given twice, the first time in line 1
    "#);
    insta::assert_snapshot!(files.mistakes("listen: {}\n---\nlisten: {}\n"), @"edge.yaml:3:1: holds several documents (---): leave one");
    insta::assert_snapshot!(files.mistakes(""), @"edge.yaml:1:1: must hold named fields (name: value)");
    insta::assert_snapshot!(Config::load(&PathBuf::from("/nonexistent/edge.yaml")).expect_err("missing")[0], @"/nonexistent/edge.yaml: cannot be read: No such file or directory (os error 2)");
}
