//! Hostile inputs, as data in `tests/hostile/`, against the real programs over real sockets: nothing is approved that
//! must not be, nothing is signed for somebody who is not proven, the decider hears of none of them, and a real request
//! is answered after each.

mod attack;
mod came;
mod case;
mod frames;
mod frames_read;
mod ground;
mod hello;
mod judge;
mod keys;
mod probe;
mod scan;
mod step;
mod text;
mod token;
mod wire;

use std::collections::HashSet;

use case::{Case, Expected, Way};
use ground::{Decides, Ground};
use system_tests::harness::skipped;

/// Every file of cases, each with a test of its own below.
const FILES: [&str; 12] = [
    "algorithms.jsonl",
    "signatures.jsonl",
    "structure.jsonl",
    "headers.jsonl",
    "times.jsonl",
    "json.jsonl",
    "identifiers.jsonl",
    "replay.jsonl",
    "http1.jsonl",
    "http2.jsonl",
    "tls.jsonl",
    "json_mode.jsonl",
];
/// A file that was emptied by mistake would prove nothing.
const LEAST_CASES: usize = 150;

/// Sends every case of a file, twice: to an edge with a real decider, and to one whose decider approves everything.
async fn run(file: &str) {
    attack(file, &[Decides::Policy, Decides::Nobody]).await;
}

/// Sends it once: of what never becomes a request it does not matter who would decide.
async fn run_once(file: &str) {
    attack(file, &[Decides::Policy]).await;
}

async fn attack(file: &str, all: &[Decides]) {
    let cases = case::read(file);
    for &decides in all {
        let mut ground = Ground::start(decides).await;
        let mut wrong = Vec::new();
        for case in cases.iter().filter(|case| can_be_sent(case) && applies(case, decides)) {
            if let Err(why) = ground.attack(case).await {
                wrong.push(format!("{} (decides: {decides:?}): {why}", case.told()));
            }
            if let Err(why) = ground.check_alive().await {
                panic!("after {}: {why}\n{}", case.told(), wrong.join("\n"));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
        ground.finish().await;
    }
}

/// What a policy refuses is approved where everything is.
fn applies(case: &Case, decides: Decides) -> bool {
    decides == Decides::Policy || case.expect != Expected::Denied
}

fn can_be_sent(case: &Case) -> bool {
    let needs = matches!(case.send, Some(Way::Openssl { .. }));
    let can = !needs || std::process::Command::new("openssl").arg("version").output().is_ok();
    if !can {
        skipped(&format!("{}: the program openssl is not installed", case.name));
    }
    can
}

#[tokio::test(flavor = "multi_thread")]
async fn no_algorithm_but_rs256_is_taken() {
    run("algorithms.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_signature_but_the_right_one_is_taken() {
    run("signatures.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_but_the_compact_one_is_taken() {
    run("structure.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_chooses_how_it_is_verified() {
    run("headers.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_claims_hold_whatever_they_are() {
    run("times.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_payload_is_read_that_can_be_read_in_two_ways() {
    run("json.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_identifier_passes_for_another() {
    run("identifiers.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_serves_elsewhere() {
    run("replay.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_hides_in_another() {
    run_once("http1.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_frames_take_the_edge_down() {
    run_once("http2.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_handshake_but_a_good_one_is_ended_well() {
    run_once("tls.jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_gets_from_one_mode_into_the_other() {
    run("json_mode.jsonl").await;
}

/// What people find a case by.
#[test]
fn cases_have_names_of_their_own() {
    let cases: Vec<_> = FILES.iter().flat_map(|file| case::read(file)).collect();
    let mut names = HashSet::new();
    for case in &cases {
        assert!(names.insert(case.name.clone()), "{}: {:?} is there twice", case.place, case.name);
        assert!(!case.class.is_empty(), "{}: no class", case.place);
    }
    assert!(cases.len() >= LEAST_CASES, "{} cases", cases.len());
    let there = std::fs::read_dir(case::directory()).unwrap();
    let there = there.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files = there.filter(|name| name.ends_with(".jsonl")).collect::<HashSet<_>>();
    assert_eq!(files, FILES.map(str::to_owned).into(), "every file is run, and is there");
}

/// The README names cases in quotes and files in backticks, and all of them are there.
#[test]
fn the_best_practices_name_cases_that_exist() {
    let readme = std::fs::read_to_string(case::directory().join("README.md")).unwrap();
    let (_, practices) = readme.split_once("## JWT best practices").unwrap();
    let names: HashSet<_> = FILES.iter().flat_map(|file| case::read(file)).map(|case| case.name).collect();
    let quoted: Vec<_> = practices.split('"').skip(1).step_by(2).collect();
    let missing: Vec<_> = quoted.iter().filter(|name| !names.contains(**name)).collect();
    assert!(missing.is_empty() && quoted.len() > 30, "no such case: {missing:?}");
    for point in 1..=12 {
        assert!(practices.contains(&format!("\n| 3.{point} ")), "section 3.{point} is missing");
    }
    let root = case::directory().join("../..");
    for file in practices.split('`').filter(|text| text.ends_with(".rs")) {
        assert!(root.join(file).is_file(), "{file} is not there");
    }
}
