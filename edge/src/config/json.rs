//! JSON mode: its listener, and the fence around it.
//!
//! It proves nothing about who asks (callback protocol, section 1), so what keeps others out has to be configured:
//! nothing of it has a default.

use std::sync::Arc;

use rustls::RootCertStore;

use super::{
    field::Field,
    fleets::{Fleets, LongestDeadline},
    networks::{ReadNetworks, networks},
    notes::Place,
    parts,
    paths::Paths,
    section::{Found, Section},
};
use crate::listen::{self, Fence};

/// What has to be written to get a listener in JSON mode without a fence.
pub(super) const OPEN_TO_THE_WORLD: &str =
    "I know that anybody who can reach this port can ask for signatures";

/// The section `json`: each part of it, or nothing where it is not usable.
pub(super) struct Json<'n> {
    /// Absent: there is no JSON mode.
    pub(super) listen: Field<listen::Config>,
    pub(super) paths: Option<Paths<'n>>,
}

impl<'n> Json<'n> {
    pub(super) fn read(found: Option<Found<'n>>, fleets: &Fleets<'_>, longest: &LongestDeadline) -> Self {
        let Some(found) = found else { return Self { listen: Field::Absent, paths: Some(Paths::none()) } };
        let Some(mut section) = found.section() else { return Self { listen: Field::Invalid, paths: None } };
        let listen = section.required("listen").and_then(|found| listener(found, longest));
        let paths = section.required("paths").and_then(|found| Paths::json(found, fleets));
        section.finish();
        Self { listen: listen.map_or(Field::Invalid, Field::Is), paths }
    }
}

fn listener(found: Found<'_>, longest: &LongestDeadline) -> Option<listen::Config> {
    let mut section = found.section()?;
    let fence = fence(&mut section);
    let clients = section.optional("client_ca").map(client_ca);
    let listen = parts::listener(&mut section, longest, clients.clone().flatten());
    section.finish();
    // One that was meant and cannot be used is not left out.
    clients.unwrap_or_else(|| Some(RootCertStore::empty()))?;
    Some(listen::Config { fence: Some(Arc::new(fence?)), ..listen? })
}

fn client_ca(found: Found<'_>) -> Option<RootCertStore> {
    parts::authorities(&found.file()?)
}

fn fence(section: &mut Section<'_>) -> Option<Fence> {
    let sources = section.required("source_networks").and_then(networks);
    let open =
        section.optional("open_to_the_world").map(|found| (found.place.clone(), found.parse(confirmed)));
    let sources = sources?;
    check_openness(&sources, open);
    sources.usable().map(Fence)
}

fn confirmed(text: String) -> Result<(), String> {
    match text == OPEN_TO_THE_WORLD {
        true => Ok(()),
        false => Err(format!("must be exactly: {OPEN_TO_THE_WORLD}")),
    }
}

/// What could be read may be open already; that it is not is known of a whole list only.
fn check_openness(sources: &ReadNetworks<'_>, told: Option<(Place<'_>, Option<()>)>) {
    match (sources.read.are_open(), told) {
        (true, None) => sources.at.wrong(format!(
            "is open to the world: more public addresses than an IPv4 /8 or an IPv6 /16 has, and in JSON mode a request \
             proves nothing about who sends it. List the networks that your Co-signers or proxies call from. If the world \
             is meant, write beside it: open_to_the_world: \"{OPEN_TO_THE_WORLD}\""
        )),
        (false, Some((place, Some(())))) if sources.complete => {
            place.wrong("take it out: source_networks is not open to the world, and should not become so unnoticed");
        }
        _ => {}
    }
}
