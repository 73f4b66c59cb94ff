//! The public halves of what a configuration names, and of single files.

use std::{fmt, path::Path, process::ExitCode};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, pem::PemObject as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::encoding::public_pem;
use crate::{
    app::outcome::{EXIT_CONFIG, Output, print, say, tell},
    callback_handler::{CallbackPath, PathKeys},
    certificate::{Certificate, day},
    clock::{Clock as _, SystemClock},
    config::Config,
    fingerprint::fingerprint,
    respond::ReplyKey,
};

/// Shows all keys and certificates of a configuration.
pub(super) fn config(file: &Path, output: Output) -> ExitCode {
    match Config::load(file) {
        Ok(config) => show(&Shown::new(&config, SystemClock.unix_seconds()), output),
        Err(mistakes) => {
            tell(&mistakes);
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

/// Shows what one file holds.
pub(super) fn file(file: &Path, output: Output) -> ExitCode {
    let read = crate::file::read(file).map_err(|error| format!("cannot be read: {error}"));
    match read.and_then(|pem| PemFile::read(&pem, SystemClock.unix_seconds())) {
        Ok(PemFile::Key(key)) => show(&key, output),
        Ok(PemFile::Certificate(certificate)) => show(&certificate, output),
        Err(problem) => {
            say(format_args!("edge: {} {problem}", file.display()));
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

fn show(what: &(impl Serialize + fmt::Display), output: Output) -> ExitCode {
    match output {
        Output::Text => print(what, ExitCode::SUCCESS),
        Output::Json => print(format_args!("{}\n", serde_json::json!(what)), ExitCode::SUCCESS),
    }
}

/// All that a configuration names.
#[derive(Debug, Serialize)]
struct Shown {
    paths: Vec<PathShown>,
    certificates: Vec<CertificateShown>,
}

#[derive(Debug, Serialize)]
struct PathShown {
    sub_path: String,
    tenant: String,
    reply_key: KeyShown,
    cosigner_keys: Vec<KeyShown>,
}

#[derive(Debug, Serialize)]
struct KeyShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
    fingerprint_sha256: String,
    public_key: String,
}

#[derive(Debug, Serialize)]
struct CertificateShown {
    /// The part of the configuration that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    subject: String,
    names: Vec<String>,
    not_before: String,
    not_after: String,
    days_left: i64,
    public_key_fingerprint_sha256: String,
    /// The same in base64, as pins are often written.
    public_key_pin_sha256: String,
}

/// What one file may hold.
#[derive(Debug)]
enum PemFile {
    Key(KeyShown),
    Certificate(CertificateShown),
}

impl PemFile {
    fn read(pem: &[u8], now_seconds: i64) -> Result<Self, String> {
        if let Ok(certificate) = CertificateDer::from_pem_slice(pem) {
            let certificate = Certificate::read(&certificate).map_err(|error| error.to_string())?;
            return Ok(Self::Certificate(CertificateShown::new(None, &certificate, now_seconds)));
        }
        if let Ok(public) = SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            return Ok(Self::Key(KeyShown::new(None, &public)));
        }
        let key = ReplyKey::from_pem(pem).map_err(|error| error.to_string())?;
        Ok(Self::Key(KeyShown::new(Some(key.algorithm().as_str()), key.public_key())))
    }
}

impl Shown {
    fn new(config: &Config, now_seconds: i64) -> Self {
        let paths = config.fleets.iter().flat_map(|fleet| &fleet.paths).filter_map(PathShown::new);
        let certificates = config.certificates();
        let certificates = certificates.map(|(of, each)| CertificateShown::new(Some(of), each, now_seconds));
        Self { paths: paths.collect(), certificates: certificates.collect() }
    }
}

impl PathShown {
    fn new(path: &CallbackPath) -> Option<Self> {
        let PathKeys { reply_key, cosigner_keys } = path.mode.keys()?;
        Some(Self {
            sub_path: path.sub_path.as_str().to_owned(),
            tenant: path.tenant.as_str().to_owned(),
            reply_key: KeyShown::new(Some(reply_key.algorithm().as_str()), reply_key.public_key()),
            // A Co-signer has one algorithm (callback protocol, section 3.3).
            cosigner_keys: cosigner_keys
                .iter()
                .map(|key| KeyShown::new(Some("RS256"), key.public_key()))
                .collect(),
        })
    }
}

impl KeyShown {
    fn new(algorithm: Option<&'static str>, public_key: &[u8]) -> Self {
        Self { algorithm, fingerprint_sha256: fingerprint(public_key), public_key: public_pem(public_key) }
    }

    /// Algorithm and fingerprint.
    fn line(&self) -> String {
        let algorithm = self.algorithm.map(|algorithm| format!("{algorithm}, ")).unwrap_or_default();
        format!("{algorithm}SHA-256 {}", self.fingerprint_sha256)
    }
}

impl CertificateShown {
    fn new(of: Option<String>, certificate: &Certificate, now_seconds: i64) -> Self {
        Self {
            of,
            subject: certificate.subject.clone(),
            names: certificate.names.clone(),
            not_before: day(certificate.not_before_seconds),
            not_after: day(certificate.not_after_seconds),
            days_left: certificate.days_left(now_seconds),
            public_key_fingerprint_sha256: fingerprint(&certificate.public_key),
            public_key_pin_sha256: STANDARD.encode(Sha256::digest(&certificate.public_key)),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &self.paths {
            writeln!(f, "{path}")?;
        }
        self.certificates.iter().try_for_each(|certificate| write!(f, "{certificate}"))
    }
}

impl fmt::Display for PathShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "path \"{}\", tenant {}", self.sub_path, self.tenant)?;
        for key in &self.cosigner_keys {
            writeln!(f, "  requests  {}", key.line())?;
        }
        writeln!(f, "  replies   {}", self.reply_key.line())?;
        writeln!(f, "  for the callback handler in the Console:")?;
        write!(f, "{}", self.reply_key.public_key)
    }
}

impl fmt::Display for KeyShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.line(), self.public_key)
    }
}

impl fmt::Display for CertificateShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "certificate of {}", self.of.as_deref().unwrap_or("this file"))?;
        writeln!(f, "  subject   {}", self.subject)?;
        writeln!(f, "  names     {}", self.names.join(", "))?;
        writeln!(f, "  holds     {} to {} ({} days left)", self.not_before, self.not_after, self.days_left)?;
        writeln!(f, "  key       SHA-256 {}", self.public_key_fingerprint_sha256)?;
        writeln!(f, "  pin       {}", self.public_key_pin_sha256)
    }
}

#[cfg(test)]
mod tests;
