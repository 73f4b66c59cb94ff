//! Other policy engines as libraries, and ours, over the same rules. Prints a line of JSON for each round, engine and
//! number of rules; `make bench` puts them into its table.
//!
//! Every engine reads the policy once, and gets each request in the form that it evaluates, made beforehand. Ours
//! alone starts from text even then: amounts and addresses are part of its evaluation.

mod cedar;
mod ours;
mod programs;
mod rego;
mod rules;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use rules::Rule;

/// How many rules there are.
const SIZES: [usize; 2] = [1_000, 10_000];
/// How long one engine evaluates in one round, at least.
const MEASURED: Duration = Duration::from_millis(200);
/// Requests that are asked in turn: of rules that lie evenly between the first and the last.
const REQUESTS: usize = 100;
const USUAL_ROUNDS: usize = 8;

/// An engine that has read the rules: whether it allows the request of this number, of [`REQUESTS`] or the one after
/// them, which no rule covers.
pub type Engine = Box<dyn FnMut(usize) -> bool>;

struct Peer {
    name: String,
    evaluates: Engine,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let rounds = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, ..) => Some(USUAL_ROUNDS),
        (Some("--rounds"), Some(rounds), None) => rounds.parse().ok(),
        _ => None,
    };
    let Some(rounds) = rounds else {
        eprintln!("usage: peers [--rounds N]");
        return ExitCode::from(64);
    };
    match SIZES.into_iter().try_for_each(|size| compare(size, rounds)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures every engine with so many rules, in turn, round by round.
fn compare(size: usize, rounds: usize) -> Result<(), String> {
    let rules = rules::rules(size);
    let requests = rules::requests(&rules, REQUESTS);
    let mut ours = checked("ours", ours::read(&rules, &requests)?)?;
    let mut peers = peers(&rules, &requests)?;
    for _ in 0..rounds {
        let micros = micros(&mut ours);
        for peer in &mut peers {
            let (name, theirs) = (&peer.name, self::micros(&mut peer.evaluates));
            println!(r#"{{"peer":"{name}","rules":{size},"theirs":{theirs:.4},"ours":{micros:.4}}}"#);
        }
    }
    Ok(())
}

fn peers(rules: &[Rule], requests: &[Rule]) -> Result<Vec<Peer>, String> {
    let peers: [(&str, Result<Engine, String>); 3] = [
        ("cedar-policy", cedar::read(rules, requests)),
        ("cel", programs::read(rules, requests)),
        ("regorus", rego::read(rules, requests)),
    ];
    let named = peers.into_iter().map(|(package, engine)| {
        let name = format!("{package} {}", version(package));
        Ok(Peer { evaluates: checked(&name, engine?)?, name })
    });
    named.collect()
}

/// An engine that allows what the rules cover and nothing else.
fn checked(name: &str, mut engine: Engine) -> Result<Engine, String> {
    match (0..REQUESTS).find(|request| !engine(*request)) {
        Some(request) => Err(format!("{name} does not allow request {request}, which a rule covers")),
        None if engine(REQUESTS) => Err(format!("{name} allows what no rule covers")),
        None => Ok(engine),
    }
}

/// Microseconds of one evaluation.
fn micros(engine: &mut Engine) -> f64 {
    let (started, mut evaluations) = (Instant::now(), 0_u32);
    while started.elapsed() < MEASURED {
        for request in 0..REQUESTS {
            std::hint::black_box(engine(request));
            evaluations += 1;
            // Of a slow engine not every request has its turn in each round.
            if evaluations % 10 == 0 && started.elapsed() > MEASURED {
                break;
            }
        }
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(evaluations)
}

/// The version that was built, as the lock file says.
fn version(package: &str) -> &'static str {
    let entry = include_str!("../Cargo.lock")
        .split("[[package]]")
        .find_map(|entry| entry.trim_start().strip_prefix(&format!("name = \"{package}\"\nversion = \"")));
    entry.and_then(|entry| entry.split('"').next()).unwrap_or("of unknown version")
}
