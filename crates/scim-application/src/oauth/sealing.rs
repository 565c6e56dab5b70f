//! Sealing of what is stored and has to be read back.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

const NONCE_LENGTH: usize = 24;

/// Seals with XChaCha20-Poly1305 under one key, which the replicas of a server share
/// (`ENCRYPTION_KEY`). What is sealed opens only under the name that it was sealed for.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    /// A sealer with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(key)) }
    }

    /// The nonce and the sealed plaintext. `nonce` is random, and used once. `None` only for a
    /// plaintext of more than 256 GiB.
    pub(crate) fn seal(&self, name: &str, plaintext: &[u8], nonce: [u8; NONCE_LENGTH]) -> Option<Vec<u8>> {
        let payload = Payload { msg: plaintext, aad: name.as_bytes() };
        let mut sealed = nonce.to_vec();
        sealed.extend(self.cipher.encrypt(&XNonce::from(nonce), payload).ok()?);
        Some(sealed)
    }

    /// What was sealed for `name`; `None` for what was not, or with another key.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_name_and_key_only() {
        let sealer = Sealer::new([1; 32]);
        let sealed = sealer.seal("a", b"secret", [2; 24]).expect("sealed");
        assert_eq!(sealer.open("a", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(sealer.open("b", &sealed), None);
        assert_eq!(Sealer::new([3; 32]).open("a", &sealed), None);
        assert_eq!(sealer.open("a", &sealed[1..]), None);
        assert_eq!(sealer.open("a", &sealed[..10]), None);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }
}
