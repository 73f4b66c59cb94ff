//! What is in the tree of dependencies, and what our own packages forbid themselves. `make deny` asks the advisories as
//! well, which needs the network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// There is one of each: two would not see each other's types, streams or spans.
const ONE_COPY: [&str; 17] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "axum",
    "h2",
    "http",
    "hyper",
    "hyper-util",
    "opentelemetry",
    "opentelemetry_sdk",
    "prost",
    "rustls",
    "rustls-webpki",
    "tokio-rustls",
    "tonic",
    "tower",
    "tower-http",
    "tracing",
];
/// Other crypto libraries; RSA that leaks by its timing (RUSTSEC-2023-0071); what nobody looks after any more.
const BANNED: [&str; 9] = [
    "native-tls",
    "openssl",
    "openssl-sys",
    "ring",
    "rsa",
    "rustls-pemfile",
    "serde_yaml",
    "serde_yml",
    "moka",
];
/// Under which a dependency may be used. Where it offers several licences, one of these is enough.
const LICENCES: [&str; 7] = ["Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Zlib"];
/// What nobody may be free of.
const FORBIDDEN: [&str; 6] = [
    "unsafe_code = \"forbid\"",
    "panic = \"deny\"",
    "unwrap_used = \"deny\"",
    "expect_used = \"deny\"",
    "indexing_slicing = \"deny\"",
    "float_arithmetic = \"deny\"",
];

/// What holds rules and nothing else: what it says can be said again from the same arguments.
const PURE: [&str; 2] = ["edge/callback/src", "decider/policy/src"];
/// What such a package does not ask: time, bytes and settings come in as arguments.
const IMPURE: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "async ",
    "tokio",
];

/// One package of the tree.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    /// Where it comes from, if not from the registry.
    origin: Option<String>,
    licence: String,
}

/// Everything that is built on this machine, tests and build scripts included.
fn tree() -> BTreeSet<Package> {
    let arguments = ["tree", "--workspace", "--locked", "--offline", "--edges", "normal,build,dev"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let packages: BTreeSet<_> = text.lines().filter(|line| !line.is_empty()).map(package).collect();
    assert!(packages.len() > 200, "only {} packages", packages.len());
    packages
}

/// `name v1.2.3 (proc-macro) (origin)|licence (*)`: notes in brackets are not always there.
fn package(line: &str) -> Package {
    let (named, licence) = line.split_once('|').unwrap();
    let mut words = named.split(' ');
    let (name, version) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let origin = words.find(|word| *word != "(proc-macro)" && *word != "(*)").map(str::to_owned);
    Package { name, version, origin, licence: licence.trim_end_matches(" (*)").to_owned() }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn there_is_one_copy_of_what_must_be_one() {
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for package in tree() {
        versions.entry(package.name).or_default().insert(package.version);
    }
    for name in ONE_COPY {
        assert_eq!(versions.get(name).map_or(0, BTreeSet::len), 1, "{name}: {:?}", versions.get(name));
    }
    for name in BANNED {
        assert_eq!(versions.get(name), None, "{name} is banned. `cargo tree -i {name}` says who brings it");
    }
}

#[test]
fn dependencies_are_of_the_registry_under_licences_that_we_may_use() {
    let ours = root().display().to_string();
    for package in tree() {
        let own = package.origin.as_ref().is_some_and(|origin| origin.contains(&ours));
        assert!(own || package.origin.is_none(), "{package:?} is not of the registry");
        assert!(is_usable(&package.licence), "{package:?}: its licence is none of {LICENCES:?}");
    }
}

/// `A AND (B OR C)`; an old `/` means OR.
fn is_usable(licence: &str) -> bool {
    let expression = licence.replace('/', " OR ");
    expression.split(" AND ").all(|part| {
        let part = part.trim_matches(['(', ')']);
        part.split(" OR ").any(|one| LICENCES.contains(&one.trim()))
    })
}

#[test]
fn licences_are_read() {
    for usable in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(is_usable(usable), "{usable}");
    }
    for other in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR AGPL-3.0)", "Apache-2.0 WITH x"] {
        assert!(!is_usable(other), "{other}");
    }
}

/// `make bench` builds it with `--locked`: what our package has come to need, and this file does not know, ends it.
#[test]
fn the_peers_lock_file_knows_what_our_package_needs() {
    let manifest = std::fs::read_to_string(root().join("decider/policy/Cargo.toml")).unwrap();
    let lock = std::fs::read_to_string(root().join("tests/peers/Cargo.lock")).unwrap();
    let needed = between(&manifest, "[dependencies]\n", "\n\n")
        .lines()
        .map(|line| line.split(['.', ' ']).next().unwrap());
    let locked = between(&lock, "name = \"policy\"\n", "\n]");
    let forgotten: Vec<_> = needed.filter(|name| !locked.contains(&format!("\n \"{name}\""))).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}: run cargo metadata --manifest-path tests/peers/Cargo.toml");
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).unwrap().0
}

#[test]
fn no_package_of_ours_is_free_of_the_lints() {
    let workspace = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in FORBIDDEN {
        assert!(workspace.contains(&format!("\n{lint}\n")), "the workspace does not say {lint}");
    }
    let members =
        between(&workspace, "members = [", "]").split(',').map(|name| name.trim().trim_matches('"'));
    for member in members {
        let manifest = std::fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member}: add [lints] workspace = true");
    }
}

#[test]
fn packages_of_rules_are_pure() {
    let sources: Vec<_> = PURE.iter().flat_map(|folder| sources(&root().join(folder))).collect();
    assert!(sources.len() > 50, "only {} files", sources.len());
    for file in sources {
        let text = std::fs::read_to_string(&file).unwrap();
        let without_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let impure = IMPURE.iter().find(|word| without_tests.contains(**word));
        assert_eq!(impure, None, "{}: this package is pure", file.display());
    }
}

/// The files below a folder that hold more than tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| path.file_stem().unwrap() != "tests");
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
