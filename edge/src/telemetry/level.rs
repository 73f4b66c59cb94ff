//! The level of the log, as the environment has it.

use thiserror::Error;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::shown;

/// Level of the log, of the whole or by module: `debug`, or `info,edge::decider=debug`; `info` where it is not set.
const VARIABLE: &str = "RUST_LOG";

/// `RUST_LOG` is not valid. `Targets` would read an unknown level as the name of a module, and log nothing else.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "{VARIABLE} is \"{}\", so info is used: give a level (error, warn, info, debug, trace, off), or modules with \
     theirs, such as info,edge::decider=debug",
    shown(.0)
)]
pub struct LevelError(String);

/// The level, and the error to log once there is a log: an invalid level must not keep the edge from serving.
pub(super) fn from_environment() -> (Targets, Option<LevelError>) {
    let level = std::env::var_os(VARIABLE).unwrap_or_default();
    match read(&level.to_string_lossy()) {
        Ok(level) => (level, None),
        Err(error) => (usual(), Some(error)),
    }
}

fn usual() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

fn read(text: &str) -> Result<Targets, LevelError> {
    if text.is_empty() {
        return Ok(usual());
    }
    let mut targets = Targets::new();
    for part in text.split(',').map(str::trim) {
        targets = match part.split_once('=') {
            Some((module, of_module)) if !module.is_empty() => {
                level(of_module).map(|level| targets.with_target(module, level))
            }
            Some(_) => None,
            None => level(part).map(|level| targets.with_default(level)),
        }
        .ok_or_else(|| LevelError(text.to_owned()))?;
    }
    Ok(targets)
}

fn level(name: &str) -> Option<LevelFilter> {
    name.parse().ok().filter(|_| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_of_the_whole_or_of_modules() {
        for (text, edge, decider) in [
            ("", Level::INFO, Level::INFO),
            ("WARN", Level::WARN, Level::WARN),
            ("info,edge::decider=debug", Level::INFO, Level::DEBUG),
            ("edge=trace, h2=off", Level::TRACE, Level::TRACE),
        ] {
            let targets = read(text).expect(text);
            let most = |target| {
                let levels = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
                levels.into_iter().find(|level| targets.would_enable(target, level))
            };
            assert_eq!((most("edge"), most("edge::decider")), (Some(edge), Some(decider)), "{text}");
        }
        assert!(!read("off").expect("a level").would_enable("edge", &Level::ERROR));
    }

    #[test]
    fn an_invalid_level_is_an_error() {
        for text in ["loud", "info,=", "=info", "edge=", "edge=loud", "edge", "info,,debug", "info,"] {
            assert_eq!(read(text), Err(LevelError(text.to_owned())), "{text}");
        }
        insta::assert_snapshot!(LevelError("loud\n".to_owned()), @r#"RUST_LOG is "loud\u{a}", so info is used: give a level (error, warn, info, debug, trace, off), or modules with theirs, such as info,edge::decider=debug"#);
    }
}
