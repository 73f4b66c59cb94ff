//! One sub-path: its Co-signers, its wire mode, and how it answers.

use std::collections::HashSet;

use thiserror::Error;

use crate::{authenticate::CosignerKey, respond::ReplyKey};

/// Longest sub-path.
const MAX_SUB_PATH_BYTES: usize = 200;
/// Longest tenant.
const MAX_TENANT_BYTES: usize = 64;

/// One sub-path of one wire mode.
#[derive(Clone, Debug)]
pub struct CallbackPath {
    /// The path up to its fixed end.
    pub sub_path: SubPath,
    /// Whose policy, limits and ledger.
    pub tenant: Tenant,
    /// The form of requests and replies, and what is proven about the caller.
    pub mode: WireMode,
    /// The API users that may ask here, which no configuration change says it is of. `None`: any.
    pub signer_ids: Option<HashSet<String>>,
}

/// The two wire modes (callback protocol, section 1). A path is of one of them, and nothing of a request chooses.
#[derive(Clone, Debug)]
pub enum WireMode {
    /// Options 1, 4 and 5: a request is signed by a Co-signer, and its reply by us.
    Jwt(PathKeys),
    /// Options 2 and 3: plain JSON both ways. The caller is not proven; the listener's fence has let it in.
    Json,
}

impl WireMode {
    /// The keys, in the mode that has some.
    #[must_use]
    pub const fn keys(&self) -> Option<&PathKeys> {
        match self {
            Self::Jwt(keys) => Some(keys),
            Self::Json => None,
        }
    }

    /// What is proven about the caller of an answered request, in the decider's words.
    #[must_use]
    pub const fn caller_proof(&self) -> &'static str {
        match self {
            Self::Jwt(_) => "COSIGNER_SIGNATURE",
            Self::Json => "UNPROVEN",
        }
    }

    /// A word for logs and traces.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Jwt(_) => "jwt",
            Self::Json => "json",
        }
    }
}

/// The keys of one sub-path.
#[derive(Clone, Debug)]
pub struct PathKeys {
    /// The Co-signers that may ask here; at least one.
    pub cosigner_keys: Vec<CosignerKey>,
    /// The key that signs the replies.
    pub reply_key: ReplyKey,
}

impl CallbackPath {
    /// Whether a request of this API user belongs here.
    #[must_use]
    pub fn admits(&self, signer_id: Option<&str>) -> bool {
        match &self.signer_ids {
            None => true,
            Some(listed) => signer_id.is_some_and(|id| listed.contains(id)),
        }
    }
}

/// A callback's path up to its fixed suffix: empty, or `/` and a name, repeated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubPath(String);

/// Text that is not a sub-path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "must be empty or like /acme/hot: parts of letters, digits, \"-\", \"_\" and \".\", each after a \"/\", \
     at most {MAX_SUB_PATH_BYTES} bytes"
)]
pub struct SubPathError;

impl SubPath {
    /// The sub-path itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn with(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.0)
    }
}

impl TryFrom<String> for SubPath {
    type Error = SubPathError;

    fn try_from(text: String) -> Result<Self, SubPathError> {
        let part = |part: &str| {
            let named = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            named && !part.bytes().all(|byte| byte == b'.')
        };
        let usable = match text.strip_prefix('/') {
            None => text.is_empty(),
            Some(parts) => text.len() <= MAX_SUB_PATH_BYTES && parts.split('/').all(part),
        };
        if usable { Ok(Self(text)) } else { Err(SubPathError) }
    }
}

/// Whose policy, limits and ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant(String);

/// Text that is not a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be 1 to {MAX_TENANT_BYTES} of a-z, 0-9, \"-\" and \"_\"")]
pub struct TenantError;

impl Tenant {
    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Tenant {
    type Error = TenantError;

    fn try_from(text: String) -> Result<Self, TenantError> {
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let usable = (1..=MAX_TENANT_BYTES).contains(&text.len()) && text.bytes().all(named);
        if usable { Ok(Self(text)) } else { Err(TenantError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_paths_have_one_form() {
        for good in ["", "/acme", "/acme/hot-1", "/a_b/c.d"] {
            assert!(SubPath::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = format!("/{}", "x".repeat(MAX_SUB_PATH_BYTES));
        for bad in
            ["/", "acme", "/acme/", "//acme", "/{x}", "/a b", "/..", "/a/./b", "/é", "/a?b", "/%41", &long]
        {
            assert!(SubPath::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn tenants_have_one_form() {
        let (most, more) = ("t".repeat(64), "t".repeat(65));
        for (text, good) in [
            ("default", true),
            ("a-b_9", true),
            (most.as_str(), true),
            ("", false),
            ("A", false),
            ("a b", false),
            (more.as_str(), false),
        ] {
            assert_eq!(Tenant::try_from(text.to_owned()).is_ok(), good, "{text}");
        }
    }
}
