//! What is no configuration changes nothing.

use super::*;

#[tokio::test]
async fn what_has_mistakes_is_refused_whole_and_told_once() {
    let spoils: [(&str, &str); 6] = [
        ("edge.yaml", "listen: ["),
        ("edge.key", "no key"),
        ("client.crt", "no certificate"),
        ("cosigner_public.pem", ""),
        ("callback_rsa_private.pem", "-----BEGIN PRIVATE KEY-----"),
        // Good, but for one field of the path that is new.
        ("edge.yaml", &format!("{YAML}{}", SECOND_PATH.replace("tenant: b", "tenant: B"))),
    ];
    for (name, contents) in spoils {
        let mut bench = Bench::new();
        let before = fs::read_to_string(bench.path(name)).expect("read");
        bench.write(name, contents);
        for _ in 0..5 {
            bench.look().await;
        }
        assert_eq!((bench.paths(), bench.counted()), (vec![""], [0, 1, 0, 1]), "{name}");
        // Whoever says that it is whole is told again.
        bench.look_now().await;
        assert_eq!((bench.paths(), bench.counted()), (vec![""], [0, 2, 0, 1]), "{name}");
        bench.write(name, &before);
        bench.look().await;
        assert_eq!(bench.counted(), [0, 2, 0, 0], "{name}");
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_hold_never_replaces_one() {
    for (from, to, taken) in [(2025, 2026, 0), (2027, 2028, 0), (2026, 2027, 1)] {
        let mut bench = Bench::new();
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
        (params.not_before, params.not_after) =
            (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 1, 1));
        let key = rcgen::KeyPair::generate().expect("a key");
        bench.write("edge.crt", &params.self_signed(&key).expect("a certificate").pem());
        bench.write("edge.key", &key.serialize_pem());
        bench.look_now().await;
        assert_eq!(bench.counted(), [taken, 1 - taken, 0, 1 - taken], "{from}");
    }
}

#[tokio::test]
async fn a_file_that_goes_missing_changes_nothing() {
    let mut bench = Bench::new();
    fs::remove_file(bench.path("callback_rsa_private.pem")).expect("removed");
    for _ in 0..3 {
        bench.look().await;
    }
    assert_eq!((bench.paths(), bench.counted()), (vec![""], [0, 1, 0, 1]));
    bench.write(
        "callback_rsa_private.pem",
        &fs::read_to_string(bench.path("callback_p256_private.pem")).expect("read"),
    );
    for _ in 0..2 {
        bench.look().await;
    }
    assert_eq!(bench.counted(), [1, 1, 0, 0]);
}

/// An authority's clock may be some seconds ahead of ours.
#[tokio::test]
async fn a_certificate_that_holds_later_is_taken_then() {
    let mut bench = Bench::new();
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    // 2026-11-23: what is now is a day before.
    params.not_before = rcgen::date_time_ymd(2026, 11, 23);
    let from = params.not_before.unix_timestamp();
    bench.clock.0.store(from - 25, Ordering::Relaxed);
    let key = rcgen::KeyPair::generate().expect("a key");
    bench.write("edge.crt", &params.self_signed(&key).expect("a certificate").pem());
    bench.write("edge.key", &key.serialize_pem());
    for _ in 0..4 {
        bench.look().await;
    }
    assert_eq!(bench.counted(), [0, 1, 0, 1]);
    bench.clock.0.store(from - 1, Ordering::Relaxed);
    bench.look().await;
    assert_eq!(bench.counted(), [0, 1, 0, 1]);
    bench.clock.0.store(from, Ordering::Relaxed);
    bench.look().await;
    assert_eq!(bench.counted(), [1, 1, 0, 0]);
}

#[tokio::test]
async fn what_stays_refused_is_told_again_once_a_day() {
    let mut bench = Bench::new();
    bench.write("edge.yaml", "listen: [");
    for (seconds, refused) in
        [(0, 0), (1, 1), (2, 1), (WARNING_INTERVAL_SECONDS, 1), (1 + WARNING_INTERVAL_SECONDS, 2)]
    {
        bench.clock.0.store(NOW_SECONDS + seconds, Ordering::Relaxed);
        bench.look().await;
        assert_eq!(bench.counted(), [0, refused, 0, refused.min(1)], "{seconds}");
    }
}
