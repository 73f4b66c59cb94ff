//! The first message of a TLS handshake, as no library would write it any more (RFC 8446, section 4.1.2).

use serde::Deserialize;

use super::text::bytes;

const HANDSHAKE_RECORD: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// A ClientHello. Numbers are hexadecimal text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Version of the record: `0301`.
    #[serde(default = "tls_1_0")]
    record: String,
    /// Version of the message.
    version: String,
    /// `supported_versions`. Empty: no such extension.
    #[serde(default)]
    versions: String,
    /// Cipher suites.
    suites: String,
    /// Name of the server, as bytes. Empty: no such extension.
    #[serde(default)]
    name: String,
    /// Bytes that are cut off the end of the record.
    #[serde(default)]
    cut: usize,
}

fn tls_1_0() -> String {
    "0301".to_owned()
}

impl Hello {
    /// The message in its record.
    pub fn record(&self) -> Vec<u8> {
        let mut message = vec![CLIENT_HELLO, 0];
        message.extend(counted(&self.body()));
        let mut record = vec![HANDSHAKE_RECORD];
        record.extend(bytes(&self.record));
        record.extend(counted(&message));
        record.truncate(record.len() - self.cut);
        record
    }

    fn body(&self) -> Vec<u8> {
        let mut body = bytes(&self.version);
        // Anything serves as a random number, and there is no session to resume.
        body.extend([7; 32]);
        body.push(0);
        body.extend(counted(&bytes(&self.suites)));
        body.extend([1, 0]);
        body.extend(counted(&self.extensions()));
        body
    }

    fn extensions(&self) -> Vec<u8> {
        const SERVER_NAME: u16 = 0;
        const GROUPS: u16 = 10;
        const SIGNATURES: u16 = 13;
        const VERSIONS: u16 = 43;
        let mut all = extension(GROUPS, &counted(&bytes("0017 001d")));
        all.extend(extension(SIGNATURES, &counted(&bytes("0403 0804 0401 0201"))));
        if !self.name.is_empty() {
            let mut entry = vec![0];
            entry.extend(counted(&bytes(&self.name)));
            all.extend(extension(SERVER_NAME, &counted(&entry)));
        }
        if !self.versions.is_empty() {
            let versions = bytes(&self.versions);
            let mut list = vec![u8::try_from(versions.len()).unwrap()];
            list.extend(versions);
            all.extend(extension(VERSIONS, &list));
        }
        all
    }
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &counted(data)].concat()
}

/// With its length in two bytes before it.
fn counted(data: &[u8]) -> Vec<u8> {
    [&u16::try_from(data.len()).unwrap().to_be_bytes()[..], data].concat()
}
