//! The configurations that people copy.

use super::*;
use crate::decider::DEFAULT_DEADLINE;

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
        ("cosigner_public.pem", &["keys/cosigner.pem"]),
        ("second_public.pem", &["keys/cosigner_2.pem"]),
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
        ("cosigner_public.pem", &["cosigners/primary.pem"]),
        ("second_public.pem", &["cosigners/standby.pem"]),
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
    assert!(json.proxies.contains(proxy) && config.listen.proxies.contains(proxy));
    assert_eq!(config.fleets[0].json_paths.len(), 1);
}
