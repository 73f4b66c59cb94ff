//! What is to be said of certificates and keys that can be used, and soon cannot, or should not be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use policy::time::Time;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::grants::certificate::{Facts, facts};
use crate::grpc::TlsFiles;
use crate::policy_file::warnings::Warning;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// So many days before its end a certificate is warned of.
const WARNING_DAYS: i64 = 30;
/// The mode by which everybody on the machine may read a file.
const READABLE_BY_ALL: u32 = 0o004;

/// Of the three files, at a time. What cannot be read is a mistake, and told as one.
pub fn of(files: &TlsFiles, now: Time) -> Vec<Warning> {
    let now = now.as_seconds();
    let of = |file: &Path, concern: String| Warning {
        file: file.display().to_string(),
        line: None,
        column: None,
        message: concern,
    };
    let own = certificates(&files.certificate).into_iter().take(1).filter_map(|facts| of_time(facts, now));
    let key = of_key(&files.private_key).into_iter();
    let authorities = certificates(&files.client_ca).into_iter();
    let authorities = authorities.flat_map(|facts| [of_authority(facts), of_time(facts, now)]).flatten();
    own.map(|concern| of(&files.certificate, concern))
        .chain(key.map(|concern| of(&files.private_key, concern)))
        .chain(authorities.map(|concern| of(&files.client_ca, concern)))
        .collect()
}

fn certificates(path: &Path) -> Vec<Facts> {
    let read = CertificateDer::pem_file_iter(path).into_iter().flatten().flatten();
    read.filter_map(|certificate| facts(&certificate)).collect()
}

fn of_time(Facts { not_before, not_after, .. }: Facts, now: i64) -> Option<String> {
    let (from, to) = (day(not_before), day(not_after));
    match not_after.saturating_sub(now).div_euclid(DAY_SECONDS) {
        ..0 => Some(format!("this certificate has expired ({to}): renew it")),
        _ if now < not_before => {
            Some(format!("this certificate does not hold before {from}: is the machine's clock right?"))
        }
        left @ ..=WARNING_DAYS => Some(format!("this certificate expires in {left} days ({to}): renew it")),
        _ => None,
    }
}

fn of_authority(facts: Facts) -> Option<String> {
    let concern = "this certificate is no authority's (CA:TRUE is missing): the authority that signs the clients' \
                   certificates belongs here";
    (!facts.is_authority).then(|| concern.into())
}

fn of_key(path: &Path) -> Option<String> {
    let mode = path.metadata().ok()?.permissions().mode();
    let concern =
        || format!("everybody on this machine may read this key (mode {:03o}): chmod 600", mode & 0o777);
    (mode & READABLE_BY_ALL != 0).then(concern)
}

fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "no date".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn an_end_is_told_a_month_before_and_a_beginning_until_it_comes() {
        let facts = Facts { not_before: 0, not_after: 400 * DAY_SECONDS, is_authority: true };
        let at = |days: i64, seconds: i64| of_time(facts, days * DAY_SECONDS + seconds).unwrap_or_default();
        assert_snapshot!(at(0, -1), @"this certificate does not hold before 1970-01-01T00:00:00Z: is the machine's clock right?");
        assert_eq!((at(0, 0), at(369, 0)), (String::new(), String::new()));
        assert_snapshot!(at(369, 1), @"this certificate expires in 30 days (1971-02-05T00:00:00Z): renew it");
        assert_snapshot!(at(400, 0), @"this certificate expires in 0 days (1971-02-05T00:00:00Z): renew it");
        assert_snapshot!(at(400, 1), @"this certificate has expired (1971-02-05T00:00:00Z): renew it");
    }
}
