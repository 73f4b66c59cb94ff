//! `window`: over how long a limit adds up.

use policy::time::{Calendar, CalendarUnit, Window, Zone};

use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader, Value, duration};

const CALENDAR_FIELDS: [&str; 2] = ["calendar", "zone"];
const LIFETIME: &str = "lifetime";
const IN_FLIGHT: &str = "in_flight";

pub fn read_window(reader: &mut Reader<'_>, node: &Node) -> Option<Window> {
    if let Value::Map(_) = node.value {
        return read_calendar(reader, node).map(Window::Calendar);
    }
    match reader.duration_text(node, "window")? {
        LIFETIME => Some(Window::Lifetime),
        IN_FLIGHT => Some(Window::InFlight),
        text if text.starts_with(|first: char| first.is_ascii_digit()) => read_rolling(reader, node, text),
        text => {
            reader.mistake(node.at, no_window(text));
            None
        }
    }
}

fn read_rolling(reader: &mut Reader<'_>, node: &Node, text: &str) -> Option<Window> {
    let seconds =
        reader.check(node.at, duration::seconds(text).map_err(|error| format!("window: {error}")))?;
    let window = Window::from_seconds(seconds);
    if window.is_none() {
        reader.mistake(node.at, "window must be at least 1s and at most ten years");
    }
    window
}

fn no_window(text: &str) -> String {
    match CalendarUnit::ALL.iter().find(|(name, _)| *name == text) {
        Some((unit, _)) => {
            format!("a calendar window names its zone: write {{calendar: {unit}, zone: \"Europe/Berlin\"}}")
        }
        None => {
            let unknown = unknown("window", text, [LIFETIME, IN_FLIGHT]);
            format!("{unknown} (or a length such as 24h, or {{calendar: day, zone: \"Europe/Berlin\"}})")
        }
    }
}

fn read_calendar(reader: &mut Reader<'_>, node: &Node) -> Option<Calendar> {
    let fields = Fields::of(reader, node, "window", &CALENDAR_FIELDS)?;
    let unit = fields.required(reader, "calendar").and_then(|node| read_unit(reader, node));
    let zone = fields.required(reader, "zone").and_then(|node| read_zone(reader, node));
    Some(Calendar { unit: unit?, zone: zone? })
}

fn read_unit(reader: &mut Reader<'_>, node: &Node) -> Option<CalendarUnit> {
    let name = reader.text(node, "calendar")?;
    let known = CalendarUnit::ALL.iter().find(|(known, _)| *known == name);
    if known.is_none() {
        let names = CalendarUnit::ALL.iter().map(|(known, _)| *known);
        reader.mistake(node.at, unknown("calendar unit", name, names));
    }
    known.map(|(_, unit)| *unit)
}

/// A time zone by its IANA name.
pub fn read_zone(reader: &mut Reader<'_>, node: &Node) -> Option<Zone> {
    let name = reader.text(node, "zone")?;
    let zone = Zone::named(name).ok();
    if zone.is_none() {
        // Of names in hours another one is another time.
        let in_hours = name.ends_with(|last: char| last.is_ascii_digit());
        let alike: Vec<&str> = Zone::names().filter(|zone| !in_hours && begins_alike(zone, name)).collect();
        let problem = match alike.is_empty() {
            true => format!("unknown time zone {}", name.escape_debug()),
            false => unknown("time zone", name, alike),
        };
        reader.mistake(node.at, format!("{problem} (names are those of the IANA time-zone database)"));
    }
    zone
}

/// There are too many zones to compare a name with all of them: those of the same part of the world will do.
fn begins_alike(zone: &str, name: &str) -> bool {
    const LETTERS: usize = 3;
    let begin = |text: &str| text.get(..LETTERS).map(str::to_ascii_lowercase);
    begin(name).is_some_and(|start| begin(zone) == Some(start))
}
