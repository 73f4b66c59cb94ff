//! Every command that the READMEs name: the programs are run in a folder that has what a reader would have there,
//! `make` and `cargo` are looked up.

use std::path::Path;
use std::process::{Command, Stdio};

use system_tests::harness::{Options, System, skipped};
use system_tests::services::{binaries, ports};
use system_tests::{requests, vectors};

use super::{markdown, readmes, root, samples};

/// A command line as its README has it.
struct Named {
    readme: String,
    line: String,
    fenced: bool,
}

const PROGRAMS: [&str; 4] = ["edge", "decider", "cosigner", "demo"];

/// Lines of blocks without a language, and code in running text, that begin with a program we know.
fn named() -> Vec<Named> {
    let mut found = Vec::new();
    for path in readmes() {
        let readme = path.strip_prefix(root()).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks = markdown::blocks(&text).into_iter().filter(|block| block.language.is_empty());
        let lines = blocks.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>());
        let mut add = |line: String, fenced| {
            for line in line.split(" && ") {
                // What follows a wide gap or a # explains the line.
                let line =
                    line.trim().split(" # ").next().unwrap().split("   ").next().unwrap().trim().to_owned();
                if program(&line).is_some() {
                    found.push(Named { readme: readme.clone(), line, fenced });
                }
            }
        };
        lines.for_each(|line| add(line, true));
        markdown::code_spans(&text).into_iter().for_each(|span| add(span, false));
    }
    found
}

/// The program's own name, where a line begins with one and goes on: a name alone is no command.
fn program(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| is_assignment(word));
    let name = words.next()?.rsplit('/').next()?;
    let argument = words.next()?;
    // "edge: …" and "decider/policy" are no commands, and `./cosigner print-public-key` is Fireblocks' own.
    let ours = PROGRAMS.contains(&name) && !line.starts_with("./");
    (ours || matches!(name, "make" | "cargo" | "openssl")).then_some(name).filter(|_| is_argument(argument))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

fn is_argument(word: &str) -> bool {
    word.starts_with("--") || word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_in_a_readme_works() {
    let system = System::with(Options { json: true, ..Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path(), &system);
    let (mut wrong, mut run, mut looked_up) = (Vec::new(), 0, 0);
    for Named { readme, line, fenced } in named() {
        let result = match program(&line).unwrap() {
            "make" => target_exists(&line),
            "cargo" => packages_exist(&line),
            "openssl" => makes_keys(folder.path(), &line),
            // In running text `edge check` names a command and is none.
            _ if !fenced && !line.contains(" --") => continue,
            _ => runs(folder.path(), &system, &line),
        };
        if line.contains("make") || line.contains("cargo") {
            looked_up += 1
        } else {
            run += 1
        }
        wrong.extend(result.err().map(|why| format!("{readme}: `{line}`: {why}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(run >= 10 && looked_up >= 5, "only {run} commands were run and {looked_up} looked up");
}

/// What the READMEs assume: after `make run`, with requests and samples of the reader's own.
fn furnish(folder: &Path, system: &System) {
    std::os::unix::fs::symlink(system.local().root(), folder.join(".local")).unwrap();
    for here in ["tests", "decider"] {
        std::os::unix::fs::symlink(root().join(here), folder.join(here)).unwrap();
    }
    std::fs::write(folder.join("request.json"), vectors::ETHEREUM_REQUEST).unwrap();
    std::fs::write(folder.join("change.json"), requests::address_book_change()).unwrap();
    let token = system.cosigner().sign(vectors::BITCOIN_REQUEST).unwrap();
    std::fs::write(folder.join("request.jwt"), token).unwrap();
    samples::furnish(folder);
    std::fs::copy(folder.join("policy/policy.yaml"), folder.join("policy.yaml")).unwrap();
    for config in ["edge.yaml", "decider.yaml"] {
        let mut text = std::fs::read_to_string(folder.join(config)).unwrap();
        for port in ["8443", "9443", "50051", "9444"] {
            text = text.replace(&format!("0.0.0.0:{port}"), &format!("127.0.0.1:{}", ports::free()));
        }
        let text = text.replace("/var/lib/countersign", "data");
        std::fs::write(folder.join(config), text).unwrap();
    }
    let decider = std::fs::read_to_string(folder.join("decider.yaml")).unwrap();
    for (name, store) in [("new.yaml", "data/new.db"), ("restored.yaml", "backup.db")] {
        std::fs::write(folder.join(name), decider.replace("data/decider.db", store)).unwrap();
    }
    let other = decider.replace("[default, payroll]", "[acme]").replace("[treasury]", "[acme]");
    std::fs::write(folder.join("other.yaml"), other).unwrap();
}

/// Runs a line of the README in that folder, by the shell as its reader would, with the programs of this build.
/// The simulated Co-signer gets the address of this test's edge, the demo ports of its own.
fn runs(folder: &Path, system: &System, line: &str) -> Result<(), String> {
    let bin = binaries::find("edge").unwrap().parent().unwrap().to_owned();
    let local = system.local();
    let json = line.contains(" --json").then(|| local.json_url().unwrap().unwrap());
    let edge = json.unwrap_or_else(|| local.url().unwrap());
    let (before, rest) = line.split_once(program(line).unwrap()).unwrap();
    let assignments: Vec<_> = before.split_whitespace().filter(|word| is_assignment(word)).collect();
    let name = program(line).unwrap();
    let mut line = format!("{} {}/{name}{rest}", assignments.join(" "), bin.display());
    if name == "cosigner" && line.contains(" send") {
        line = line.replacen(" send", &format!(" send --url {edge}"), 1);
    }
    if name == "demo" {
        line = demo(&line);
    }
    if line.contains(" run ") || line.ends_with(" run") {
        line = until_it_serves(&line);
    }
    succeeds(folder, &line)
}

/// A service runs until it is told to end, and must then end well.
fn until_it_serves(line: &str) -> String {
    format!(
        "rm -f run.log; {line} 2>run.log & until grep -s -q -e '\"serving\"' -e 'the decider serves' run.log || ! kill -0 $!; \
         do sleep 0.1; done; kill -TERM $!; wait $!; ended=$?; cat run.log >&2; exit $ended"
    )
}

fn succeeds(folder: &Path, line: &str) -> Result<(), String> {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("ONCE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{line}: {}: {said}", output.status)) }
}

/// Runs a line that makes a key, in the folder where the samples look for it.
fn makes_keys(folder: &Path, line: &str) -> Result<(), String> {
    if Command::new("openssl").arg("version").output().is_err() {
        skipped(&format!("`{line}` was not tried: openssl is not installed"));
        return Ok(());
    }
    succeeds(folder, line)
}

/// Ports in a README are taken on some machine; the words around them are what is to be tried.
fn demo(line: &str) -> String {
    let free = ports::free_addresses().named().into_iter().map(|(_, address)| address.port().to_string());
    let free = free.collect::<Vec<_>>().join(",");
    let mut words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    if let Some(at) = words.iter().position(|word| word == "--ports") {
        words[at + 1] = free;
    }
    words.join(" ")
}

/// `make X`: X is a target, and `make help` lists it.
fn target_exists(line: &str) -> Result<(), String> {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let words = line.split_whitespace().skip_while(|word| *word != "make").skip(1);
    let target = words.take(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let is_it = |line: &str| {
        line.strip_prefix(target).is_some_and(|rest| rest.starts_with(':') && rest.contains("## "))
    };
    if makefile.lines().any(is_it) { Ok(()) } else { Err(format!("the Makefile has no target {target}")) }
}

/// `cargo … -p X`: X is a package.
fn packages_exist(line: &str) -> Result<(), String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let packages = words.windows(2).filter(|pair| ["-p", "--package"].contains(&pair[0])).map(|pair| pair[1]);
    for package in packages {
        let manifests = ["proto", "edge", "edge/callback", "decider", "decider/policy", "tests"];
        let named = |folder: &str| {
            let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
            manifest.lines().any(|line| line == format!("name = \"{package}\""))
        };
        if !manifests.iter().any(|folder| named(folder)) {
            return Err(format!("there is no package {package}"));
        }
    }
    Ok(())
}
