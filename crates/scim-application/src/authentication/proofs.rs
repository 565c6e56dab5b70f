//! Which tokens were shown to have which secrets: what bcrypt says is asked once.
//!
//! That a token's secret is the one of a hash, or is not, stays true for as long as there is the
//! hash: so it is remembered under both together, and nothing that happens to the credential makes
//! it wrong. Which hashes are good is read from the credential, each time.

use std::net::IpAddr;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use scim_domain::credential::BearerToken;
use scim_domain::identifier::CredentialId;
use scim_ports::{Clock, IdGenerator, Observer, PasswordError, PasswordHasher};
use sha2::Sha256;

use crate::cache::Cache;
use crate::cache::flights::Flights;

use super::attempts::Attempts;

/// The most tokens that are remembered to be right.
const PROVEN: usize = 50_000;
/// The most tokens that are remembered to be wrong. They are kept apart, so that they push out none that is right.
const DISPROVEN: usize = 10_000;

/// Hashes with a key that this process made up: who reads its memory finds no token, and nobody
/// outside can tell which tokens meet in a table.
struct KeyedHash(Hmac<Sha256>);

impl KeyedHash {
    fn new(ids: &dyn IdGenerator) -> Self {
        // A key that is shorter than SHA-256's block is filled up with zeros (RFC 2104 §2).
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(ids.secret()) {
            *to = from;
        }
        Self(Hmac::new(&block.into()))
    }

    fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// A token, and who shows it.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    /// The token as it was sent.
    pub(super) text: &'a str,
    /// What it says.
    pub(super) token: &'a BearerToken,
    /// Where it came from.
    pub(super) client_address: Option<IpAddr>,
}

/// What is known of tokens.
pub(super) struct Proofs {
    facts: Arc<Facts>,
    attempts: Arc<Attempts<CredentialId>>,
    under_way: Flights<Fact, Result<bool, PasswordError>>,
    passwords: Arc<dyn PasswordHasher>,
    clock: Arc<dyn Clock>,
    hash: KeyedHash,
    observer: Arc<dyn Observer>,
}

/// A token and a hash, hashed.
type Fact = [u8; 32];

struct Facts {
    proven: Cache<Fact, ()>,
    disproven: Cache<Fact, ()>,
}

impl Facts {
    fn len(&self) -> usize {
        self.proven.len().saturating_add(self.disproven.len())
    }

    fn get(&self, fact: &Fact) -> Option<bool> {
        let proven = self.proven.get(fact).map(|_| true);
        proven.or_else(|| self.disproven.get(fact).map(|_| false))
    }
}

impl Proofs {
    pub(super) fn new(
        passwords: Arc<dyn PasswordHasher>,
        ids: &dyn IdGenerator,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            facts: Arc::new(Facts { proven: Cache::new(PROVEN), disproven: Cache::new(DISPROVEN) }),
            attempts: Arc::new(Attempts::new()),
            under_way: Flights::new(),
            passwords,
            clock,
            hash: KeyedHash::new(ids),
            observer,
        }
    }

    /// Whether `secret_hash` is of the token's secret, where that is known already.
    pub(super) fn known(&self, claim: Claim<'_>, secret_hash: &str) -> Option<bool> {
        self.facts.get(&self.fact(claim, secret_hash))
    }

    /// Whether `secret_hash` is of the token's secret. Of several that ask at once for the same token
    /// one computes. Who was wrong too often is told so unheard.
    ///
    /// # Errors
    /// [`PasswordError::Busy`]
    pub(super) async fn verify(&self, claim: Claim<'_>, secret_hash: &str) -> Result<bool, PasswordError> {
        let fact = self.fact(claim, secret_hash);
        if let Some(known) = self.facts.get(&fact) {
            return Ok(known);
        }
        match self.under_way.join_or_start(fact, || self.verification(fact, claim, secret_hash)) {
            Some(flight) => flight.await,
            None => Ok(false),
        }
    }

    /// The work that finds it out, if one more attempt may be made, which it uses up.
    fn verification(
        &self,
        fact: Fact,
        claim: Claim<'_>,
        secret_hash: &str,
    ) -> Option<impl Future<Output = Result<bool, PasswordError>> + Send + use<>> {
        let (credential, address) = (claim.token.credential, claim.client_address);
        if !self.attempts.admit(credential, address, self.clock.now()) {
            return None;
        }
        let (facts, attempts) = (Arc::clone(&self.facts), Arc::clone(&self.attempts));
        let (passwords, clock) = (Arc::clone(&self.passwords), Arc::clone(&self.clock));
        let observer = Arc::clone(&self.observer);
        let (secret, secret_hash) = (claim.token.secret.text(), secret_hash.to_owned());
        Some(async move {
            // Another may have landed just before this one took off.
            let verified = match facts.get(&fact) {
                Some(known) => Ok(known),
                None => passwords.password_verify(&secret, &secret_hash).await,
            };
            match verified {
                Ok(true) => facts.proven.put(fact, (), clock.now()),
                Ok(false) => facts.disproven.put(fact, (), clock.now()),
                Err(_) => {}
            }
            observer.credentials_cached(facts.len());
            // Only who is wrong has used up an attempt.
            if verified != Ok(false) {
                attempts.give_back(credential, address);
            }
            verified
        })
    }

    fn fact(&self, claim: Claim<'_>, secret_hash: &str) -> Fact {
        // Every token has the same length, so that the two are not mixed up.
        self.hash.of(&[claim.text.as_bytes(), secret_hash.as_bytes()])
    }
}
