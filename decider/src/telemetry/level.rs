//! What is logged: a level, or levels by module.

use tracing_subscriber::filter::{LevelFilter, Targets};

/// What is logged where nothing is said.
const USUAL: LevelFilter = LevelFilter::INFO;

/// Reads a level. One that cannot be read is given back beside the usual one: with half of it, or taken for the name of
/// a module, it could turn everything off.
pub fn read(text: Option<String>) -> (Targets, Option<String>) {
    let usual = || Targets::new().with_default(USUAL);
    match text.filter(|text| !text.is_empty()) {
        None => (usual(), None),
        Some(text) => match text.split(',').map(str::trim).try_fold(Targets::new(), with) {
            Some(levels) => (levels, None),
            None => (usual(), Some(text)),
        },
    }
}

/// With one entry more: `debug`, or `decider::store=debug`.
fn with(levels: Targets, entry: &str) -> Option<Targets> {
    let level = |name: &str| name.parse::<LevelFilter>().ok().filter(|_| !name.is_empty());
    match entry.split_once('=') {
        None => level(entry).map(|level| levels.with_default(level)),
        Some((module, name)) if is_module(module) => {
            level(name).map(|level| levels.with_target(module, level))
        }
        Some(_) => None,
    }
}

fn is_module(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_:-".contains(letter))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_for_all_or_by_module() {
        let on = |text: &str, module: &str, level: Level| {
            let (levels, unread) = read(Some(text.into()));
            assert_eq!(unread, None, "{text}");
            levels.would_enable(module, &level)
        };
        assert!(on("", "decider", Level::INFO) && !on("", "decider", Level::DEBUG));
        assert!(on("debug", "decider", Level::DEBUG) && !on("off", "decider", Level::ERROR));
        let text = "warn, decider::store=debug";
        assert!(on(text, "decider::store::writer", Level::DEBUG) && !on(text, "decider", Level::INFO));
    }

    #[test]
    fn what_cannot_be_read_is_given_back_and_the_usual_level_counts() {
        for text in
            ["loud", "info,=", "=debug", "decider", "decider=", "info,decider=lout", "info,", "info debug"]
        {
            let (levels, unread) = read(Some(text.into()));
            assert_eq!(unread.as_deref(), Some(text));
            assert!(levels.would_enable("decider", &Level::INFO), "{text}");
        }
    }
}
