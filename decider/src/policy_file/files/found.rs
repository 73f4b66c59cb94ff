//! Which YAML files are the policy of a directory. A rule that is left out decides something, too: what looks like one of
//! them and is not read is a mistake.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{NOT_PLAIN, is_plain};

/// The most YAML files of a policy.
pub const MAX_POLICY_FILES: usize = 100;
/// The most directories below one that are looked into.
pub const MAX_DIRECTORIES: usize = 1_000;

/// The names of the YAML files in a directory, sorted. What is named like one and cannot be read is a mistake later.
pub fn names_in(directory: &Path) -> Result<Vec<String>, String> {
    let failed = |error| format!("the directory cannot be read: {error}");
    let (mut names, mut below) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if is_yaml(&name) {
            names.push(plain(&name)?);
        } else if is_meant(&name) {
            let shown = shown(&name);
            return Err(format!(
                "{shown}: only *.yaml and *.yml are read: write the suffix in small letters"
            ));
        } else if !is_hidden(&name) {
            below.push(entry.path());
        }
    }
    check_below(directory, below)?;
    names.sort();
    match names.len() {
        0 => Err("the directory holds no *.yaml file: put the policy there".into()),
        1..=MAX_POLICY_FILES => Ok(names),
        count => {
            Err(format!("the directory holds {count} *.yaml files: at most {MAX_POLICY_FILES} are read"))
        }
    }
}

/// That no directory among these, or below one of them, holds YAML. Whoever may not look into one keeps no policy there.
fn check_below(directory: &Path, mut left: Vec<PathBuf>) -> Result<(), String> {
    let mut looked_into: usize = 0;
    while let Some(path) = left.pop() {
        let Ok(entries) = fs::read_dir(&path) else { continue };
        looked_into = looked_into.saturating_add(1);
        if looked_into > MAX_DIRECTORIES {
            return Err(format!(
                "more than {MAX_DIRECTORIES} directories are below it: put the policy into one of its own"
            ));
        }
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if is_meant(&name) {
                let shown = shown(path.strip_prefix(directory).unwrap_or(&path).as_os_str());
                return Err(format!(
                    "{shown}: YAML is read in the directory itself alone: move it up there, or out of it"
                ));
            }
            if !is_hidden(&name) {
                left.push(path);
            }
        }
    }
    Ok(())
}

fn plain(name: &OsStr) -> Result<String, String> {
    let plain = name.to_str().filter(|name| is_plain(name));
    plain.map(str::to_owned).ok_or_else(|| format!("{}: {NOT_PLAIN}", shown(name)))
}

fn shown(name: &OsStr) -> String {
    name.to_string_lossy().escape_debug().to_string()
}

/// Whether it would be one in small letters.
fn is_meant(name: &OsStr) -> bool {
    is_yaml(&name.to_ascii_lowercase())
}

fn is_yaml(name: &OsStr) -> bool {
    let suffix = Path::new(name).extension();
    !is_hidden(name) && suffix.is_some_and(|suffix| suffix == "yaml" || suffix == "yml")
}

/// Hidden files are left out, as `*.yaml` leaves them out in a shell: editors put their own there.
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
