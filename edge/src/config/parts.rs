//! The parts of the configuration, each made from its section.
//!
//! A part reads all its fields before it gives up, so that all its mistakes are noted.

use std::{net::SocketAddr, time::Duration};

use rustls::{RootCertStore, sign::CertifiedKey};

use super::{
    field::Field,
    fleets::LongestDeadline,
    limits::limits,
    networks::proxies,
    section::{Found, NamedFile, Section},
};
use crate::{
    admin,
    certificate::{Purposes, root_store},
    decider::{
        self, Address, ClientIdentity, DEFAULT_DEADLINE, FleetName, IdentityError, IdentityFiles,
        MAX_DEADLINE, MAX_ENDPOINTS,
    },
    listen::{self, ServerTls, TlsError, certified_key},
};

const MIN_DEADLINE: Duration = Duration::from_millis(100);
const MIN_HEDGE: Duration = Duration::from_millis(1);

pub(super) fn listen(found: Found<'_>, longest: &LongestDeadline) -> Option<listen::Config> {
    let mut section = found.section()?;
    let listen = listener(&mut section, longest, None);
    section.finish();
    listen
}

/// What every listener has. Callers have to show a certificate of `clients`, if there are any.
pub(super) fn listener(
    section: &mut Section<'_>,
    longest: &LongestDeadline,
    clients: Option<RootCertStore>,
) -> Option<listen::Config> {
    let address = section.required("address").and_then(address);
    let certificate = section.required("certificate").and_then(Found::file);
    let key = section.required("private_key").and_then(Found::secret);
    let tls = certificate.zip(key).and_then(|(certificate, key)| server_tls(&certificate, &key, clients));
    let proxies = proxies(section);
    let limits = limits(section, longest);
    Some(listen::Config { address: address?, tls: tls?, proxies: proxies?, fence: None, limits })
}

pub(super) fn admin(found: Found<'_>) -> Option<admin::Config> {
    let mut section = found.section()?;
    let address = section.required("address").and_then(address);
    section.finish();
    Some(admin::Config { address: address? })
}

pub(super) fn decider(found: Found<'_>, fleet: FleetName) -> Option<decider::Config> {
    let mut section = found.section()?;
    let place = section.place.clone();
    let addresses = section.required("address").and_then(decider_addresses);
    let identity = decider_identity(&mut section);
    let deadline = section.optional("deadline").map(|found| found.duration(MIN_DEADLINE..=MAX_DEADLINE));
    let deadline = deadline.unwrap_or(Some(DEFAULT_DEADLINE));
    let hedge_after = hedge_after(&mut section, deadline.unwrap_or(MAX_DEADLINE));
    section.finish();
    let ((files, identity), addresses) = (identity?, addresses?);
    let identity = place.check(identity)?;
    let (deadline, hedge_after) = (deadline?, hedge_after.into_result().ok()?);
    Some(decider::Config { fleet, addresses, identity, files, deadline, hedge_after })
}

/// The files, and what they make together where each is right by itself.
fn decider_identity(
    section: &mut Section<'_>,
) -> Option<(IdentityFiles, Result<ClientIdentity, IdentityError>)> {
    let authority = section.required("ca").and_then(Found::file);
    let authority = authority.filter(|file| authorities(file).is_some());
    let certificate = section.required("certificate").and_then(Found::file);
    let private_key = section.required("private_key").and_then(Found::secret);
    let (certificate, private_key) = certificate.zip(private_key)?;
    fit(&certificate, &private_key)?;
    let authority = authority?;
    let identity = ClientIdentity::new(&authority.contents, &certificate.contents, &private_key.contents);
    let purposes = identity.as_ref().ok().and_then(|identity| identity.certificate().purposes);
    purposes.and_then(Purposes::concern_of_client).inspect(|concern| certificate.place.warn(concern));
    let files =
        IdentityFiles { ca: authority.path, certificate: certificate.path, private_key: private_key.path };
    Some((files, identity))
}

/// Whose certificates are believed.
pub(super) fn authorities(file: &NamedFile<'_>) -> Option<RootCertStore> {
    file.place.authorities(&file.contents);
    file.place.check(root_store(&file.contents))
}

/// One URL or a list of them.
fn decider_addresses(found: Found<'_>) -> Option<Vec<Address>> {
    let (place, mut read) = (found.place.clone(), Vec::<Address>::new());
    let mut complete = true;
    for found in found.one_or_list()? {
        let place = found.place.clone();
        match found.parse(|url| Address::parse(&url)) {
            Some(address) if read.iter().any(|other| other.is_same(&address)) => {
                place.wrong("is given twice: every decider needs an address of its own");
            }
            Some(address) => read.push(address),
            None => complete = false,
        }
    }
    if read.len() > MAX_ENDPOINTS {
        place.wrong(format!(
            "must be at most {MAX_ENDPOINTS}: give one name that resolves to several deciders"
        ));
    }
    complete.then_some(read)
}

/// One as long as the deadline would never come.
fn hedge_after(section: &mut Section<'_>, deadline: Duration) -> Field<Duration> {
    let decider = section.place.path.clone();
    let Some(found) = section.optional("hedge_after") else { return Field::Absent };
    let place = found.place.clone();
    let Some(after) = found.duration(MIN_HEDGE..=MAX_DEADLINE) else { return Field::Invalid };
    if after >= deadline {
        place.wrong(format!("must be shorter than {decider}.deadline ({deadline:?})"));
    }
    Field::Is(after)
}

fn address(found: Found<'_>) -> Option<SocketAddr> {
    found.parse(|text| text.parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:8443"))
}

fn server_tls(
    certificate: &NamedFile<'_>,
    key: &NamedFile<'_>,
    clients: Option<RootCertStore>,
) -> Option<ServerTls> {
    let certified = fit(certificate, key)?;
    let tls = certificate.place.check(ServerTls::new(certified, clients))?;
    let purposes = tls.certificate().purposes;
    purposes.and_then(Purposes::concern_of_server).inspect(|concern| certificate.place.warn(concern));
    Some(tls)
}

/// The key that belongs to the certificate; what is wrong is noted at the file it is wrong in.
fn fit(certificate: &NamedFile<'_>, key: &NamedFile<'_>) -> Option<CertifiedKey> {
    match certified_key(&certificate.contents, &key.contents) {
        Err(error @ TlsError::NoCertificate(_)) => certificate.place.check(Err(error)),
        fitting => key.place.check(fitting),
    }
}
