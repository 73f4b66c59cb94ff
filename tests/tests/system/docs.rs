//! What the READMEs and samples say is true: commands run, links lead somewhere, configurations and policies are read
//! by the programs they are for.

mod commands;
mod markdown;
mod samples;

use std::path::{Path, PathBuf};

/// The project's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every README of the project, by its path.
fn readmes() -> Vec<PathBuf> {
    let mut found = vec![root().join("CONTRIBUTING.md")];
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if name == "README.md" {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_readmes_are_found() {
    let found: Vec<_> =
        readmes().iter().map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect();
    for expected in ["README.md", "deploy/README.md", "decider/policy/README.md", "tests/README.md"] {
        assert!(found.iter().any(|path| path == expected), "{expected} is missing in {found:?}");
    }
}

#[test]
fn links_lead_to_files() {
    let mut broken = Vec::new();
    for readme in readmes() {
        let text = std::fs::read_to_string(&readme).unwrap();
        for target in markdown::links(&text) {
            let file = target.split('#').next().unwrap();
            if !target.contains("://") && !file.is_empty() && !readme.parent().unwrap().join(file).exists() {
                broken.push(format!("{} → {target}", readme.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
