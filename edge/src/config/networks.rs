//! Lists of networks: those of JSON mode's callers, and those of proxies.

use ipnet::IpNet;

use super::{
    notes::Place,
    section::{Found, Section},
};
use crate::listen::{Networks, network};

/// Most networks in one list.
const MAX_NETWORKS: usize = 256;

/// The proxies of a listener; none where nothing is said of them.
pub(super) fn proxies(section: &mut Section<'_>) -> Option<Networks> {
    let Some(found) = section.optional("proxies") else { return Some(Networks::default()) };
    let proxies = networks(found)?;
    if proxies.read.are_open() {
        proxies.at.wrong("is open to the world: an address that is listed here can claim any other as its caller's. List your proxies");
    }
    proxies.usable()
}

/// The networks of a list that could be read: these are checked even so, for every mistake is to be reported in one run.
pub(super) struct ReadNetworks<'n> {
    pub(super) at: Place<'n>,
    pub(super) read: Networks,
    /// Those are all.
    pub(super) complete: bool,
}

impl ReadNetworks<'_> {
    /// Every network of the list, or nothing where one cannot be used.
    pub(super) fn usable(self) -> Option<Networks> {
        self.complete.then_some(self.read)
    }
}

/// The networks of a list.
pub(super) fn networks(found: Found<'_>) -> Option<ReadNetworks<'_>> {
    let at = found.place.clone();
    let (mut read, mut complete) = (Vec::new(), true);
    for found in found.list()? {
        let place = found.place.clone();
        match found.parse(|text| network(&text)) {
            Some(network) => read.push((place, network)),
            None => complete = false,
        }
    }
    if read.len() > MAX_NETWORKS {
        at.wrong(format!("must be at most {MAX_NETWORKS} networks"));
    }
    check_once(&read);
    let read = Networks::new(read.into_iter().map(|(_, network)| network).collect());
    Some(ReadNetworks { at, read, complete })
}

/// An entry that changes nothing makes the list say something else than it looks like.
fn check_once(networks: &[(Place<'_>, IpNet)]) {
    for (index, (place, network)) in networks.iter().enumerate() {
        let others = || networks.iter().enumerate().filter(|(other, _)| *other != index);
        if others().any(|(other, (_, same))| other < index && same == network) {
            place.wrong(format!("{network} is given twice"));
        } else if let Some((_, (_, wide))) =
            others().find(|(_, (_, wide))| wide != network && wide.contains(network))
        {
            place.wrong(format!("{network} lies within {wide}, which is listed too: take one of them out"));
        }
    }
}
