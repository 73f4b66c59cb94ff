//! The published agreement keeps its word: documented, named in the standard way, and never broken on the wire.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// One line for every field, enum value and method ever published. Lines are added, never changed or removed.
const PUBLISHED: &str = include_str!("published.txt");

fn own_files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    set.file.into_iter().filter(|file| file.package().starts_with("countersign.")).collect()
}

#[test]
fn nothing_published_is_changed_or_taken_back() {
    let now: BTreeSet<String> = own_files().iter().flat_map(lines_of_file).collect();
    let published: BTreeSet<String> = PUBLISHED.lines().map(str::to_owned).collect();
    let broken: Vec<_> = published.difference(&now).collect();
    assert!(broken.is_empty(), "changed or removed, which breaks clients: {broken:#?}");
    let unlisted: Vec<_> = now.difference(&published).collect();
    assert!(unlisted.is_empty(), "new; add these lines to proto/tests/published.txt:\n{}", join(&unlisted));
}

#[test]
fn everything_is_documented() {
    for file in own_files() {
        let documented: BTreeSet<Vec<i32>> = file
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|location| !location.leading_comments().trim().is_empty())
            .map(|location| location.path.clone())
            .collect();
        let missing: Vec<_> =
            places(&file).into_iter().filter(|(path, _)| !documented.contains(path)).collect();
        assert!(missing.is_empty(), "without a comment: {missing:?}");
    }
}

#[test]
fn names_are_the_standard_ones() {
    for file in own_files() {
        let package = file.package();
        assert!(
            package.rsplit('.').next().is_some_and(|last| last.starts_with('v')),
            "{package} has no version"
        );
        assert!(
            file.name().starts_with(&package.replace('.', "/")),
            "{} is not where its package says",
            file.name()
        );
        for service in &file.service {
            assert!(service.name().ends_with("Service"), "{}", service.name());
            for method in &service.method {
                assert!(
                    method.input_type().ends_with(&format!(".{}Request", method.name())),
                    "{}",
                    method.name()
                );
                assert!(
                    method.output_type().ends_with(&format!(".{}Response", method.name())),
                    "{}",
                    method.name()
                );
            }
        }
        file.message_type.iter().for_each(check_message);
        file.enum_type.iter().for_each(check_enum);
    }
}

fn check_message(message: &DescriptorProto) {
    for field in &message.field {
        assert!(is_snake_case(field.name()), "{}.{}", message.name(), field.name());
    }
    message.enum_type.iter().for_each(check_enum);
    message.nested_type.iter().filter(|nested| !is_map_entry(nested)).for_each(check_message);
}

fn check_enum(declared: &EnumDescriptorProto) {
    let prefix = upper_snake(declared.name()) + "_";
    for value in &declared.value {
        assert!(value.name().starts_with(&prefix), "{} does not start with {prefix}", value.name());
        assert_eq!(value.number() == 0, value.name() == format!("{prefix}UNSPECIFIED"), "{}", value.name());
    }
}

fn lines_of_file(file: &FileDescriptorProto) -> Vec<String> {
    let package = file.package();
    let mut lines = Vec::new();
    for service in &file.service {
        for method in &service.method {
            let name = format!("{package}.{}.{}", service.name(), method.name());
            lines.push(format!("{name}({}) returns ({})", method.input_type(), method.output_type()));
        }
    }
    file.message_type.iter().for_each(|message| lines_of_message(package, message, &mut lines));
    file.enum_type.iter().for_each(|declared| lines_of_enum(package, declared, &mut lines));
    lines
}

fn lines_of_message(scope: &str, message: &DescriptorProto, lines: &mut Vec<String>) {
    let scope = format!("{scope}.{}", message.name());
    for field in &message.field {
        let kind = if field.type_name().is_empty() {
            format!("{:?}", field.r#type())
        } else {
            field.type_name().into()
        };
        let label = if field.proto3_optional() { "Presence".into() } else { format!("{:?}", field.label()) };
        lines.push(format!("{scope}.{} = {} {label} {kind}", field.name(), field.number()));
    }
    message.nested_type.iter().for_each(|nested| lines_of_message(&scope, nested, lines));
    message.enum_type.iter().for_each(|declared| lines_of_enum(&scope, declared, lines));
}

fn lines_of_enum(scope: &str, declared: &EnumDescriptorProto, lines: &mut Vec<String>) {
    for value in &declared.value {
        lines.push(format!("{scope}.{}.{} = {}", declared.name(), value.name(), value.number()));
    }
}

/// The path of everything that needs a comment, as source locations name it: field numbers of the descriptor.
fn places(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let mut places = Vec::new();
    for (number, message) in (0..).zip(&file.message_type) {
        places_of_message(vec![4, number], message, &mut places);
    }
    for (number, declared) in (0..).zip(&file.enum_type) {
        places_of_enum(vec![5, number], declared, &mut places);
    }
    for (number, service) in (0..).zip(&file.service) {
        places.push((vec![6, number], service.name().to_owned()));
        for (method_number, method) in (0..).zip(&service.method) {
            places.push((vec![6, number, 2, method_number], method.name().to_owned()));
        }
    }
    places
}

fn places_of_message(path: Vec<i32>, message: &DescriptorProto, places: &mut Vec<(Vec<i32>, String)>) {
    places.push((path.clone(), message.name().to_owned()));
    for (number, field) in (0..).zip(&message.field) {
        places.push((at(&path, 2, number), format!("{}.{}", message.name(), field.name())));
    }
    for (number, nested) in (0..).zip(&message.nested_type).filter(|(_, nested)| !is_map_entry(nested)) {
        places_of_message(at(&path, 3, number), nested, places);
    }
    for (number, declared) in (0..).zip(&message.enum_type) {
        places_of_enum(at(&path, 4, number), declared, places);
    }
}

fn places_of_enum(path: Vec<i32>, declared: &EnumDescriptorProto, places: &mut Vec<(Vec<i32>, String)>) {
    places.push((path.clone(), declared.name().to_owned()));
    for (number, value) in (0..).zip(&declared.value) {
        places.push((at(&path, 2, number), value.name().to_owned()));
    }
}

fn at(path: &[i32], field: i32, number: i32) -> Vec<i32> {
    [path, &[field, number]].concat()
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}

fn is_snake_case(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn upper_snake(name: &str) -> String {
    let mut upper = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.push(c.to_ascii_uppercase());
    }
    upper
}

fn join(lines: &[&String]) -> String {
    lines.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n")
}
