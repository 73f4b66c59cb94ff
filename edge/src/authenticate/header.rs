//! The header of a token: nothing in it chooses how it is verified.

use serde::Deserialize;
use thiserror::Error;

/// The only algorithm a Co-signer uses.
const ALGORITHM: &str = "RS256";
/// White space of JSON.
const WHITE_SPACE: [u8; 4] = *b" \t\n\r";

/// A header we do not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// Not a JSON object of `alg`, `typ` and `kid`, each at most once. Other members change how a token is to be
    /// read (`crit`, `b64`, `zip`) or offer a key (`jwk`, `jku`, `x5c`, `x5u`).
    #[error("the header is not an object of alg, typ and kid alone")]
    Members,
    /// `alg` is not exactly RS256.
    #[error("the algorithm is not {ALGORITHM}")]
    Algorithm,
}

/// Unknown and repeated members are errors of the derived reader.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    /// Ignored: Co-signers write the same into all their tokens, so it tells none from another.
    #[serde(rename = "typ")]
    _typ: Option<String>,
    /// Ignored: no key is ever fetched or chosen because of it.
    #[serde(rename = "kid")]
    _kid: Option<String>,
}

pub(super) fn check(json: &[u8]) -> Result<(), HeaderError> {
    // The derived reader would take a list of the three values as well.
    if json.iter().find(|byte| !WHITE_SPACE.contains(byte)) != Some(&b'{') {
        return Err(HeaderError::Members);
    }
    let header: Header = serde_json::from_slice(json).map_err(|_| HeaderError::Members)?;
    if header.alg == ALGORITHM { Ok(()) } else { Err(HeaderError::Algorithm) }
}

#[cfg(test)]
mod tests {
    use super::{HeaderError::*, *};

    #[test]
    fn only_three_members_and_one_algorithm() {
        let long = format!(r#"{{"alg":"RS256","typ":"{}"}}"#, "J".repeat(1000));
        let cases = [
            (r#"{"typ":"JWT","alg":"RS256"}"#, Ok(())),
            (r#"{"alg":"RS256","typ":"JWT"}"#, Ok(())),
            (r#"{"alg":"RS256"}"#, Ok(())),
            (r#"{"alg":"RS256","typ":"at+jwt","kid":"any"}"#, Ok(())),
            (r#"{"alg":"none"}"#, Err(Algorithm)),
            (r#"{"alg":"None"}"#, Err(Algorithm)),
            (r#"{"alg":"rs256"}"#, Err(Algorithm)),
            (r#"{"alg":"RS256 "}"#, Err(Algorithm)),
            (r#"{"alg":"HS256"}"#, Err(Algorithm)),
            (r#"{"alg":"RS384"}"#, Err(Algorithm)),
            (r#"{"alg":"RS512"}"#, Err(Algorithm)),
            (r#"{"alg":"PS256"}"#, Err(Algorithm)),
            (r#"{"alg":"ES256"}"#, Err(Algorithm)),
            (r#"{"alg":"EdDSA"}"#, Err(Algorithm)),
            (r#"{"alg":""}"#, Err(Algorithm)),
            (r#"{"typ":"JWT"}"#, Err(Members)),
            (r#"{"alg":null}"#, Err(Members)),
            (r#"{"alg":["RS256"]}"#, Err(Members)),
            (r#"{"alg":"RS256","alg":"RS256"}"#, Err(Members)),
            (r#"{"alg":"none","alg":"RS256"}"#, Err(Members)),
            (r#"{"alg":"RS256","crit":["b64"]}"#, Err(Members)),
            (r#"{"alg":"RS256","crit":[]}"#, Err(Members)),
            (r#"{"alg":"RS256","jwk":{"kty":"RSA"}}"#, Err(Members)),
            (r#"{"alg":"RS256","jku":"https://x"}"#, Err(Members)),
            (r#"{"alg":"RS256","x5c":["MII"]}"#, Err(Members)),
            (r#"{"alg":"RS256","x5u":"https://x"}"#, Err(Members)),
            (r#"{"alg":"RS256","x5t#S256":"x"}"#, Err(Members)),
            (r#"{"alg":"RS256","zip":"DEF"}"#, Err(Members)),
            (r#"{"alg":"RS256","b64":false}"#, Err(Members)),
            (r#"{"alg":"RS256","cty":"JWT"}"#, Err(Members)),
            (r#"{"alg":"RS256","kid":1}"#, Err(Members)),
            (r#"{"alg":"RS256","typ":7}"#, Err(Members)),
            (r#"{"alg":"RS256"} "x""#, Err(Members)),
            (r#"["RS256","JWT",null]"#, Err(Members)),
            (r#"[]"#, Err(Members)),
            ("", Err(Members)),
            (&long, Ok(())),
            (" \t\n\r{ \"alg\" : \"RS256\" }\n", Ok(())),
            ("\u{a0}{\"alg\":\"RS256\"}", Err(Members)),
            ("\u{c}{\"alg\":\"RS256\"}", Err(Members)),
            ("\u{feff}{\"alg\":\"RS256\"}", Err(Members)),
            (r#" ["RS256","JWT",null]"#, Err(Members)),
            (" ", Err(Members)),
        ];
        for (json, expected) in cases {
            assert_eq!(check(json.as_bytes()), expected, "{json}");
        }
    }
}
