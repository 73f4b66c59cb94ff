//! The ranges of the limits.

use callback::Bounds;

use super::*;

/// `GOOD` with one more field of the listener.
fn with(field: &str) -> String {
    GOOD.replace("admin:", &format!("  {field}\nadmin:"))
}

#[test]
fn every_limit_has_a_smallest_and_a_largest_value() {
    let files = Files::new();
    let ranges = [
        ("handshake_timeout", ["999ms", "1s", "60s", "61s"]),
        ("header_timeout", ["999ms", "1s", "300s", "301s"]),
        ("idle_timeout", ["999ms", "1s", "60m", "3601s"]),
        ("body_timeout", ["999ms", "1s", "20s", "20001ms"]),
        ("request_timeout", ["15999ms", "16s", "28s", "28001ms"]),
        ("write_timeout", ["999ms", "1s", "60s", "61s"]),
        ("max_connection_age", ["999ms", "1s", "1440m", "86401s"]),
        ("drain_notice", ["-1s", "0s", "60s", "60001ms"]),
        ("drain_timeout", ["-1s", "0s", "300s", "301s"]),
        ("max_uri_bytes", ["255", "256", "8192", "8193"]),
        ("max_header_bytes", ["8191", "8192", "65536", "65537"]),
        ("max_headers", ["15", "16", "256", "257"]),
        ("max_token_header_bytes", ["63", "64", "8192", "8193"]),
        ("max_body_bytes", ["16383", "16384", "4194304", "4194305"]),
        ("max_body_memory", ["134217727", "134217729", "17179869184", "17179869185"]),
        ("max_connections", ["0", "1", "100000", "100001"]),
        ("max_connections_per_address", ["0", "1", "100000", "100001"]),
        ("max_handshakes", ["0", "1", "100000", "100001"]),
        ("max_streams", ["0", "1", "1000", "1001"]),
        ("max_reset_streams", ["0", "1", "1000", "1001"]),
        ("max_refused_streams", ["0", "1", "1000", "1001"]),
        ("max_requests", ["31", "32", "1000000", "1000001"]),
        ("max_decisions", ["0", "1", "1000000", "1000001"]),
        ("connection_rate_per_address", ["0", "1", "1000000", "1000001"]),
        ("request_rate_per_address", ["0", "1", "1000000", "1000001"]),
        ("request_rate_per_key", ["0", "1", "1000000", "1000001"]),
    ];
    for (name, [below, least, most, above]) in ranges {
        for value in [below, above] {
            let told = files.mistakes(&with(&format!("{name}: {value}")));
            assert!(
                told.starts_with(&format!("edge.yaml:6:{}: listen.{name}: must be ", name.len() + 5)),
                "{told}"
            );
        }
        for value in [least, most] {
            let config =
                files.load(&with(&format!("{name}: {value}"))).unwrap_or_else(|wrong| panic!("{wrong:?}"));
            // The largest body that a decider takes is the default.
            let is_default = (name, value) == ("max_body_bytes", most);
            assert_eq!(config.listen.limits == listen::Limits::default(), is_default, "{name}: {value}");
        }
    }
}

#[test]
fn every_bound_on_a_payload_has_a_smallest_and_a_largest_value() {
    let files = Files::new();
    let ranges = [
        ("max_depth", [7, 8, 64, 65]),
        ("max_id_bytes", [63, 64, 256, 257]),
        ("max_word_bytes", [31, 32, 64, 65]),
        ("max_number_bytes", [63, 64, 128, 129]),
        ("max_address_bytes", [127, 128, 256, 257]),
        ("max_label_bytes", [63, 64, 1024, 1025]),
        ("max_note_bytes", [63, 64, 4096, 4097]),
        ("max_destinations", [0, 1, 1000, 1001]),
        ("max_raw_transactions", [0, 1, 1000, 1001]),
        ("max_derivation_path_bytes", [63, 64, 256, 257]),
        ("max_raw_transaction_bytes", [1023, 1024, 1_048_576, 1_048_577]),
        ("max_raw_payload_bytes", [63, 64, 256, 257]),
        ("max_players", [7, 8, 64, 65]),
        ("max_player_bytes", [35, 36, 64, 65]),
        ("max_extra_bytes", [4095, 4096, 1_048_576, 1_048_577]),
        ("max_unread_bytes", [4095, 4096, 1_048_576, 1_048_577]),
    ];
    for (name, [below, least, most, above]) in ranges {
        let with = |value: usize| with(&format!("payload: {{{name}: {value}}}"));
        for value in [below, above] {
            let told = files.mistakes(&with(value));
            let range = format!("listen.payload.{name}: must be a whole number from {least} to {most}");
            assert!(told.ends_with(&range), "{told}");
        }
        let payload = |value| {
            let config = files.load(&with(value)).unwrap_or_else(|wrong| panic!("{wrong:?}"));
            config.listen.limits.payload
        };
        assert_ne!(payload(least), Bounds::default(), "{name}");
        // Which a decider takes no more of is the default.
        assert_eq!(payload(most) == Bounds::default(), name != "max_depth", "{name}");
    }
    insta::assert_snapshot!(files.mistakes(&with("payload: {max_players: 8, max_widgets: 1}")), @"edge.yaml:6:29: listen.payload.max_widgets: is no field here; there are: max_depth, max_id_bytes, max_word_bytes, max_number_bytes, max_address_bytes, max_label_bytes, max_note_bytes, max_destinations, max_raw_transactions, max_derivation_path_bytes, max_raw_transaction_bytes, max_raw_payload_bytes, max_players, max_player_bytes, max_extra_bytes, max_unread_bytes");
    insta::assert_snapshot!(files.mistakes(&with("payload: 7")), @"edge.yaml:6:12: listen.payload: must hold named fields (name: value)");
}

#[test]
fn a_caller_that_is_not_known_yet_can_send_the_largest_body() {
    let files = Files::new();
    let memory = |bytes| with(&format!("max_body_bytes: 20000\n  max_body_memory: {bytes}"));
    assert!(files.load(&memory(640_000)).is_ok());
    let config = files.load(&with("max_body_bytes: 4194304")).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    assert_eq!(config.listen.limits.max_body_memory, 32 * 4_194_304, "where nothing is said of it");
    insta::assert_snapshot!(files.mistakes(&memory(639_999)), @"edge.yaml:7:20: listen.max_body_memory: must be at least 640000: 32 times max_body_bytes");
}
