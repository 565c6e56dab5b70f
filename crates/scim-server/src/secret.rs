//! The operator's secret, and the keys that are made from it.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// 256 random bits.
pub(crate) fn random() -> anyhow::Result<SecretString> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("the system has no random numbers")?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
}

/// A key for the use that `label` names: HKDF with SHA-256 (RFC 5869), without salt. Servers that
/// have one secret have one key.
pub(crate) fn derive_key(secret: &SecretString, label: &str) -> [u8; 32] {
    let extracted = hmac(&[0; 32], &[secret.expose_secret().as_bytes()]);
    hmac(&extracted, &[label.as_bytes(), &[1]])
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key that is shorter than SHA-256's block is filled up with zeros (RFC 2104 §2).
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_rfc_5869() {
        // Its test case 3: no salt and no info; the first 32 bytes of the output.
        let input = [0x0b_u8; 22];
        let extracted = hmac(&[0; 32], &[&input]);
        let key = hmac(&extracted, &[b"", &[1]]);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    }

    #[test]
    fn a_key_depends_on_the_secret_and_the_label() {
        let (one, other) = (SecretString::from("one"), SecretString::from("other"));
        assert_eq!(derive_key(&one, "a"), derive_key(&one, "a"));
        assert_ne!(derive_key(&one, "a"), derive_key(&one, "b"));
        assert_ne!(derive_key(&one, "a"), derive_key(&other, "a"));
    }

    #[test]
    fn random_secrets_are_long_enough_to_be_set() {
        let secret = random().expect("random");
        assert_eq!(secret.expose_secret().len(), 43);
        assert_ne!(secret.expose_secret(), random().expect("random").expose_secret());
    }
}
