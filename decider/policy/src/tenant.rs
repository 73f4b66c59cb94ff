//! What a tenant is called.

/// The longest name of a tenant, in bytes.
pub const MAX_TENANT_BYTES: usize = 64;

/// No request can be for this tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a valid tenant: use 1 to {MAX_TENANT_BYTES} characters a-z, 0-9, \"-\" and \"_\"")]
pub struct TenantError(String);

/// Whether a tenant can be called so: a short plain word.
///
/// # Errors
/// It cannot.
pub fn check_tenant(name: &str) -> Result<(), TenantError> {
    let fits = (1..=MAX_TENANT_BYTES).contains(&name.len()) && is_plain(name);
    if fits { Ok(()) } else { Err(TenantError(name.escape_debug().take(MAX_TENANT_BYTES).collect())) }
}

/// Whether a tenant's name has no characters but those that it may have.
pub fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_short_plain_word() {
        for name in ["a", "json", "tenant-7_b", &"x".repeat(MAX_TENANT_BYTES)] {
            assert_eq!(check_tenant(name), Ok(()), "{name}");
        }
        for name in ["", "Json", "a b", "a.b", "*", "ä", &"x".repeat(MAX_TENANT_BYTES + 1)] {
            assert!(check_tenant(name).is_err(), "{name}");
        }
    }
}
