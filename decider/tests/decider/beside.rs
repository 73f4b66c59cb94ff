//! Configurations of several deciders that are checked together.

use insta::assert_snapshot;

use crate::program::output;
use crate::support::{CONFIG, Files};

/// A decider with these tenants granted and listed, over this store.
fn config(granted: &str, listed: &str, store: &str) -> String {
    CONFIG.replace("[default]", granted).replace("store: memory", &format!("store: {store}")) + listed
}

fn postgres(hosts: &str, database: &str) -> String {
    format!("{{postgres: {{url: \"postgres://decider@{hosts}/{database}?sslmode=disable\"}}}}")
}

/// Checks `decider.yaml` beside `b.yaml` and what else there is.
fn checked(configs: &[(&str, String)]) -> String {
    let files = Files::new();
    let mut arguments = vec!["check", "--config", "decider.yaml", "--beside"];
    for (name, text) in configs {
        files.write(name, text);
    }
    arguments.extend(configs.iter().map(|(name, _)| *name).filter(|name| *name != "decider.yaml"));
    let (code, _, err) = output(&files, &arguments);
    assert_eq!(code == 0, err.is_empty(), "{code} {err}");
    err
}

fn of_two(one: String, other: String) -> String {
    checked(&[("decider.yaml", one), ("b.yaml", other)])
}

#[test]
fn fleets_with_tenants_of_their_own_fit_together() {
    let (one, other) = (postgres("a,b", "ledger"), postgres("c,d", "ledger"));
    let first = || config("[default, acme]", "tenants: [default, acme]\n", &one);
    for (what, second) in [
        (
            "another decider of the ledger",
            config("all", "tenants: [acme, default]\n", &postgres("b", "ledger")),
        ),
        ("the same by its grants", config("[default, acme]", "", &one)),
        ("another ledger", config("[payroll]", "tenants: [payroll]\n", &other)),
        ("another ledger by its grants", config("[payroll]", "", "memory")),
        (
            "who may only read there is not decided for",
            config("[payroll]", "  - {dns: auditor, tenants: [default], verbs: [read]}\n", &other),
        ),
    ] {
        assert_eq!(of_two(first(), second), "", "{what}");
    }
    let open = config("all", "", &one);
    assert_eq!(of_two(open.clone(), open), "", "one ledger for everybody");
    let files = Files::new();
    let (code, _, _) = output(&files, &["check", "--config", "decider.yaml", "--beside", "decider.yaml"]);
    assert_eq!(code, 0, "one that is given twice is one");
}

#[test]
fn a_tenant_with_two_ledgers_is_told_where_it_is_the_second_time() {
    let listed = |store: &str| config("all", "tenants: [default, acme, payroll]\n", store);
    assert_snapshot!(of_two(listed(&postgres("a", "one")), listed(&postgres("a", "two"))), @"
    b.yaml:16:10: decider.yaml has another ledger, and in it the same tenants (acme, default, payroll): they would have room for each limit twice. Take them out of one of the two
    16 | tenants: [default, acme, payroll]
       |          ^
    decider: 1 mistake
    ");
    assert_snapshot!(of_two(listed("{sqlite: a.db}"), config("[acme]", "", "{sqlite: a.db}")), @"
    b.yaml:13:3: decider.yaml has another ledger, and in it the same tenants (acme): they would have room for each limit twice. Take them out of one of the two
    13 |   - spiffe: spiffe://example.org/client
       |   ^
    decider: 1 mistake
    ");
    let many = (0..9).map(|number| format!("t{number}")).collect::<Vec<_>>().join(", ");
    let many = |store| config("all", &format!("tenants: [{many}]\n"), store);
    assert_snapshot!(of_two(many("memory"), many("memory")), @"
    b.yaml:16:10: decider.yaml has another ledger, and in it the same tenants (t0, t1, t2, t3, t4 and 4 more): they would have room for each limit twice. Take them out of one of the two
    16 | tenants: [t0, t1, t2, t3, t4, t5, t6, t7, t8]
       |          ^
    decider: 1 mistake
    ");
}

#[test]
fn a_ledger_for_everybody_cannot_stand_beside_another_one() {
    let open = |database| config("all", "", &postgres("a", database));
    assert_snapshot!(of_two(open("one"), open("two")), @"
    decider.yaml:13:3: every tenant is let in here, and b.yaml has another ledger: say in tenants whose this one is
    13 |   - spiffe: spiffe://example.org/client
       |   ^
    b.yaml:13:3: every tenant is let in here, and decider.yaml has another ledger: say in tenants whose this one is
    13 |   - spiffe: spiffe://example.org/client
       |   ^
    decider: 2 mistakes
    ");
    let listed = config("all", "tenants: [acme]\n", &postgres("a", "two"));
    assert_snapshot!(of_two(open("one"), listed), @"
    decider.yaml:13:3: every tenant is let in here, and b.yaml has another ledger: say in tenants whose this one is
    13 |   - spiffe: spiffe://example.org/client
       |   ^
    decider: 1 mistake
    ");
}

#[test]
fn deciders_of_one_ledger_need_the_same_tenants() {
    let listed = |tenants: &str| config("all", tenants, &postgres("a", "one"));
    assert_snapshot!(of_two(listed("tenants: [acme, default]\n"), listed("tenants: [default, payroll]\n")), @"
    b.yaml:16:10: decider.yaml has the same ledger and other tenants (acme, payroll): one would refuse what the other decides. Give all deciders of a ledger the same
    16 | tenants: [default, payroll]
       |          ^
    decider: 1 mistake
    ");
    assert_snapshot!(of_two(listed("tenants: [acme]\n"), listed("")), @"
    b.yaml:13:3: decider.yaml has the same ledger and other tenants (one of them has all): one would refuse what the other decides. Give all deciders of a ledger the same
    13 |   - spiffe: spiffe://example.org/client
       |   ^
    decider: 1 mistake
    ");
}

/// Whoever prunes does it for all of them, and one that lets durability be answers with what the others would not.
#[test]
fn deciders_of_one_ledger_need_the_same_settings_of_it() {
    let of = |settings: &str, retention: &str| {
        let url = "postgres://decider@a/one?sslmode=disable";
        config("[acme]", "", &format!("{{postgres: {{url: \"{url}\"{settings}}}{retention}}}"))
    };
    let usual = || of("", "");
    assert_eq!(
        of_two(usual(), of(", durability: require, synchronous_standby: required", ", retention: 30d")),
        ""
    );
    assert_eq!(of_two(of("", ", retention: 60d"), of("", ", retention: 1440h")), "");
    assert_snapshot!(of_two(of("", ", retention: 400d"), usual()), @r#"
    b.yaml:11:8: retention is 30d here, and 400d in decider.yaml, which has the same ledger: whichever prunes does it for all of them, so the shortest counts. Give all deciders of a ledger the same
    11 | store: {postgres: {url: "postgres://decider@a/one?sslmode=disable"}}
       |        ^
    decider: 1 mistake
    "#);
    assert_snapshot!(of_two(usual(), of(", durability: warn, synchronous_standby: optional", ", retention: forever")), @r#"
    b.yaml:11:81: durability is warn here, and require in decider.yaml, which has the same ledger: one would answer from what the other does not take for durable. Give all deciders of a ledger the same
    11 | …rl: "postgres://decider@a/one?sslmode=disable", durability: warn, synchronous_standby: optional}, retention: forever}
       |                                                              ^
    b.yaml:11:108: synchronous_standby is optional here, and required in decider.yaml, which has the same ledger: one would answer from what the other does not take for durable. Give all deciders of a ledger the same
    11 | …ne?sslmode=disable", durability: warn, synchronous_standby: optional}, retention: forever}
       |                                                              ^
    b.yaml:11:130: retention is forever here, and 30d in decider.yaml, which has the same ledger: whichever prunes does it for all of them, so the shortest counts. Give all deciders of a ledger the same
    11 | …urability: warn, synchronous_standby: optional}, retention: forever}
       |                                                              ^
    decider: 3 mistakes
    "#);
}

#[test]
fn what_is_wrong_in_any_of_them_is_told_at_once_and_each_pair_is_looked_at() {
    let listed = |tenants: &str, store: &str| config("all", tenants, store);
    let told = checked(&[
        ("decider.yaml", listed("tenants: [acme]\npolice: x\n", "memory")),
        ("b.yaml", listed("tenants: [acme]\n", "nowhere")),
        ("c.yaml", listed("tenants: [payroll]\n", "memory")),
        ("d.yaml", listed("tenants: [payroll]\n", "memory")),
    ]);
    assert_snapshot!(told, @"
    decider.yaml:17:1: unknown field police: did you mean policy?
    17 | police: x
       | ^
    b.yaml:11:8: store is memory, sqlite with the path of a file, or postgres with the url of a database
    11 | store: nowhere
       |        ^
    d.yaml:16:10: c.yaml has another ledger, and in it the same tenants (payroll): they would have room for each limit twice. Take them out of one of the two
    16 | tenants: [payroll]
       |          ^
    decider: 3 mistakes
    ");
    assert_snapshot!(checked(&[("decider.yaml", CONFIG.to_owned()), ("b.yaml", "{".to_owned())]), @"
    b.yaml:1:1: unclosed bracket '{'
    1 | {
      | ^
    decider: 1 mistake
    ");
    let files = Files::new();
    let (code, _, err) = output(&files, &["check", "--config", "decider.yaml", "--beside", "nowhere.yaml"]);
    assert_eq!(code, 78);
    assert_snapshot!(err, @"
    nowhere.yaml: the file cannot be read: No such file or directory (os error 2)
    decider: 1 mistake
    ");
}

/// `--beside d1/*.yaml` names it, too.
#[test]
fn a_configuration_is_not_compared_with_itself_however_it_is_called() {
    let files = Files::new();
    files.write("decider.yaml", &config("[default]", "tenants: [default]\n", "{sqlite: a.db}"));
    let (code, _, err) = output(&files, &["check", "--config", "./decider.yaml", "--beside", "decider.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
}
