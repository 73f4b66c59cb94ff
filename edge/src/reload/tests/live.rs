//! What counts at once, and what needs a restart.

use super::*;

/// Nothing of it counts: half of a configuration is none that anybody wrote.
#[tokio::test]
async fn what_needs_a_restart_is_named_and_refused_whole() {
    let mut bench = Bench::new();
    let fleet = "deciders:\n  b: {address: 'https://b:1', ca: edge.crt, certificate: client.crt, private_key: client.key}\npaths:";
    for (change, fields) in [
        (YAML.replace(":8443", ":8444"), "listen.address"),
        (YAML.replace(":9443", ":9444"), "admin.address"),
        (YAML.replace(":50051", ":50052"), "decider.address"),
        (YAML.replace("ca: edge.crt", "ca: client.crt"), "decider.ca"),
        (YAML.replace("paths:", "  deadline: 2s\npaths:"), "decider.deadline"),
        (YAML.replace("admin:", "  max_connections: 7\nadmin:"), "listen.max_connections"),
        (YAML.replace("admin:", "  max_reset_streams: 7\nadmin:"), "listen.max_reset_streams"),
        (YAML.replace("admin:", "  proxies: [10.0.0.0/8]\nadmin:"), "listen.proxies[0]"),
        (
            YAML.replace("paths:", fleet) + &SECOND_PATH.replace("tenant: b", "tenant: c, decider: b"),
            "deciders.b.address deciders.b.ca deciders.b.certificate deciders.b.private_key",
        ),
    ] {
        let change = format!("{change}{}", SECOND_PATH.replace("/b", "/z"));
        bench.write("edge.yaml", &change);
        let after = Config::load(&bench.path("edge.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        assert_eq!(changes::needing_restart(&bench.reload.in_force, &after).join(" "), fields);
        bench.look_now().await;
        assert_eq!(bench.paths(), [""], "{fields}");
    }
    assert_eq!(bench.counted(), [0, 0, 9, 1]);
}

#[tokio::test]
async fn limits_of_a_request_are_taken() {
    let mut bench = Bench::new();
    let yaml =
        YAML.replace("admin:", "  body_timeout: 2s\n  max_body_bytes: 65536\n  request_timeout: 17s\n  max_token_header_bytes: 64\n  payload: {max_depth: 9}\nadmin:");
    bench.write("edge.yaml", &yaml);
    bench.look_now().await;
    assert_eq!(bench.counted(), [1, 0, 0, 0]);
    let limits = bench.reload.in_force.listen.limits;
    assert_eq!(
        (limits.max_body_bytes, limits.max_token_header_bytes, limits.payload.max_depth),
        (65536, 64, 9)
    );
}

/// The fence is no such part: a network that is added by mistake should not let anybody in unnoticed.
#[tokio::test]
async fn the_paths_and_the_certificate_of_json_mode_are_live_too() {
    let mut bench = Bench::new();
    let json = |tenant: &str, network: &str| {
        format!(
            "{YAML}json:\n  listen: {{address: 127.0.0.1:8444, certificate: edge.crt, private_key: edge.key, source_networks: \
             [{network}]}}\n  paths:\n    - {{sub_path: '', tenant: {tenant}}}\n"
        )
    };
    bench.write("edge.yaml", &json("j", "10.0.0.0/8"));
    bench.look_now().await;
    assert_eq!(bench.counted(), [0, 0, 1, 1], "a listener is bound at a start alone");
    let config = Config::load(&bench.path("edge.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    bench.reload.service.json = config.json.as_ref().map(|json| ListenerHandle::new(json, &config.fleets));
    bench.reload.in_force = config;
    let before = bench.reload.in_force.clone();
    bench.certify();
    bench.write("edge.yaml", &json("k", "10.0.0.0/8"));
    bench.look_now().await;
    assert_eq!(bench.counted(), [1, 0, 1, 0]);
    insta::assert_snapshot!(changes::between(&before, &bench.reload.in_force).join("\n"), @r#"
    json path "": another tenant
    listen: another certificate, with another key: callers that pin the one before will not connect
    json.listen: another certificate, with another key: callers that pin the one before will not connect
    decider: other files of the client, in use once a decider is healthy with them
    "#);
    bench.write("edge.yaml", &json("k", "10.0.0.0/9"));
    bench.look_now().await;
    assert_eq!(bench.counted(), [1, 0, 2, 1]);
}

/// A listener takes the clients of the authority that it began with: the file alone says something else now.
#[tokio::test]
async fn another_authority_of_clients_needs_a_restart_and_a_certificate_that_ended_replaces_none() {
    let mut bench = Bench::new();
    fs::copy(bench.path("client.crt"), bench.path("clients.pem")).expect("copied");
    let yaml = format!(
        "{YAML}json:\n  listen: {{address: 127.0.0.1:8444, certificate: json.crt, private_key: json.key, client_ca: clients.pem, \
         source_networks: [10.0.0.0/8]}}\n  paths:\n    - {{sub_path: '', tenant: j}}\n"
    );
    certify(&bench.directory, "json");
    bench.write("edge.yaml", &yaml);
    let config = Config::load(&bench.path("edge.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    bench.reload.service.json = config.json.as_ref().map(|json| ListenerHandle::new(json, &config.fleets));
    bench.reload.in_force = config;
    let before = bench.counted();
    fs::copy(bench.path("edge.crt"), bench.path("clients.pem")).expect("copied");
    bench.look_now().await;
    let restart = bench.counted();
    assert_eq!((restart[0], restart[2], restart[3]), (before[0], before[2] + 1, 1));
    fs::copy(bench.path("client.crt"), bench.path("clients.pem")).expect("copied");
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    params.not_after = rcgen::date_time_ymd(2026, 1, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    bench.write("json.crt", &params.self_signed(&key).expect("a certificate").pem());
    bench.write("json.key", &key.serialize_pem());
    bench.look_now().await;
    assert_eq!(bench.counted()[1], before[1] + 1, "refused");
}
