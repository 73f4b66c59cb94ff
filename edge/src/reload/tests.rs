use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use tempfile::TempDir;

use super::*;
use crate::{
    decider::{Decider, SystemResolver},
    respond::SigningThreads,
};

const YAML: &str = r#"
listen:
  address: 127.0.0.1:8443
  certificate: edge.crt
  private_key: edge.key
admin:
  address: 127.0.0.1:9443
decider:
  address: https://localhost:50051
  ca: edge.crt
  certificate: client.crt
  private_key: client.key
paths:
  - sub_path: ""
    tenant: default
    cosigner_public_keys: [cosigner_public.pem]
    reply_private_key: callback_rsa_private.pem
"#;

const NOW_SECONDS: u64 = 1_795_305_600;

const SECOND_PATH: &str = "  - {sub_path: /b, tenant: b, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_p256_private.pem}\n";

/// A clock that stands where it is put.
#[derive(Debug, Default)]
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn unix_seconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A service that is in force by files, and what looks at them.
struct Bench {
    directory: TempDir,
    reload: Reload,
    clock: Arc<HandClock>,
}

impl Bench {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        for name in ["cosigner_public", "callback_rsa_private", "callback_p256_private"] {
            let vector = format!("{}/../tests/vectors/synthetic_{name}.pem", env!("CARGO_MANIFEST_DIR"));
            fs::copy(vector, directory.path().join(format!("{name}.pem"))).expect(name);
        }
        certify(&directory, "edge");
        certify(&directory, "client");
        let file = directory.path().join("edge.yaml");
        fs::write(&file, YAML).expect("written");
        let config = Config::load(&file).expect("no mistakes");
        let (clock, metrics) = (Arc::<HandClock>::default(), Arc::new(Metrics::new()));
        clock.0.store(NOW_SECONDS, Ordering::Relaxed);
        let fleet = &config.fleets[0].decider;
        let decider = Decider::new(fleet.clone(), Arc::new(SystemResolver), &metrics);
        let service = Service {
            deciders: vec![(fleet.fleet.clone(), decider)],
            listen: Front::of(&config.listen, &config.fleets),
            json: config.json.as_ref().map(|json| Front::of(json, &config.fleets)),
            threads: SigningThreads::start().expect("threads"),
            clock: clock.clone(),
            metrics: Arc::clone(&metrics),
        };
        service.put(&config);
        Self { directory, reload: Reload::new(config, service, clock.clone(), metrics), clock }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) {
        fs::write(self.path(name), contents).expect("written");
    }

    fn certify(&self) {
        certify(&self.directory, "edge");
    }

    async fn look(&mut self) {
        self.reload.look(false).await;
    }

    async fn look_now(&mut self) {
        self.reload.look(true).await;
    }

    /// The sub-paths in force.
    fn paths(&self) -> Vec<&str> {
        self.reload.in_force.fleets[0].paths.iter().map(|path| path.sub_path.as_str()).collect()
    }

    /// How many configurations were taken, refused, and found to need a restart; and whether one is waiting.
    fn counted(&self) -> [u64; 4] {
        let text = self.reload.metrics.encode();
        let line = |name: &str| {
            let value =
                text.lines().find_map(|line| line.strip_prefix(&format!("countersign_edge_config_{name} ")));
            value.map_or(0, |value| value.parse().expect("a number"))
        };
        let reloads = ["taken", "refused", "restart"]
            .map(|outcome| line(&format!("reloads_total{{outcome=\"{outcome}\"}}")));
        [reloads[0], reloads[1], reloads[2], line("pending")]
    }
}

fn certify(directory: &TempDir, name: &str) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(directory.path().join(format!("{name}.crt")), made.cert.pem()).expect("written");
    fs::write(directory.path().join(format!("{name}.key")), made.signing_key.serialize_pem())
        .expect("written");
}

#[tokio::test]
async fn a_change_counts_once_it_stood_still() {
    let mut bench = Bench::new();
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec![""], [0, 0, 0, 0]));
    bench.write("edge.yaml", &format!("{YAML}{SECOND_PATH}"));
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec![""], [0, 0, 0, 0]));
    // One more than otherwise: the second path's reply key was not looked at before.
    bench.look().await;
    assert_eq!(bench.paths(), [""]);
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec!["", "/b"], [1, 0, 0, 0]));
    bench.look().await;
    bench.write("edge.yaml", YAML);
    bench.look().await;
    assert_eq!(bench.paths(), ["", "/b"]);
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec![""], [2, 0, 0, 0]));
}

#[tokio::test]
async fn who_says_that_the_files_are_whole_does_not_wait() {
    let mut bench = Bench::new();
    bench.write("edge.yaml", &format!("{YAML}{SECOND_PATH}"));
    bench.look_now().await;
    assert_eq!((bench.paths(), bench.counted()), (vec!["", "/b"], [1, 0, 0, 0]));
    bench.look_now().await;
    assert_eq!(bench.counted(), [1, 0, 0, 0]);
}

/// A certificate and its key are two files: between the two they do not fit.
#[tokio::test]
async fn files_that_are_being_replaced_are_no_mistake() {
    let mut bench = Bench::new();
    let before = bench.reload.in_force.listen.tls.certificate().clone();
    let old_key = fs::read_to_string(bench.path("edge.key")).expect("read");
    bench.certify();
    let new_key = fs::read_to_string(bench.path("edge.key")).expect("read");
    bench.write("edge.key", &old_key);
    bench.look().await;
    bench.write("edge.key", &new_key);
    bench.look().await;
    assert_eq!(bench.counted(), [0, 0, 0, 0]);
    bench.look().await;
    assert_eq!(bench.counted(), [1, 0, 0, 0]);
    assert_ne!(*bench.reload.in_force.listen.tls.certificate(), before);
}

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

/// Also when nothing changes: a certificate ends by itself.
#[tokio::test]
async fn warnings_are_repeated_once_a_day() {
    let mut bench = Bench::new();
    let mut due_after = |seconds: u64| {
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
        let text = bench.reload.metrics.encode();
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
    let warnings = bench.reload.in_force.all_warnings(NOW_SECONDS);
    let warnings: Vec<_> =
        warnings.iter().map(Mistake::to_string).filter(|told| told.contains("expires")).collect();
    let warnings = warnings.join("\n").replace(&format!("{}/", bench.directory.path().display()), "");
    insta::assert_snapshot!(warnings, @"edge.yaml: listen.certificate: expires in 12 days (2026-12-04T00:00:00Z): renew it, with the same key");
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
    bench.reload.service.json = config.json.as_ref().map(|json| Front::of(json, &config.fleets));
    bench.reload.in_force = config;
    let before = bench.reload.in_force.clone();
    bench.certify();
    bench.write("edge.yaml", &json("k", "10.0.0.0/8"));
    bench.look_now().await;
    assert_eq!(bench.counted(), [1, 0, 1, 0]);
    insta::assert_snapshot!(changes::between(&before, &bench.reload.in_force).join("\n"), @r#"
    json path "": another tenant
    listen: another certificate
    json.listen: another certificate
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
    bench.reload.service.json = config.json.as_ref().map(|json| Front::of(json, &config.fleets));
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
    listen: another certificate
    listen: other limits
    "#);
}

fn key_of(config: &Config) -> String {
    crate::fingerprint::fingerprint(
        config.fleets[0].paths[0].mode.keys().expect("keys").cosigner_keys[0].public_key(),
    )
}
