//! The algorithms that a trusted issuer's tokens may be signed with (RFC 7518 §3.1, RFC 8037).

use crate::input::{Field, InputError as ConfigError};
use crate::keyword::keywords;

/// A signature algorithm. All of them are asymmetric: a key that checks a signature cannot make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JwtAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512
    Rs512,
    /// RSASSA-PSS with SHA-256
    Ps256,
    /// ECDSA with P-256 and SHA-256
    Es256,
    /// ECDSA with P-384 and SHA-384
    Es384,
    /// Ed25519
    EdDsa,
}

keywords!(JwtAlgorithm {
    Rs256 = "RS256",
    Rs384 = "RS384",
    Rs512 = "RS512",
    Ps256 = "PS256",
    Es256 = "ES256",
    Es384 = "ES384",
    EdDsa = "EdDSA",
});

impl JwtAlgorithm {
    /// Every algorithm.
    pub(super) fn every() -> Vec<Self> {
        Self::ALL.iter().map(|(_, algorithm)| *algorithm).collect()
    }

    /// The algorithms of an array of names, each once.
    pub(super) fn read_all(field: &Field<'_>) -> Result<Vec<Self>, ConfigError> {
        let mut algorithms = Vec::new();
        for item in field.items(&(1..=Self::ALL.len()))? {
            if item.value().as_str().is_some_and(|name| name.starts_with("HS")) {
                return Err(item.refuse(
                    "HMAC is not taken from an issuer: whoever can check such a token can make one",
                ));
            }
            let algorithm = item.keyword(Self::ALL)?;
            if algorithms.contains(&algorithm) {
                return Err(item.refuse("occurs twice"));
            }
            algorithms.push(algorithm);
        }
        Ok(algorithms)
    }
}
