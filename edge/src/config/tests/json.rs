use super::{super::json::OPEN_TO_THE_WORLD, *};
use crate::callback_handler::CallbackPath;

/// JSON mode beside `GOOD`, with these fields of its listener.
fn with_json(fields: &str) -> String {
    format!(
        "{GOOD}json:\n  listen:\n    address: 127.0.0.1:8444\n    certificate: server.crt\n    private_key: server.key\n{fields}  \
         paths:\n    - {{sub_path: '', tenant: json}}\n"
    )
}

fn sources(list: &str) -> String {
    with_json(&format!("    source_networks: {list}\n"))
}

#[test]
fn json_mode_is_read_with_its_fence() {
    let files = Files::new();
    assert!(files.load(GOOD).expect("no mistakes").json.is_none());
    let yaml = with_json(
        "    source_networks: [10.1.2.0/24, '::ffff:10.1.3.0/120', 'fd00::/8']\n    proxies: [192.0.2.1/32]\n    \
         client_ca: other.crt\n    max_connections: 7\n",
    ) + "    - {sub_path: /acme, tenant: json-2, signer_ids: [hot]}\n";
    let config = files.load(&yaml).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let json = config.json.expect("JSON mode");
    assert_eq!((json.address.port(), json.limits.max_connections), (8444, 7));
    let fence = json.fence.expect("a fence");
    let contains =
        |networks: &listen::Networks, address: &str| networks.contains(address.parse().expect(address));
    for (address, source, proxy) in [
        ("10.1.2.3", true, false),
        ("10.1.3.3", true, false),
        ("fd00::1", true, false),
        ("192.0.2.1", false, true),
        ("192.0.2.2", false, false),
    ] {
        assert_eq!(
            (contains(&fence.0, address), contains(&json.proxies, address)),
            (source, proxy),
            "{address}"
        );
    }
    assert!(config.listen.fence.is_none());
    let fleet = &config.fleets[0];
    let paths = |paths: &[CallbackPath]| -> Vec<_> {
        paths
            .iter()
            .map(|path| (path.mode.as_str(), path.sub_path.as_str().to_owned(), path.admits(None)))
            .collect()
    };
    assert_eq!(paths(&fleet.paths), [("jwt", String::new(), true)]);
    assert_eq!(
        paths(&fleet.json_paths),
        [("json", String::new(), true), ("json", "/acme".to_owned(), false)]
    );
}

#[test]
fn json_mode_without_a_fence_is_a_mistake() {
    let files = Files::new();
    insta::assert_snapshot!(files.mistakes(&with_json("")), @r#"edge.yaml:20:5: json.listen: "source_networks" is missing"#);
    insta::assert_snapshot!(files.mistakes(&sources("[]")), @"edge.yaml:23:22: json.listen.source_networks: must be a list with at least one entry");
    insta::assert_snapshot!(files.mistakes(&sources("10.1.2.0/24")), @"edge.yaml:23:22: json.listen.source_networks: must be a list with at least one entry");
    let wrong = sources(
        "[10.1.2.3, 10.1.2.3/24, '::ffff:10.1.2.3/120', here, 7, 10.0.0.0/8, 10.9.0.0/16, 10.9.0.0/16, '::ffff:10.0.0.0/104', 'fd00::/8', 'fd00:1::/32']",
    );
    insta::assert_snapshot!(files.mistakes(&wrong), @"
    edge.yaml:23:23: json.listen.source_networks[0]: must be a network; for this one address: 10.1.2.3/32
    edge.yaml:23:33: json.listen.source_networks[1]: has bits set behind its prefix: write 10.1.2.0/24, if that is the network you mean
    edge.yaml:23:46: json.listen.source_networks[2]: has bits set behind its prefix: write 10.1.2.0/24, if that is the network you mean
    edge.yaml:23:69: json.listen.source_networks[3]: must be a network, such as 10.1.2.0/24 or fd00::/8
    edge.yaml:23:75: json.listen.source_networks[4]: must be text; put it in quotes
    edge.yaml:23:90: json.listen.source_networks[6]: 10.9.0.0/16 lies within 10.0.0.0/8, which is listed too: take one of them out
    edge.yaml:23:103: json.listen.source_networks[7]: 10.9.0.0/16 is given twice
    edge.yaml:23:116: json.listen.source_networks[8]: 10.0.0.0/8 is given twice
    edge.yaml:23:151: json.listen.source_networks[10]: fd00:1::/32 lies within fd00::/8, which is listed too: take one of them out
    ");
    let many: Vec<_> = (0..257).map(|number| format!("10.{}.{}.0/24", number / 256, number % 256)).collect();
    insta::assert_snapshot!(files.mistakes(&sources(&format!("[{}]", many.join(", ")))), @"edge.yaml:23:22: json.listen.source_networks: must be at most 256 networks");
}

#[test]
fn json_mode_is_open_to_the_world_only_in_so_many_words() {
    let files = Files::new();
    let told = |words: &str, list: &str| {
        with_json(&format!("    source_networks: {list}\n    open_to_the_world: {words}\n"))
    };
    insta::assert_snapshot!(files.mistakes(&sources("[0.0.0.0/0]")), @r#"edge.yaml:23:22: json.listen.source_networks: is open to the world: more public addresses than an IPv4 /8 or an IPv6 /16 has, and in JSON mode a request proves nothing about who sends it. List the networks that your Co-signers or proxies call from. If the world is meant, write beside it: open_to_the_world: "I know that anybody who can reach this port can ask for signatures""#);
    for open in [
        "['::/0']",
        "[0.0.0.0/1, 128.0.0.0/1]",
        "['::/1', '8000::/1']",
        "[10.0.0.0/8, 52.0.0.0/7]",
        "['::ffff:0:0/96']",
    ] {
        let mistakes = files.mistakes(&sources(open));
        assert!(mistakes.contains("json.listen.source_networks: is open to the world"), "{open}: {mistakes}");
        assert!(files.load(&told(OPEN_TO_THE_WORLD, open)).is_ok(), "{open}");
    }
    // Nor is it hidden by an entry that cannot be read. That the others are not open says nothing of that one.
    insta::assert_snapshot!(files.mistakes(&sources("[0.0.0.0/0, '::1/128', x]")), @r#"
    edge.yaml:23:22: json.listen.source_networks: is open to the world: more public addresses than an IPv4 /8 or an IPv6 /16 has, and in JSON mode a request proves nothing about who sends it. List the networks that your Co-signers or proxies call from. If the world is meant, write beside it: open_to_the_world: "I know that anybody who can reach this port can ask for signatures"
    edge.yaml:23:45: json.listen.source_networks[2]: must be a network, such as 10.1.2.0/24 or fd00::/8
    "#);
    insta::assert_snapshot!(files.mistakes(&told(OPEN_TO_THE_WORLD, "[10.0.0.0/8, x]")), @"edge.yaml:23:35: json.listen.source_networks[1]: must be a network, such as 10.1.2.0/24 or fd00::/8");
    insta::assert_snapshot!(files.mistakes(&told("'yes'", "[0.0.0.0/0]")), @"edge.yaml:24:24: json.listen.open_to_the_world: must be exactly: I know that anybody who can reach this port can ask for signatures");
    insta::assert_snapshot!(files.mistakes(&told(&OPEN_TO_THE_WORLD.to_uppercase(), "[0.0.0.0/0]")), @"edge.yaml:24:24: json.listen.open_to_the_world: must be exactly: I know that anybody who can reach this port can ask for signatures");
    insta::assert_snapshot!(files.mistakes(&told("true", "[0.0.0.0/0]")), @"edge.yaml:24:24: json.listen.open_to_the_world: must be text; put it in quotes");
    insta::assert_snapshot!(files.mistakes(&told(OPEN_TO_THE_WORLD, "[10.0.0.0/8]")), @"edge.yaml:24:24: json.listen.open_to_the_world: take it out: source_networks is not open to the world, and should not become so unnoticed");
}

#[test]
fn the_world_is_no_proxy_of_either_listener() {
    let files = Files::new();
    let proxies = with_json("    source_networks: [10.0.0.0/8]\n    proxies: [0.0.0.0/0]\n");
    insta::assert_snapshot!(files.mistakes(&proxies), @"edge.yaml:24:14: json.listen.proxies: is open to the world: an address that is listed here can claim any other as its caller's. List your proxies");
    let proxies = |list: &str| GOOD.replace("admin:", &format!("  proxies: {list}\nadmin:"));
    insta::assert_snapshot!(files.mistakes(&proxies("[0.0.0.0/0]")), @"edge.yaml:6:12: listen.proxies: is open to the world: an address that is listed here can claim any other as its caller's. List your proxies");
    insta::assert_snapshot!(files.mistakes(&proxies("[0.0.0.0/0, 10.1.3.7]")), @"
    edge.yaml:6:12: listen.proxies: is open to the world: an address that is listed here can claim any other as its caller's. List your proxies
    edge.yaml:6:24: listen.proxies[1]: must be a network; for this one address: 10.1.3.7/32
    ");
    insta::assert_snapshot!(files.mistakes(&proxies("[10.1.3.7]")), @"edge.yaml:6:13: listen.proxies[0]: must be a network; for this one address: 10.1.3.7/32");
    let config = files.load(&proxies("[10.1.3.7/32]")).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    assert!(config.listen.proxies.contains("10.1.3.7".parse().expect("an address")));
    assert_eq!(files.load(GOOD).expect("no mistakes").listen.proxies, listen::Networks::default());
}

#[test]
fn json_mode_keeps_apart_from_jwt_mode() {
    let files = Files::new();
    let fenced = sources("[10.1.2.0/24]");
    insta::assert_snapshot!(files.mistakes(&fenced.replace("tenant: json", "tenant: default")), @r#"edge.yaml:25:7: json.paths[0]: tenant "default" is that of paths[0] too: JSON mode proves nothing about who asks, so it needs a tenant of its own"#);
    insta::assert_snapshot!(files.mistakes(&fenced.replace("8444", "8443")), @"edge.yaml:20:14: json.listen.address: listen and json.listen need addresses of their own");
    insta::assert_snapshot!(files.mistakes(&fenced.replace("8444", "9443")), @"edge.yaml:20:14: json.listen.address: admin and json.listen need addresses of their own");
    let all = fenced.replace("127.0.0.1:9443", "0.0.0.0:8444");
    let all = all.replace("address: 127.0.0.1:8444", "address: 10.1.2.3:8444");
    insta::assert_snapshot!(files.mistakes(&all), @"edge.yaml:20:14: json.listen.address: admin and json.listen need addresses of their own");
    let keys = fenced.replace("tenant: json", "tenant: json, reply_private_key: callback_rsa_private.pem");
    insta::assert_snapshot!(files.mistakes(&keys), @"edge.yaml:25:36: json.paths[0].reply_private_key: is no field here; there are: sub_path, tenant, decider, signer_ids");
    let twice = fenced.clone() + "    - {sub_path: '', tenant: other}\n";
    insta::assert_snapshot!(files.mistakes(&twice), @r#"edge.yaml:26:7: json.paths[1]: sub_path "" is given twice"#);
    insta::assert_snapshot!(files.mistakes(&format!("{GOOD}json: {{}}\n")), @r#"
    edge.yaml:18:7: json: "listen" is missing
    edge.yaml:18:7: json: "paths" is missing
    "#);
    insta::assert_snapshot!(files.mistakes(&format!("{GOOD}json: on\n")), @"edge.yaml:18:7: json: must hold named fields (name: value)");
    let foreign =
        with_json("    source_networks: [10.1.2.0/24]\n    client_ca: server.key\n    colour: red\n");
    insta::assert_snapshot!(files.mistakes(&foreign), @r#"
    edge.yaml:24:16: json.listen.client_ca: does not hold certificates (PEM, "BEGIN CERTIFICATE")
    edge.yaml:25:5: json.listen.colour: is no field here; there are: source_networks, open_to_the_world, client_ca, address, certificate, private_key, proxies, handshake_timeout, header_timeout, idle_timeout, body_timeout, write_timeout, max_connection_age, drain_notice, drain_timeout, request_timeout, max_uri_bytes, max_header_bytes, max_headers, max_token_header_bytes, max_body_bytes, payload, max_body_memory, max_connections, max_connections_per_address, max_handshakes, max_streams, max_reset_streams, max_refused_streams, max_requests, max_decisions, connection_rate_per_address, request_rate_per_address, request_rate_per_key
    "#);
    // A fence is for the mode that needs one; proxies may be before either.
    insta::assert_snapshot!(files.mistakes(&GOOD.replace("admin:", "  source_networks: [10.1.2.0/24]\nadmin:")), @"edge.yaml:6:3: listen.source_networks: is no field here; there are: address, certificate, private_key, proxies, handshake_timeout, header_timeout, idle_timeout, body_timeout, write_timeout, max_connection_age, drain_notice, drain_timeout, request_timeout, max_uri_bytes, max_header_bytes, max_headers, max_token_header_bytes, max_body_bytes, payload, max_body_memory, max_connections, max_connections_per_address, max_handshakes, max_streams, max_reset_streams, max_refused_streams, max_requests, max_decisions, connection_rate_per_address, request_rate_per_address, request_rate_per_key");
}

/// In JWT mode it is `/v2/v2/tx_sign_request` then, which is odd and no mistake.
#[test]
fn paths_of_json_mode_do_not_look_like_those_of_jwt_mode() {
    let files = Files::new();
    let json = |sub_path: &str| sources("[10.1.2.0/24]").replace("''", sub_path);
    insta::assert_snapshot!(files.mistakes(&json("/v2")), @"edge.yaml:25:18: json.paths[0].sub_path: must not end in /v2: with it the paths would be those of JWT mode (/v2/tx_sign_request)");
    insta::assert_snapshot!(files.mistakes(&json("/acme/v2")), @"edge.yaml:25:18: json.paths[0].sub_path: must not end in /v2: with it the paths would be those of JWT mode (/v2/tx_sign_request)");
    for sub_path in ["/v2/acme", "/v22", "/acme-v2", "/V2"] {
        assert!(files.load(&json(sub_path)).is_ok(), "{sub_path}");
    }
    assert!(files.load(&GOOD.replace("sub_path: \"\"", "sub_path: /v2")).is_ok());
}

/// Over both modes as within one.
#[test]
fn fleets_and_tenants_of_json_mode_are_checked_with_the_others() {
    let files = Files::new();
    let json = |paths: &str| {
        sources("[10.1.2.0/24]")
            .replace("    - {sub_path: '', tenant: json}\n", paths)
            .replace("paths:\n  - sub_path: \"\"", &format!("deciders:\n{PAYROLL}paths:\n  - sub_path: \"\""))
    };
    let config = files
        .load(&json("    - {sub_path: '', tenant: json, decider: payroll}\n"))
        .unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let paths: Vec<_> =
        config.fleets.iter().map(|fleet| (fleet.paths.len(), fleet.json_paths.len())).collect();
    assert_eq!(paths, [(1, 0), (0, 1)]);
    insta::assert_snapshot!(files.mistakes(&json("    - {sub_path: '', tenant: json}\n")), @"edge.yaml:14:12: deciders.payroll: is asked by no path: take it out, or name it in the field decider of a path");
    insta::assert_snapshot!(files.mistakes(&json("    - {sub_path: '', tenant: json, decider: payroll}\n    - {sub_path: /b, tenant: json}\n")), @r#"edge.yaml:28:7: json.paths[1]: tenant "json" is asked of decider here and of deciders.payroll before: a tenant has one ledger, so all its paths ask one fleet"#);
}
