//! The decider as its callers and its operators see it: over the wire, by its configuration, as a program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(clippy::indexing_slicing, reason = "the same")]

mod support;
mod tenants;
mod access;
mod admin;
mod beside;
mod burst;
mod certificates;
mod configuration;
mod explain;
mod faults;
mod grants;
mod lifetime;
mod load;
mod logs;
mod new_files;
mod opening;
mod places;
mod printing;
mod program;
mod release;
mod service;
mod store;
mod traces;
