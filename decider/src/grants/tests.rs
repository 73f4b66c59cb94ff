use proptest::prelude::*;
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

use super::certificate::{expiry, identities};
use super::*;

fn grant(tenants: Tenants, verbs: &[Verb]) -> Grant {
    Grant { tenants, verbs: verbs.iter().copied().collect() }
}

fn these(names: &[&str]) -> Tenants {
    Tenants::These(names.iter().map(|name| (*name).to_owned()).collect())
}

fn dns(name: &str) -> Identity {
    Identity::dns(name).unwrap()
}

#[test]
fn one_grant_must_cover_tenant_and_verb() {
    let grants = Grants::new(BTreeMap::from([
        (dns("a.x"), grant(these(&["red"]), &[Verb::Decide])),
        (dns("b.x"), grant(these(&["blue"]), &[Verb::Read])),
        (dns("c.x"), grant(Tenants::All, &[Verb::Read])),
    ]));
    let table = [
        (vec!["a.x"], "red", Verb::Decide, Ok(())),
        (vec!["a.x"], "red", Verb::Read, Err(Missing::Verb)),
        (vec!["a.x"], "blue", Verb::Decide, Err(Missing::Tenant)),
        // Tenant of the one and verb of the other is nobody's grant.
        (vec!["a.x", "b.x"], "blue", Verb::Decide, Err(Missing::Verb)),
        (vec!["b.x", "a.x"], "red", Verb::Read, Err(Missing::Verb)),
        (vec!["a.x", "b.x"], "blue", Verb::Read, Ok(())),
        (vec!["c.x"], "any", Verb::Read, Ok(())),
        (vec!["c.x"], "any", Verb::Administer, Err(Missing::Verb)),
        (vec!["d.x"], "red", Verb::Decide, Err(Missing::Identity)),
    ];
    for (names, tenant, verb, wanted) in table {
        let caller: Vec<Identity> = names.iter().map(|name| dns(name)).collect();
        assert_eq!(grants.permit(&caller, tenant, verb), wanted, "{names:?} {tenant} {verb:?}");
    }
    assert_eq!(grants.permit(&[], "red", Verb::Decide), Err(Missing::Identity));
    assert_eq!(Grants::default().permit(&[dns("a.x")], "red", Verb::Decide), Err(Missing::Identity));
}

const VERBS: [Verb; 3] = [Verb::Decide, Verb::Read, Verb::Administer];
const NAMES: [&str; 4] = ["a.x", "b.x", "c.x", "d.x"];

fn any_grants() -> impl Strategy<Value = BTreeMap<Identity, Grant>> {
    let tenants = prop_oneof![
        Just(Tenants::All),
        prop::collection::btree_set(prop::sample::select(vec!["t".to_owned(), "u".to_owned()]), 0..3)
            .prop_map(Tenants::These),
    ];
    let verbs = prop::collection::btree_set(prop::sample::select(VERBS.to_vec()), 0..3);
    let grant = (tenants, verbs).prop_map(|(tenants, verbs)| Grant { tenants, verbs });
    prop::collection::btree_map(prop::sample::select(NAMES.to_vec()).prop_map(dns), grant, 0..4)
}

proptest! {
    /// Said the long way round: some name has a grant with both.
    #[test]
    fn granted_is_what_one_grant_of_one_name_says(
        grants in any_grants(),
        caller in prop::collection::vec(prop::sample::select(NAMES.to_vec()).prop_map(dns), 0..4),
        tenant in prop::sample::select(vec!["t", "u", "v"]),
        verb in prop::sample::select(VERBS.to_vec()),
    ) {
        let wanted = grants.iter().any(|(identity, grant)| {
            let tenants = match &grant.tenants {
                Tenants::All => true,
                Tenants::These(names) => names.iter().any(|name| name == tenant),
            };
            caller.contains(identity) && tenants && grant.verbs.iter().any(|each| *each == verb)
        });
        let grants = Grants::new(grants);
        prop_assert_eq!(grants.permit(&caller, tenant, verb).is_ok(), wanted);
        // The order of names says nothing, and a name less grants nothing more.
        let turned: Vec<Identity> = caller.iter().rev().cloned().collect();
        prop_assert_eq!(grants.permit(&turned, tenant, verb), grants.permit(&caller, tenant, verb));
        if let Some((_, fewer)) = caller.split_first() {
            prop_assert!(wanted || grants.permit(fewer, tenant, verb).is_err());
        }
    }

    #[test]
    fn a_subject_is_read_as_it_is_shown(
        parts in prop::collection::vec(prop::collection::vec(("CN|O|UID|1\\.2\\.3", "\\PC{1,8}|[ #,+=\\\\\"<>;a\n]{1,6}"), 1..3), 1..4),
    ) {
        let part = |attributes: Vec<(String, String)>| -> subject::SubjectPart {
            let id = |name: &str| match name { "CN" => "2.5.4.3", "O" => "2.5.4.10", "UID" => "0.9.2342.19200300.100.1.1", other => other }.to_owned();
            attributes.into_iter().map(|(name, value)| (id(&name), value)).collect()
        };
        let subject = subject::Subject::of_certificate(parts.into_iter().map(part).collect()).unwrap();
        prop_assert_eq!(subject::Subject::parse(&subject.to_string()), Ok(subject));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}|[CNO=,+\\\\ a#0-9]{0,20}") {
        let _ = (Identity::spiffe(&text), Identity::dns(&text), Identity::subject(&text));
    }

    #[test]
    fn any_bytes_are_somebody_or_nobody(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(identities(&bytes).is_empty());
    }
}

#[test]
fn a_spiffe_id_has_a_trust_domain_and_a_path() {
    for good in ["spiffe://example.org/edge", "spiffe://a_b-c.d/ns/x/sa/Edge.1", "spiffe://1/a"] {
        assert_eq!(Identity::spiffe(good).unwrap().to_string(), good);
    }
    let long = format!("spiffe://a/{}", "p".repeat(2048));
    for bad in [
        "",
        "spiffe://",
        "spiffe://example.org",
        "spiffe://example.org/",
        "spiffe:///edge",
        "SPIFFE://a/b",
        "spiffe://A/b",
        "spiffe://a/b/",
        "spiffe://a//b",
        "spiffe://a/./b",
        "spiffe://a/../b",
        "spiffe://a/%62",
        "spiffe://a:1/b",
        "spiffe://u@a/b",
        "spiffe://a/b?c",
        "spiffe://a/b#c",
        "spiffe://a/b c",
        "https://a/b",
        "spiffe://ä/b",
        &long,
    ] {
        assert!(Identity::spiffe(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_host_name_is_whole() {
    assert_eq!(dns("Edge-1.Internal").to_string(), "dns:edge-1.internal");
    let long = "a".repeat(64);
    for bad in [
        "",
        "*",
        "*.internal",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "a b",
        "a_b",
        "10.0.0.1",
        "ü.de",
        "a/b",
        "::1",
        &long,
    ] {
        assert!(Identity::dns(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_subject_is_read_by_rfc_4514() {
    let told =
        |text: &str| Identity::subject(text).map_or_else(|error| error.to_string(), |read| read.to_string());
    assert_eq!(told("CN=edge,O=Example\\, Inc."), "subject:CN=edge,O=Example\\, Inc.");
    assert_eq!(told("cn=edge,2.5.4.10=Example"), "subject:CN=edge,O=Example", "one type, one spelling");
    assert_eq!(told("CN=L\\C3\\BCbeck"), told("CN=Lübeck"));
    assert_eq!(told("UID=7+CN=edge"), told("CN=edge+UID=7"));
    assert_ne!(told("CN=edge,O=Example"), told("O=Example,CN=edge"));
    assert_ne!(told("CN=edge"), told("CN=Edge"));
    insta::assert_snapshot!(
        ["", "edge", "CN=", "CN=a, O=b", "CN= a", "CN=a ", "CN=#05", "CN=a,", "CN=a+CN=a", "NC=a", "CN=\"a\"", "CN=a\\zz", "CN=\\FF"]
            .map(told)
            .join("\n"),
        @r#"
    expected TYPE=VALUE, found ; a subject is written like "CN=edge,O=Example"
    expected TYPE=VALUE, found edge; a subject is written like "CN=edge,O=Example"
    an attribute has no value; a subject is written like "CN=edge,O=Example"
    there are no blanks around commas, "+" and "="; a subject is written like "CN=edge,O=Example"
    a blank at either end of a value, or # at its start, is written with \ before it; a subject is written like "CN=edge,O=Example"
    a blank at either end of a value, or # at its start, is written with \ before it; a subject is written like "CN=edge,O=Example"
    a blank at either end of a value, or # at its start, is written with \ before it; a subject is written like "CN=edge,O=Example"
    expected TYPE=VALUE, found ; a subject is written like "CN=edge,O=Example"
    the same attribute is there twice between two commas; a subject is written like "CN=edge,O=Example"
    unknown attribute type NC: expected CN, L, ST, O, OU, C, STREET, DC, UID, serialNumber or emailAddress
    write \" for " inside a value; a subject is written like "CN=edge,O=Example"
    after \ comes a special character or two hexadecimal digits
    the escaped bytes are not UTF-8
    "#
    );
}

fn certificate(names: Vec<SanType>, subject: &[(DnType, &str)]) -> Vec<String> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in subject {
        params.distinguished_name.push(kind.clone(), *value);
    }
    let signed = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    identities(signed.der()).iter().map(Identity::to_string).collect()
}

fn san(kind: fn(Ia5String) -> SanType, name: &str) -> SanType {
    kind(Ia5String::try_from(name).unwrap())
}

#[test]
fn a_certificate_shows_each_of_its_names() {
    let names = vec![
        san(SanType::URI, "spiffe://example.org/edge"),
        san(SanType::DnsName, "Edge.Internal"),
        san(SanType::DnsName, "other.internal"),
        SanType::IpAddress("127.0.0.1".parse().unwrap()),
        san(SanType::Rfc822Name, "a@example.org"),
    ];
    // A certificate has the most general part first; RFC 4514 writes it last.
    let subject = [(DnType::OrganizationName, "Example"), (DnType::CommonName, "edge, one")];
    assert_eq!(
        certificate(names, &subject),
        [
            "spiffe://example.org/edge",
            "dns:edge.internal",
            "dns:other.internal",
            "subject:CN=edge\\, one,O=Example"
        ]
    );
}

#[test]
fn a_common_name_is_no_host_name_and_no_subject_is_nobody() {
    assert_eq!(
        certificate(Vec::new(), &[(DnType::CommonName, "edge.internal")]),
        ["subject:CN=edge.internal"]
    );
    assert!(certificate(Vec::new(), &[]).is_empty());
}

#[test]
fn two_uris_are_no_spiffe_identity_and_a_wildcard_is_no_host() {
    let two = vec![
        san(SanType::URI, "spiffe://example.org/edge"),
        san(SanType::URI, "https://example.org"),
        san(SanType::DnsName, "edge.internal"),
    ];
    assert_eq!(certificate(two, &[]), ["dns:edge.internal"]);
    let odd = vec![san(SanType::URI, "https://example.org"), san(SanType::DnsName, "*.internal")];
    assert!(certificate(odd, &[]).is_empty());
}

#[test]
fn a_certificate_says_when_it_ends() {
    let mut params = CertificateParams::default();
    params.not_after = rcgen::date_time_ymd(2031, 1, 2);
    let signed = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert_eq!(expiry(signed.der()), Some(1_925_078_400));
    assert_eq!(expiry(b"nonsense"), None);
}
