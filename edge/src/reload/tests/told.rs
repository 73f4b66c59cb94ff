//! What is told of the configuration in force, and of changes.

use super::*;

/// Also when nothing changes: a certificate ends by itself.
#[tokio::test]
async fn warnings_are_repeated_once_a_day() {
    let mut bench = Bench::new();
    let mut due_after = |seconds: i64| {
        bench.clock.0.store(NOW_SECONDS + seconds, Ordering::Relaxed);
        let before = bench.reload.warn_again_seconds;
        bench.reload.warn();
        bench.reload.warn_again_seconds != before
    };
    let day = WARNING_INTERVAL_SECONDS;
    let told = [1, day - 1, day, day + 1, 2 * day].map(&mut due_after);
    assert_eq!(told, [false, false, true, false, true]);
}

#[tokio::test]
async fn what_is_in_force_is_counted_with_the_ends_of_its_certificates() {
    let mut bench = Bench::new();
    let line = |bench: &Bench, name: &str| {
        let text = bench.reload.service.metrics.encode();
        let lines: Vec<_> = text.lines().filter(|line| line.contains(name)).map(str::to_owned).collect();
        lines.join("\n")
    };
    let hash = line(&bench, "config_info{");
    assert!(line(&bench, "config_loaded_timestamp_seconds ").ends_with(" 1795305600"));
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    params.not_after = rcgen::date_time_ymd(2026, 12, 4);
    let key = rcgen::KeyPair::generate().expect("a key");
    bench.write("edge.crt", &params.self_signed(&key).expect("a certificate").pem());
    bench.write("edge.key", &key.serialize_pem());
    bench.clock.0.store(NOW_SECONDS + 7, Ordering::Relaxed);
    bench.look_now().await;
    assert_ne!(line(&bench, "config_info{"), hash);
    assert!(line(&bench, "config_loaded_timestamp_seconds ").ends_with(" 1795305607"));
    let ends = line(&bench, "certificate_not_after_timestamp_seconds{");
    assert!(ends.contains(r#"{certificate="listen"} 1796342400"#), "{ends}");
    assert!(ends.contains(r#"{certificate="decider"} "#), "{ends}");
    // Deciders have not taken another certificate of ours yet, and may refuse it: what is told is the one in use.
    let of_decider = |ends: &str| ends.lines().find(|line| line.contains(r#""decider""#)).map(str::to_owned);
    bench.write("client.crt", &fs::read_to_string(bench.path("edge.crt")).expect("read"));
    bench.write("client.key", &fs::read_to_string(bench.path("edge.key")).expect("read"));
    bench.look_now().await;
    assert_eq!(of_decider(&line(&bench, "certificate_not_after_timestamp_seconds{")), of_decider(&ends));
    let warnings = bench.reload.in_force.all_warnings(NOW_SECONDS);
    let warnings: Vec<_> =
        warnings.iter().map(Mistake::to_string).filter(|told| told.contains("expires")).collect();
    let warnings = warnings.join("\n").replace(&format!("{}/", bench.directory.path().display()), "");
    insta::assert_snapshot!(warnings, @"
    edge.yaml: listen.certificate: expires in 12 days (2026-12-04T00:00:00Z): renew it, with the same key
    edge.yaml: decider.certificate: expires in 12 days (2026-12-04T00:00:00Z): renew it, with the same key
    edge.yaml:10:7: decider.ca: CN=rcgen self signed cert expires in 12 days (2026-12-04T00:00:00Z): have its successor beside it
    ");
}

#[test]
fn changes_are_told_in_words() {
    let bench = Bench::new();
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    bench.write("cosigner_2.pem", &other.public_key_pem());
    let two = YAML.replace("[cosigner_public.pem]", "[cosigner_2.pem, cosigner_public.pem]") + SECOND_PATH;
    let loaded = |yaml: &str| {
        bench.write("edge.yaml", yaml);
        Config::load(&bench.path("edge.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    };
    let (before, after) = (loaded(YAML), loaded(&two));
    let told = |one: &Config, other: &Config| {
        changes::between(one, other).join("\n").replace(&key_of(&after), "SECOND")
    };
    insta::assert_snapshot!(told(&before, &before), @"");
    insta::assert_snapshot!(told(&before, &after), @r#"
    path "": Co-signer key added: SECOND
    path "/b" is new
    "#);
    insta::assert_snapshot!(told(&after, &before), @r#"
    path "/b" is gone
    path "": Co-signer key retired: SECOND
    "#);
    let rolled = YAML
        .replace("callback_rsa", "callback_p256")
        .replace("tenant: default", "tenant: a\n    signer_ids: [s]");
    bench.certify();
    insta::assert_snapshot!(told(&before, &loaded(&rolled.replace("admin:", "  body_timeout: 3s\nadmin:"))), @r#"
    path "": replies are signed by ES256 with c9027238fd5f01430d8d26bd5e764c8c71f0c4633a279a68fc71163eb9543e78
    path "": another signer_ids
    path "": another tenant
    listen: another certificate, with another key: callers that pin the one before will not connect
    listen: other limits
    decider: other files of the client, in use once a decider is healthy with them
    "#);
}

fn key_of(config: &Config) -> String {
    crate::fingerprint::fingerprint(
        config.fleets[0].paths[0].mode.keys().expect("keys").cosigner_keys[0].public_key(),
    )
}
