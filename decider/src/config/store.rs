//! Where decisions are kept.

use std::path::{Path, PathBuf};

use super::read_path;
use crate::store::Config;
use crate::store::postgres::config::{self as postgres, Durability, Standby};
use crate::store::postgres::roots_of;
use crate::store::retention::{Retention, SHORTEST};
use crate::yaml::{Fields, Node, Reader, Value, duration};

const FIELDS: [&str; 3] = ["sqlite", "postgres", "retention"];
const POSTGRES_FIELDS: [&str; 5] = ["url", "password_file", "ca", "durability", "synchronous_standby"];

/// `memory`, `sqlite: FILE`, or `postgres: {url: …}`; the latter two with `retention`.
pub fn read(reader: &mut Reader<'_>, node: &Node, base: &Path) -> Option<(Config, Retention)> {
    match &node.value {
        Value::Text(name) if name == "memory" => Some((Config::Memory, Retention::default())),
        Value::Map(_) => {
            let fields = Fields::of(reader, node, "store", &FIELDS)?;
            let retention = fields.optional(reader, "retention").map(|node| read_retention(reader, node));
            let store = match (fields.optional(reader, "sqlite"), fields.optional(reader, "postgres")) {
                (Some(node), None) => read_path(reader, node, base).map(Config::Sqlite),
                (None, Some(node)) => {
                    read_postgres(reader, node, base).map(|config| Config::Postgres(config.into()))
                }
                _ => mistake(reader, node, "store has one of sqlite and postgres"),
            };
            store.zip(retention.unwrap_or(Some(Retention::default())))
        }
        _ => {
            let forms =
                "store is memory, sqlite with the path of a file, or postgres with the url of a database";
            reader.mistake(node.at, forms);
            None
        }
    }
}

fn read_retention(reader: &mut Reader<'_>, node: &Node) -> Option<Retention> {
    const FORMS: &str = "retention is how long the requests of decisions are kept: at least 30d, or forever";
    let text = reader.duration_text(node, "retention")?;
    if text == "forever" {
        return Some(Retention::Forever);
    }
    match duration::parse(text) {
        Ok(kept) if kept >= SHORTEST => Some(Retention::For(kept)),
        _ => mistake(reader, node, FORMS),
    }
}

fn read_postgres(reader: &mut Reader<'_>, node: &Node, base: &Path) -> Option<postgres::Config> {
    let fields = Fields::of(reader, node, "postgres", &POSTGRES_FIELDS)?;
    let url = fields.required(reader, "url");
    let authority = fields.optional(reader, "ca").map(|node| read_authority(reader, node, base));
    let password_file =
        fields.optional(reader, "password_file").map(|node| read_readable(reader, node, base));
    let durability = fields.optional(reader, "durability").map(|node| read_durability(reader, node));
    let standby = fields.optional(reader, "synchronous_standby").map(|node| read_standby(reader, node));
    let url = url?;
    let text = reader.text(url, "a URL")?;
    let config = postgres::Config::at(text, authority.clone().flatten()).map_err(|error| error.to_string());
    let mut config = reader.check(url.at, config)?;
    let (durability, synchronous_standby) =
        (durability.unwrap_or(Some(Durability::Require)), standby.unwrap_or(Some(Standby::Required)));
    let (None | Some(Some(_)), None | Some(Some(_))) = (&authority, &password_file) else { return None };
    config.password_file = password_file.flatten();
    (config.durability, config.synchronous_standby) = (durability?, synchronous_standby?);
    Some(config)
}

/// One that cannot be used is noted; the connection would be encrypted all the same.
fn read_authority(reader: &mut Reader<'_>, node: &Node, base: &Path) -> Option<PathBuf> {
    let path = read_path(reader, node, base)?;
    let roots = roots_of(&path).map_err(|why| format!("{}: {why}", path.display()));
    let _ = reader.check(node.at, roots);
    Some(path)
}

fn read_readable(reader: &mut Reader<'_>, node: &Node, base: &Path) -> Option<PathBuf> {
    let path = read_path(reader, node, base)?;
    let opened =
        std::fs::File::open(&path).map_err(|why| format!("{}: cannot be read: {why}", path.display()));
    reader.check(node.at, opened).map(|_| path)
}

fn read_durability(reader: &mut Reader<'_>, node: &Node) -> Option<Durability> {
    match reader.text(node, "durability")? {
        "require" => Some(Durability::Require),
        "warn" => Some(Durability::Warn),
        _ => mistake(reader, node, "durability is require or warn"),
    }
}

fn read_standby(reader: &mut Reader<'_>, node: &Node) -> Option<Standby> {
    match reader.text(node, "synchronous_standby")? {
        "required" => Some(Standby::Required),
        "optional" => Some(Standby::Optional),
        _ => mistake(reader, node, "synchronous_standby is required or optional"),
    }
}

fn mistake<T>(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<T> {
    reader.mistake(node.at, what);
    None
}
