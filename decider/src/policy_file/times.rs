//! `times`: hours of the week.

use std::collections::BTreeSet;

use policy::local_time::{Day, Hours, TimeOfDay};

use super::windows::read_zone;
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

const FIELDS: [&str; 4] = ["zone", "days", "from", "to"];

/// `{zone, days, from, to}`: every day where no days are named, the whole of it where no times are.
pub fn read_hours(reader: &mut Reader<'_>, node: &Node) -> Option<Hours> {
    let fields = Fields::of(reader, node, "hours", &FIELDS)?;
    let zone = fields.required(reader, "zone").and_then(|node| read_zone(reader, node));
    let days = read_days(reader, &fields);
    let from = read_time(reader, &fields, "from", TimeOfDay::START);
    let to = read_time(reader, &fields, "to", TimeOfDay::END);
    let (from, to) = (from?, to?);
    if from == TimeOfDay::END {
        let at = fields.optional(reader, "from").map_or(node.at, |node| node.at);
        reader.mistake(at, "from is at most 23:59: write 00:00 of the next day");
    } else if from == to {
        reader.mistake(
            node.at,
            "from and to are the same, and nothing lies between: leave both out for the whole day",
        );
    }
    Some(Hours { zone: zone?, days, from, to })
}

fn read_days(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeSet<Day> {
    let Some(node) = fields.optional(reader, "days") else { return Day::ALL.map(|(_, day)| day).into() };
    let mut days = BTreeSet::new();
    for entry in reader.alternatives(node, "days").unwrap_or_default() {
        let Some(name) = reader.text(entry, "a day") else { continue };
        match Day::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, day)) if days.insert(*day) => {}
            Some(_) => reader.mistake(entry.at, "this is in days already"),
            None => reader.mistake(entry.at, unknown("day", name, Day::ALL.iter().map(|(known, _)| *known))),
        }
    }
    days
}

fn read_time(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    otherwise: TimeOfDay,
) -> Option<TimeOfDay> {
    let Some(node) = fields.optional(reader, name) else { return Some(otherwise) };
    let text = reader.text(node, name)?;
    let time = TimeOfDay::parse(text);
    if time.is_none() {
        let last = if otherwise == TimeOfDay::START { "23:59" } else { "24:00" };
        reader.mistake(node.at, format!("{name} is a time of day such as 09:00, from 00:00 to {last}"));
    }
    time
}
