//! Taking a document apart, field by field, with a note of everything that is wrong on the way.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Display,
    ops::RangeInclusive,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    time::Duration,
};

use serde_saphyr::Spanned;

use super::{
    document::{Kind, Node},
    duration,
    notes::{Notes, Place},
};

/// What a file's mode says of its owner, its group and everybody.
const PERMISSIONS: u32 = 0o777;
/// Those that are warned of: any for others, and for the group more than to read. That the group may read is how
/// secrets are mounted for a process that is not their owner.
const TOO_OPEN: u32 = 0o037;

/// A value that was found.
pub(super) struct Found<'n> {
    pub(super) place: Place<'n>,
    kind: Kind,
}

impl<'n> Found<'n> {
    /// The document itself.
    pub(super) fn root(node: Node, notes: &'n Notes) -> Self {
        Self::new(node, notes, String::new())
    }

    fn new(node: Node, notes: &'n Notes, path: String) -> Self {
        Self { place: Place::new(notes, (node.line, node.column), path), kind: node.kind }
    }

    /// As a section of named fields.
    pub(super) fn section(self) -> Option<Section<'n>> {
        match self.kind {
            Kind::Map(members) => Some(Section::new(self.place, members)),
            _ => self.place.check(Err("must hold named fields (name: value)")),
        }
    }

    /// Where the value is that these names lead to, one below the other, if there is one.
    pub(super) fn place_of(&self, names: &[&str]) -> Option<Place<'n>> {
        let (mut kind, mut place) = (&self.kind, self.place.clone());
        for name in names {
            let Kind::Map(members) = kind else { return None };
            let (_, node) = members.iter().find(|(member, _)| member.value == *name)?;
            place = Place::new(place.notes, (node.line, node.column), format!("{}.{name}", place.path));
            kind = &node.kind;
        }
        Some(place)
    }

    /// As a list with at least one entry.
    pub(super) fn list(self) -> Option<Vec<Self>> {
        let (notes, path) = (self.place.notes, &self.place.path);
        match self.kind {
            Kind::List(items) if !items.is_empty() => {
                let found = |(index, node)| Self::new(node, notes, format!("{path}[{index}]"));
                Some(items.into_iter().enumerate().map(found).collect())
            }
            _ => self.place.check(Err("must be a list with at least one entry")),
        }
    }

    /// As a list with at least one entry, or as its only entry.
    pub(super) fn one_or_list(self) -> Option<Vec<Self>> {
        if matches!(self.kind, Kind::List(_)) { self.list() } else { Some(vec![self]) }
    }

    /// As text, made into what it means by `parse`.
    pub(super) fn parse<T, E: Display>(self, parse: impl FnOnce(String) -> Result<T, E>) -> Option<T> {
        match self.kind {
            Kind::Text(text) => self.place.check(parse(text)),
            _ => self.place.check(Err("must be text; put it in quotes")),
        }
    }

    /// As the path of a file that others should not read.
    pub(super) fn secret(self) -> Option<NamedFile<'n>> {
        let file = self.file()?;
        let mode = std::fs::metadata(&file.path).map_or(0, |metadata| metadata.permissions().mode());
        if mode & TOO_OPEN != 0 {
            let (path, mode) = (file.path.display(), mode & PERMISSIONS);
            file.place.warn(format!(
                "{path} is open to more than its owner and readers of its group (mode {mode:03o}): chmod g-wx,o= {path}"
            ));
        }
        Some(file)
    }

    /// As the path of a file, which is read.
    pub(super) fn file(self) -> Option<NamedFile<'n>> {
        let place = self.place.clone();
        let read = self.parse(|path| {
            let path = place.notes.resolve(&path);
            let contents = place
                .notes
                .read(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            Ok::<_, String>((path, contents))
        });
        read.map(|(path, contents)| NamedFile { place, path, contents })
    }

    /// As a duration such as `5s` or `250ms`, within `range`.
    pub(super) fn duration(self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let problem = || {
            format!(
                "must be a duration from {:?} to {:?}, such as \"5s\" or \"250ms\"",
                range.start(),
                range.end()
            )
        };
        match self.kind {
            Kind::Text(text) => {
                let duration = duration::parse(&text).filter(|duration| range.contains(duration));
                self.place.check(duration.ok_or_else(problem))
            }
            _ => self.place.check(Err(problem())),
        }
    }

    /// As a whole number within `range`.
    pub(super) fn number(self, range: RangeInclusive<usize>) -> Option<usize> {
        let number = match self.kind {
            Kind::Integer(number) => usize::try_from(number).ok().filter(|number| range.contains(number)),
            _ => None,
        };
        self.place.check(
            number.ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end())),
        )
    }
}

/// A file that the configuration names.
pub(super) struct NamedFile<'n> {
    /// Where it is named.
    pub(super) place: Place<'n>,
    pub(super) path: PathBuf,
    pub(super) contents: Vec<u8>,
}

/// Named fields, taken one by one.
pub(super) struct Section<'n> {
    pub(super) place: Place<'n>,
    left: Vec<(String, (u64, u64), Node)>,
    known: Vec<&'static str>,
}

impl<'n> Section<'n> {
    /// These fields. Of those with one name the first counts, and the others are noted.
    fn new(place: Place<'n>, members: Vec<(Spanned<String>, Node)>) -> Self {
        let mut section = Self { place, left: Vec::with_capacity(members.len()), known: Vec::new() };
        let mut lines = HashMap::new();
        for (name, node) in members {
            let at = (name.referenced.line(), name.referenced.column());
            match lines.entry(name.value.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(at.0);
                    section.left.push((name.value, at, node));
                }
                Entry::Occupied(entry) => {
                    let place = Place::new(section.place.notes, at, section.path(&name.value));
                    place.wrong(format!("is given twice, the first time in line {}", entry.get()));
                }
            }
        }
        section
    }

    /// A field that may be left out. A field without a value is a mistake: a list that was commented out below it may
    /// have been a restriction.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<Found<'n>> {
        self.known.push(name);
        let index = self.left.iter().position(|(left, ..)| left == name)?;
        let (_, _, node) = self.left.remove(index);
        let found = Found::new(node, self.place.notes, self.path(name));
        match found.kind {
            Kind::Null => found.place.check(Err("has no value: give it one, or leave the field out")),
            _ => Some(found),
        }
    }

    /// A field that must be there.
    pub(super) fn required(&mut self, name: &'static str) -> Option<Found<'n>> {
        if !self.left.iter().any(|(left, ..)| left == name) {
            self.place.wrong(format!("\"{name}\" is missing"));
        }
        self.optional(name)
    }

    /// All fields that are left, of a section whose fields the user names: the place of each name, the name, the value.
    pub(super) fn entries(self) -> Vec<(Place<'n>, String, Found<'n>)> {
        let (notes, path) = (self.place.notes, self.place.path);
        let entry = |(name, at, node): (String, _, _)| {
            let path = format!("{path}.{name}");
            (Place::new(notes, at, path.clone()), name, Found::new(node, notes, path))
        };
        self.left.into_iter().map(entry).collect()
    }

    /// Notes every field that is left over: there is no such field.
    pub(super) fn finish(self) {
        for (name, at, _) in &self.left {
            let place = Place::new(self.place.notes, *at, self.path(name));
            place.wrong(format!("is no field here; there are: {}", self.known.join(", ")));
        }
    }

    fn path(&self, name: &str) -> String {
        if self.place.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place.path) }
    }
}
