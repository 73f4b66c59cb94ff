//! A certificate authority of this directory's own, and the certificates of the two services, and of the edge
//! and another service as clients of the decider.

use std::net::IpAddr;
use std::path::Path;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use super::{Error, files};

/// For how long certificates are valid, from yesterday on.
const VALID_YEARS: i64 = 10;
const AUTHORITY_NAME: &str = "Countersign demo authority";
/// Every certificate is good for this machine and no other, unless it is said.
const SUBJECT_NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
/// Servers, and clients with the name that the decider grants them something by.
const IDENTITIES: [(&str, Option<&str>); 4] = [
    ("edge", None),
    ("decider", None),
    ("edge-client", Some("spiffe://countersign.demo/edge")),
    ("service", Some("spiffe://countersign.demo/service")),
];

/// Makes the decider's certificate good for another address too.
pub fn add_address(directory: &Path, address: IpAddr) -> Result<(), Error> {
    let (certificate, key) = (directory.join("decider.crt"), directory.join("decider.key"));
    let failed = |source| Error::Certificate { path: certificate.clone(), source };
    let pair = KeyPair::from_pem(&files::read(&key)?).map_err(failed)?;
    let mut params = leaf("decider", None).map_err(failed)?;
    params.subject_alt_names.push(SanType::IpAddress(address));
    let renewed = params.signed_by(&pair, &authority(directory)?).map_err(failed)?;
    files::replace(&certificate, renewed.pem().as_bytes())
}

/// Creates what is missing of the authority and of the identities in this directory.
pub fn create(directory: &Path) -> Result<(), Error> {
    let authority = authority(directory)?;
    for (identity, client) in IDENTITIES {
        let (certificate, key) =
            (directory.join(format!("{identity}.crt")), directory.join(format!("{identity}.key")));
        if is_missing(&certificate, &key)? {
            let failed = |source| Error::Certificate { path: certificate.clone(), source };
            let pair = KeyPair::generate().map_err(failed)?;
            let leaf = leaf(identity, client).and_then(|params| params.signed_by(&pair, &authority));
            files::create_secret(&key, pair.serialize_pem().as_bytes())?;
            files::create(&certificate, leaf.map_err(failed)?.pem().as_bytes())?;
        }
    }
    Ok(())
}

fn authority(directory: &Path) -> Result<Issuer<'static, KeyPair>, Error> {
    let (certificate, key) = (directory.join("ca.pem"), directory.join("ca.key"));
    let failed = |source| Error::Certificate { path: key.clone(), source };
    let params = authority_params().map_err(failed)?;
    if !is_missing(&certificate, &key)? {
        return Ok(Issuer::new(params, KeyPair::from_pem(&files::read(&key)?).map_err(failed)?));
    }
    // Certificates of an authority that is gone would be trusted by nobody.
    if let Some((identity, _)) =
        IDENTITIES.iter().find(|(name, _)| directory.join(format!("{name}.crt")).exists())
    {
        let present = directory.join(format!("{identity}.crt"));
        return Err(Error::HalfMissing { missing: certificate, present });
    }
    let pair = KeyPair::generate().map_err(failed)?;
    let signed = params.self_signed(&pair).map_err(failed)?;
    files::create_secret(&key, pair.serialize_pem().as_bytes())?;
    files::create(&certificate, signed.pem().as_bytes())?;
    Ok(Issuer::new(params, pair))
}

fn authority_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = named(AUTHORITY_NAME, Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf(identity: &str, client: Option<&str>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = named(identity, SUBJECT_NAMES.map(str::to_owned).to_vec())?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    match client {
        Some(id) => {
            params.subject_alt_names.push(SanType::URI(id.try_into()?));
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        None => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
    }
    Ok(params)
}

fn named(common_name: &str, subject_names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(subject_names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let midnight = |date: Date| {
        let (year, month, day) = (date.year(), date.month(), date.day());
        date_time_ymd(year.into(), month.unsigned_abs(), day.unsigned_abs())
    };
    params.not_before = midnight(today.saturating_sub(1.day()));
    params.not_after = midnight(today.saturating_add(VALID_YEARS.years()));
    Ok(params)
}

/// Both files or neither.
fn is_missing(certificate: &Path, key: &Path) -> Result<bool, Error> {
    let half = |missing: &Path, present: &Path| {
        Err(Error::HalfMissing { missing: missing.to_owned(), present: present.to_owned() })
    };
    match (certificate.exists(), key.exists()) {
        (true, true) => Ok(false),
        (false, false) => Ok(true),
        (true, false) => half(key, certificate),
        (false, true) => half(certificate, key),
    }
}
