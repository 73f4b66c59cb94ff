use std::fs;
use std::path::Path;
use std::time::Duration;

use decider::config::access::find;
use decider::grants::Tenants;
use decider::store::Retention;
use decider::{config, store};
use insta::assert_snapshot;

use crate::support::{CONFIG, Files, create_certificates};

fn mistakes(files: &Files) -> String {
    let read = config::load(&files.path("decider.yaml"));
    let mistakes = read.map(|_| Vec::new()).unwrap_or_else(|mistakes| {
        mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect()
    });
    files.neutral(&mistakes.join("\n"))
}

fn mistakes_of(text: &str) -> String {
    let files = Files::new();
    files.write("decider.yaml", text);
    mistakes(&files)
}

#[test]
fn what_is_right_is_read() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: data/decider.db}"));
    let config = config::load(&files.path("decider.yaml")).unwrap();
    assert_eq!(config.store, store::Config::Sqlite(files.path("data/decider.db")));
    assert_eq!(config.grpc.drain_timeout.as_secs(), 5);
    assert_eq!(config.policy.summary.allow, ["sweep"]);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let files = Files::new();
    files.write("policy.yaml", "version: 1\nasets: {}\n");
    files.write("tls/decider.key", "nonsense");
    files.write(
        "decider.yaml",
        "listen:
  adress: 127.0.0.1:0
  certificate: tls/none.crt
  private_key: tls/decider.key
  client_ca: tls/decider.key
  drain_timeout: 5
admin:
  address: localhost
policy: policy.yaml
store: postgres
",
    );
    assert_snapshot!(mistakes(&files), @r#"
    DIR/decider.yaml:1:1: grants is missing: it says who may ask, such as grants: [{spiffe: "spiffe://example.org/edge", tenants: [default], verbs: [decide, read]}]
    DIR/decider.yaml:2:3: unknown field adress: did you mean address?
    DIR/decider.yaml:3:16: DIR/tls/none.crt: cannot be read: No such file or directory (os error 2)
    DIR/decider.yaml:4:16: DIR/tls/decider.key: holds no private key in PEM form
    DIR/decider.yaml:5:14: DIR/tls/decider.key: holds no certificate in PEM form
    DIR/decider.yaml:6:18: a length of time has a unit: write 5s, 5m, 5h or 5d
    DIR/decider.yaml:8:12: expected an IP address and a port, such as 127.0.0.1:50051
    DIR/decider.yaml:10:8: store is memory, sqlite with the path of a file, or postgres with the url of a database
    DIR/policy.yaml:1:1: allow is missing
    DIR/policy.yaml:2:1: unknown field asets: did you mean assets?
    "#);
}

#[test]
fn a_key_belongs_to_its_certificate() {
    assert_snapshot!(mistakes_of(&CONFIG.replace("tls/decider.key", "tls/client.key")), @"DIR/decider.yaml:4:16: DIR/tls/client.key: is not the key of the certificate");
}

/// Without extensions, as `openssl x509 -req` makes them where it is told of none.
const OF_VERSION_1: &str = "-----BEGIN CERTIFICATE-----
MIIBJDCBywIUUoipC7udesqHf9J7/s49Y8rfYXEwCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA0MjQ0OFoYDzIxMjYxMDMwMDQyNDQ4
WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAShgrFKjXPjm1cBj0xUKaUqZn9ezqm/2pmGn6j3lCCmk4xdY6jP0hIOkNG75Rfw
21aOfHw+FvTdPZ1drC0hdbiUMAoGCCqGSM49BAMCA0gAMEUCIQCTeqbzafHoTEye
M022e1qTrq982AWznnB7O6QRVgW/2AIgQkNnBTtFwXNE+qk1R7YNhRGjkd5tf+xY
2Me4qErFZG8=
-----END CERTIFICATE-----
";

#[test]
fn a_certificate_of_version_1_is_told_where_the_certificate_is() {
    let files = Files::new();
    files.write("tls/decider.crt", OF_VERSION_1);
    assert_snapshot!(mistakes(&files), @"DIR/decider.yaml:3:16: DIR/tls/decider.crt: this certificate cannot be used: UnsupportedCertVersion. It has to be of X.509 version 3 (`openssl x509 -noout -text` shows which it is of): have it issued anew, with its names as subject alternative names");
}

#[test]
fn an_authority_is_a_certificate() {
    assert_snapshot!(mistakes_of(&CONFIG.replace("tls/ca.pem", "tls/client.key")), @"DIR/decider.yaml:5:14: DIR/tls/client.key: holds no certificate in PEM form");
}

#[test]
fn nothing_is_guessed() {
    assert_snapshot!(mistakes_of(""), @"DIR/decider.yaml:1:1: the configuration is empty: it needs listen, grants, admin, policy and store");
    assert_snapshot!(mistakes_of("listen: 50051"), @r#"
    DIR/decider.yaml:1:1: grants is missing: it says who may ask, such as grants: [{spiffe: "spiffe://example.org/edge", tenants: [default], verbs: [decide, read]}]
    DIR/decider.yaml:1:1: admin is missing
    DIR/decider.yaml:1:1: policy is missing
    DIR/decider.yaml:1:1: store is missing
    DIR/decider.yaml:1:9: listen must be a mapping, not a whole number
    "#);
    assert_snapshot!(mistakes_of(&CONFIG.replace("store: memory", "store: {sqlit: x}")), @"
    DIR/decider.yaml:11:8: store has one of sqlite and postgres
    DIR/decider.yaml:11:9: unknown field sqlit: did you mean sqlite?
    ");
    let same = CONFIG.replace("127.0.0.1:0", "127.0.0.1:50051");
    assert_snapshot!(mistakes_of(&same), @"DIR/decider.yaml:9:12: listen and admin have the same address");
}

#[test]
fn what_decisions_came_out_of_is_kept_for_30_days_or_longer() {
    for (said, retention) in [
        ("", Retention::For(Duration::from_secs(30 * 86_400))),
        ("retention: 30d", Retention::For(Duration::from_secs(30 * 86_400))),
        ("retention: 365d", Retention::For(Duration::from_secs(365 * 86_400))),
        ("retention: forever", Retention::Forever),
    ] {
        let files = Files::new();
        let store = format!("store:\n  sqlite: decider.db\n  {said}");
        files.write("decider.yaml", &CONFIG.replace("store: memory", &store));
        let config =
            config::load(&files.path("decider.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(config.retention, retention, "{said}");
    }
    let wrong = |said: &str| {
        mistakes_of(&CONFIG.replace("store: memory", &format!("store:\n  sqlite: decider.db\n  {said}")))
    };
    for said in ["retention: 29d", "retention: 0s", "retention: never", "retention: 30 days"] {
        insta::allow_duplicates! {
            assert_snapshot!(wrong(said), @"DIR/decider.yaml:13:14: retention is how long the requests of decisions are kept: at least 30d, or forever");
        }
    }
    assert_snapshot!(wrong("retention: 30"), @"DIR/decider.yaml:13:14: retention has a unit: write 30s, 30m, 30h or 30d");
    assert_snapshot!(wrong("retentoin: 30d"), @"DIR/decider.yaml:13:3: unknown field retentoin: did you mean retention?");
}

fn with_store(store: &str) -> String {
    mistakes_of(&CONFIG.replace("store: memory", &format!("store:\n  postgres:\n{store}")))
}

#[test]
fn a_shared_ledger_is_read_with_what_it_asks_of_its_server() {
    let files = Files::new();
    let store = "store:
  postgres:
    url: postgres://decider@db.internal/countersign
    password_file: tls/client.key
    ca: tls/ca.pem
    durability: warn
    synchronous_standby: optional
";
    files.write("decider.yaml", &CONFIG.replace("store: memory", store));
    let config = config::load(&files.path("decider.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let store::Config::Postgres(postgres) = config.store else { panic!("{:?}", config.store) };
    assert_eq!(postgres.password_file, Some(files.path("tls/client.key")));
    assert_eq!(postgres.authority, Some(files.path("tls/ca.pem")));
    assert_eq!(postgres.durability, store::postgres::config::Durability::Warn);
    assert_eq!(postgres.synchronous_standby, store::postgres::config::Standby::Optional);
}

#[test]
fn what_is_wrong_with_a_shared_ledger_has_its_place() {
    assert_snapshot!(with_store("    url: db\n    password: secret\n    ca: tls/none.pem\n    durability: on"), @"
    DIR/decider.yaml:13:10: expected a URL such as postgres://decider@db.internal:5432/countersign: invalid connection string: unexpected EOF
    DIR/decider.yaml:14:5: unknown field password: did you mean password_file?
    DIR/decider.yaml:15:9: DIR/tls/none.pem: I/O error: No such file or directory (os error 2)
    DIR/decider.yaml:16:17: durability is require or warn
    ");
    assert_snapshot!(with_store("    url: postgres://decider@db/countersign\n    synchronous_standby: none"), @"
    DIR/decider.yaml:13:10: the connection would not be encrypted: name the authority of the server's certificate in ca, or say ?sslmode=disable in the URL if the network is safe
    DIR/decider.yaml:14:26: synchronous_standby is required or optional
    ");
    assert_snapshot!(with_store("    url: postgres://decider@db/countersign\n    ca: tls/none.pem"), @"DIR/decider.yaml:14:9: DIR/tls/none.pem: I/O error: No such file or directory (os error 2)");
    assert_snapshot!(with_store("    url: postgres://decider:x@localhost/countersign"), @"DIR/decider.yaml:13:10: the URL has a password in it: put that into a file, and name it in password_file");
    assert_snapshot!(with_store("    durability: require\n    password_file: none"), @"
    DIR/decider.yaml:13:5: url is missing
    DIR/decider.yaml:14:20: DIR/none: cannot be read: No such file or directory (os error 2)
    ");
}

/// The samples that operators start from, with certificates where they name them.
#[test]
fn the_sample_configuration_is_right() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/decider");
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("tls")).unwrap();
    fs::create_dir(path("policy")).unwrap();
    create_certificates(&path("tls"));
    for name in ["decider.yaml", "decider-postgres.yaml", "policy/policy.yaml"] {
        fs::copy(samples.join(name), path(name)).unwrap();
    }
    for name in ["decider.yaml", "decider-postgres.yaml"] {
        let text = fs::read_to_string(path(name)).unwrap();
        fs::write(path("password"), "x").unwrap();
        fs::write(path(name), text.replace("/run/secrets/decider-database", "password")).unwrap();
        let config = config::load(&path(name)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert!(!config.policy.summary.limits.is_empty());
    }
}

fn with_grants(grants: &str) -> String {
    let (config, _) = CONFIG.split_once("grants:").unwrap();
    mistakes_of(&format!("{config}{grants}"))
}

#[test]
fn a_configuration_says_who_may_ask() {
    assert_snapshot!(with_grants(""), @r#"DIR/decider.yaml:1:1: grants is missing: it says who may ask, such as grants: [{spiffe: "spiffe://example.org/edge", tenants: [default], verbs: [decide, read]}]"#);
    assert_snapshot!(with_grants("grants: []"), @r#"DIR/decider.yaml:12:9: grants is empty, and nobody could ask: write one, such as grants: [{spiffe: "spiffe://example.org/edge", tenants: [default], verbs: [decide, read]}]"#);
    assert_snapshot!(with_grants("grants:\n"), @"DIR/decider.yaml:12:7: grants has no value: give it one, or leave the field out");
}

#[test]
fn every_mistake_of_the_grants_is_told_with_its_place() {
    assert_snapshot!(with_grants("grants:
  - {spiffe: example.org/edge, tenants: [default], verbs: [decide]}
  - {spiffe: spiffe://example.org/edge, dns: edge.internal, tenants: [default], verbs: [decide]}
  - {tenants: [], verbs: []}
  - {dns: \"*.internal\", tenants: everybody, verbs: [decyde, sign]}
  - {dns: 10.0.0.1, tenants: [Default, all], verbs: decide}
  - {dns: edge.internal, tenants: [a, a], verbs: [read, read]}
  - {dns: Edge.Internal, tenants: all, verbs: [administer]}
  - {subject: \"CN=edge, O=Example\", tenants: all, verbs: [read], note: x}
  - {identity: edge, tenants: all}
"), @r#"
    DIR/decider.yaml:13:14: expected spiffe://, a trust domain, and a path, such as spiffe://example.org/edge
    DIR/decider.yaml:14:5: a grant has one of spiffe, dns and subject: whom it is for
    DIR/decider.yaml:15:5: a grant has one of spiffe, dns and subject: whom it is for
    DIR/decider.yaml:15:15: tenants is empty, which would grant nothing: leave the entry out
    DIR/decider.yaml:15:26: verbs is empty, which would grant nothing: leave the entry out
    DIR/decider.yaml:16:11: a wildcard names nobody: write the whole host name, such as edge.internal
    DIR/decider.yaml:16:34: tenants is a list of names, such as [default], or all
    DIR/decider.yaml:16:53: unknown verb decyde: did you mean decide?
    DIR/decider.yaml:16:61: unknown verb sign: expected decide, read or administer
    DIR/decider.yaml:17:11: an IP address is no host name: write one, such as edge.internal
    DIR/decider.yaml:17:31: Default is not a valid tenant: use 1 to 64 characters a-z, 0-9, "-" and "_"
    DIR/decider.yaml:17:40: for all tenants write tenants: all, without a list
    DIR/decider.yaml:17:53: verbs must be a list, not text
    DIR/decider.yaml:18:39: this is there twice
    DIR/decider.yaml:18:57: this is there twice
    DIR/decider.yaml:19:5: dns:edge.internal is there twice: first in line 18; make one entry of them
    DIR/decider.yaml:20:15: there are no blanks around commas, "+" and "="; a subject is written like "CN=edge,O=Example"
    DIR/decider.yaml:20:66: unknown field note: expected spiffe, dns, subject, tenants or verbs
    DIR/decider.yaml:21:5: a grant has one of spiffe, dns and subject: whom it is for
    DIR/decider.yaml:21:5: verbs is missing
    DIR/decider.yaml:21:6: unknown field identity: expected spiffe, dns, subject, tenants or verbs
    "#);
}

#[test]
fn what_is_wrong_with_the_tenants_has_its_place() {
    let told = |tenants: &str| mistakes_of(&format!("{CONFIG}tenants: {tenants}\n"));
    assert_snapshot!(told("[payroll, defaults]"), @"DIR/decider.yaml:14:15: default is not among this decider's tenants, so it could never ask; did you mean defaults?");
    assert_snapshot!(told("[payroll]"), @"DIR/decider.yaml:14:15: default is not among this decider's tenants, so it could never ask");
    assert_snapshot!(told("[]"), @"DIR/decider.yaml:16:10: tenants is empty, and nobody would be decided for: leave it out for all that grants let in");
    assert_snapshot!(told("all"), @"DIR/decider.yaml:16:10: tenants must be a list, not text");
    assert_snapshot!(told("[default, all, Default, default]"), @r#"
    DIR/decider.yaml:16:20: for all that grants let in leave tenants out
    DIR/decider.yaml:16:25: Default is not a valid tenant: use 1 to 64 characters a-z, 0-9, "-" and "_"
    DIR/decider.yaml:16:34: this is there twice
    "#);
}

#[test]
fn the_tenants_of_a_decider_are_read() {
    let files = Files::new();
    let tenants = || config::load(&files.path("decider.yaml")).unwrap().grpc.tenants;
    assert_eq!(tenants(), Tenants::All);
    files.write("decider.yaml", &format!("{CONFIG}tenants: [default, payroll]\n"));
    let these = ["default", "payroll"].map(str::to_owned);
    assert_eq!(tenants(), Tenants::These(these.into()));
}

#[test]
fn a_connection_lives_for_a_while() {
    let config = |age: &str| CONFIG.replace("drain_notice: 0s", &format!("connection_age: {age}"));
    let files = Files::new();
    assert_eq!(config::load(&files.path("decider.yaml")).unwrap().grpc.connection_age.as_secs(), 1800);
    files.write("decider.yaml", &config("5m"));
    assert_eq!(config::load(&files.path("decider.yaml")).unwrap().grpc.connection_age.as_secs(), 300);
    assert_snapshot!(mistakes_of(&config("0s")), @"DIR/decider.yaml:6:19: connection_age is after how long a client connects anew: at least 1s");
    assert_snapshot!(mistakes_of(&config("5")), @"DIR/decider.yaml:6:19: a length of time has a unit: write 5s, 5m, 5h or 5d");
    assert_snapshot!(mistakes_of(&config("999ms")), @"DIR/decider.yaml:6:19: connection_age is after how long a client connects anew: at least 1s");
    assert_snapshot!(mistakes_of(&config("5us")), @"DIR/decider.yaml:6:19: expected a whole number and a unit: 250ms, 30s, 15m, 24h or 7d");
}

#[test]
fn milliseconds_are_taken_where_they_are_enough() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("drain_notice: 0s", "drain_notice: 250ms"));
    let drain_notice = config::load(&files.path("decider.yaml")).unwrap().grpc.drain_notice;
    assert_eq!(drain_notice.as_millis(), 250);
    let too_often = format!("{CONFIG}reload: 999ms\n");
    assert!(mistakes_of(&too_often).ends_with("reload is how often the policy is looked at: at least 1s"));
}

/// What counts without a restart is found again; what else changed is known.
#[test]
fn grants_and_certificates_are_found_again() {
    let files = Files::new();
    let load = || config::load(&files.path("decider.yaml")).unwrap();
    let (sources, before) = (load().sources, load().access);
    let look = || find(&sources).unwrap_or_else(|error| panic!("{error}"));
    let same = look();
    assert_eq!(
        (&same.rest, &same.access.grants, same.access.tls.digest),
        (&sources.rest, &before.grants, before.tls.digest)
    );

    files.write("decider.yaml", &CONFIG.replace("[default]", "all"));
    assert_eq!(look().rest, sources.rest, "grants alone are no reason for a restart");
    assert_ne!(look().access.grants, before.grants);
    files.write("decider.yaml", &CONFIG.replace("drain_timeout: 5s", "drain_timeout: 6s"));
    assert_eq!(look().rest.names_of_changes(&sources.rest), ["listen.drain_timeout"]);
    assert_eq!(look().access.grants, before.grants);

    files.write("tls/ca.pem", "nonsense");
    files.write("tls/decider.key", "nonsense");
    let refused = find(&sources).unwrap_err().to_string();
    assert_snapshot!(files.neutral(&refused), @"
    DIR/tls/decider.key: holds no private key in PEM form
    DIR/tls/ca.pem: holds no certificate in PEM form
    ");
    files.write("decider.yaml", &CONFIG.replace("[decide, read]", "[decide, reed]"));
    let refused = find(&sources).unwrap_err().to_string();
    assert_snapshot!(files.neutral(&refused), @"
    DIR/decider.yaml:15:21: unknown verb reed: did you mean read?
    15 |     verbs: [decide, reed]
       |                     ^
    ");
}
