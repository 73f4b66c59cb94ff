//! Warnings about certificates and keys that can be used, and soon cannot, or should not be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use policy::time::Time;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::grants::certificate::{Facts, facts};
use crate::grpc::TlsFiles;
use crate::yaml::Warning;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// So many days before its end a certificate is warned of.
const WARNING_DAYS: i64 = 30;
/// What a file's mode says of its owner, its group and everybody.
const PERMISSIONS: u32 = 0o777;
/// Those that are warned of: others may do anything with the key, or its group more than read it. A group that may read
/// it is how secrets are mounted for a process that does not own them. The edge has the same rule.
const TOO_OPEN: u32 = 0o037;

/// Of the three files, at a time. What cannot be read is a mistake, and reported as one.
pub fn collect(files: &TlsFiles, now: Time) -> Vec<Warning> {
    let now = now.as_seconds();
    let of = |file: &Path, message: String| Warning {
        file: file.display().to_string(),
        line: None,
        column: None,
        message,
    };
    let own = certificates(&files.certificate).into_iter().take(1).filter_map(|facts| of_time(facts, now));
    let key = of_key(&files.private_key).into_iter();
    let authorities = certificates(&files.client_ca).into_iter();
    let authorities = authorities.flat_map(|facts| [of_authority(facts), of_time(facts, now)]).flatten();
    own.map(|message| of(&files.certificate, message))
        .chain(key.map(|message| of(&files.private_key, message)))
        .chain(authorities.map(|message| of(&files.client_ca, message)))
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
            Some(format!("this certificate is not valid before {from}: is the machine's clock right?"))
        }
        left @ ..=WARNING_DAYS => Some(format!("this certificate expires in {left} days ({to}): renew it")),
        _ => None,
    }
}

fn of_authority(facts: Facts) -> Option<String> {
    let message = "this certificate is no authority's (CA:TRUE is missing): the authority that signs the clients' \
                   certificates belongs here";
    (!facts.is_authority).then(|| message.into())
}

fn of_key(path: &Path) -> Option<String> {
    let mode = path.metadata().ok()?.permissions().mode();
    (mode & TOO_OPEN != 0).then(|| {
        let mode = mode & PERMISSIONS;
        format!("this key is open to more than its owner and readers of its group (mode {mode:03o}): chmod g-wx,o=")
    })
}

fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "no date".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn an_end_is_told_a_month_before_and_a_beginning_until_it_comes() {
        let facts = Facts { not_before: 0, not_after: 400 * DAY_SECONDS, is_authority: true };
        let at = |days: i64, seconds: i64| of_time(facts, days * DAY_SECONDS + seconds).unwrap_or_default();
        assert_snapshot!(at(0, -1), @"this certificate is not valid before 1970-01-01T00:00:00Z: is the machine's clock right?");
        assert_eq!((at(0, 0), at(369, 0)), (String::new(), String::new()));
        assert_snapshot!(at(369, 1), @"this certificate expires in 30 days (1971-02-05T00:00:00Z): renew it");
        assert_snapshot!(at(400, 0), @"this certificate expires in 0 days (1971-02-05T00:00:00Z): renew it");
        assert_snapshot!(at(400, 1), @"this certificate has expired (1971-02-05T00:00:00Z): renew it");
    }

    #[test]
    fn a_key_is_warned_of_where_others_may_touch_it_or_its_group_may_do_more_than_read() {
        let key = tempfile::NamedTempFile::new().unwrap();
        let warned = |mode| {
            std::fs::set_permissions(key.path(), Permissions::from_mode(mode)).unwrap();
            of_key(key.path())
        };
        for mode in [0o600, 0o400, 0o640, 0o440] {
            assert_eq!(warned(mode), None, "{mode:o}");
        }
        for mode in [0o644, 0o602, 0o601, 0o620, 0o610] {
            assert!(warned(mode).is_some(), "{mode:o}");
        }
        assert_snapshot!(warned(0o664).unwrap_or_default(), @"this key is open to more than its owner and readers of its group (mode 664): chmod g-wx,o=");
    }
}
