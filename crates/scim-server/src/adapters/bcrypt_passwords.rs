//! Password hashes by bcrypt.

use std::sync::Arc;

use async_trait::async_trait;
use bcrypt::{BcryptError, non_truncating_hash};
use scim_ports::{PasswordError, PasswordHasher};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// The most bytes of a password that bcrypt takes into account: 72, of which one ends the password.
const LIMIT: usize = 71;
/// The most hashes that may wait for each one that is being computed: at tens of milliseconds each,
/// whoever came later would wait for seconds.
const WAITING_FOR_EACH: usize = 32;

/// Hashes with bcrypt, on threads of their own, as many at a time as there are processors.
pub struct BcryptPasswords {
    cost: u32,
    computing: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl BcryptPasswords {
    /// The cost for use in earnest: each step doubles the time that a hash takes.
    pub const COST: u32 = 12;

    /// Hashes at `cost`, 4 to 31.
    pub fn new(cost: u32) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            cost,
            computing: Arc::new(Semaphore::new(processors)),
            admitted: Arc::new(Semaphore::new(processors.saturating_mul(WAITING_FOR_EACH))),
        }
    }
}

impl BcryptPasswords {
    /// Runs `work` on a thread of its own, when it is its turn.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_full| PasswordError::Busy)?;
        let computing =
            Arc::clone(&self.computing).acquire_owned().await.map_err(|_closed| PasswordError::Busy)?;
        // The permits go with the work: a request that is given up does not end its hash.
        let computed = spawn_blocking(move || {
            let computed = work();
            drop((admitted, computing));
            computed
        });
        computed.await.map_err(|_panicked| PasswordError::Busy)
    }
}

#[async_trait]
impl PasswordHasher for BcryptPasswords {
    async fn password_hash(&self, password: &str) -> Result<String, PasswordError> {
        let too_long = PasswordError::TooLong { limit: LIMIT };
        if password.len() > LIMIT {
            return Err(too_long);
        }
        let (password, cost) = (password.to_owned(), self.cost);
        match self.compute(move || non_truncating_hash(password, cost)).await? {
            Ok(hash) => Ok(hash),
            Err(BcryptError::Truncation(_)) => Err(too_long),
            Err(_) => Err(PasswordError::Busy),
        }
    }

    async fn password_verify(&self, password: &str, hash: &str) -> Result<bool, PasswordError> {
        let (password, hash) = (password.to_owned(), hash.to_owned());
        // What is longer than a password may be, or no hash of ours, is of none.
        Ok(self.compute(move || bcrypt::non_truncating_verify(password, &hash)).await?.unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let passwords = BcryptPasswords::new(4);
        for password in ["", "t1meMa$heen", "with\0nul", &"x".repeat(71)] {
            let hash = passwords.password_hash(password).await.expect("hashed");
            assert_eq!(passwords.password_verify(password, &hash).await, Ok(true), "{password:?}");
            let other = passwords.password_verify(&format!("{password}!"), &hash).await;
            assert_eq!(other, Ok(false), "{password:?}");
            assert_eq!(passwords.password_verify(password, "no hash").await, Ok(false));
            assert_ne!(passwords.password_hash(password).await, Ok(hash), "every hash has its own salt");
        }
    }

    #[tokio::test]
    async fn a_password_that_would_be_cut_off_is_refused() {
        let passwords = BcryptPasswords::new(4);
        for length in [71, 72, 1000] {
            let hashed = passwords.password_hash(&"x".repeat(length)).await;
            assert_eq!(hashed.is_ok(), length <= LIMIT, "{length}: {hashed:?}");
        }
        let error = passwords.password_hash(&"é".repeat(36)).await;
        assert_eq!(error, Err(PasswordError::TooLong { limit: LIMIT }));
    }

    #[tokio::test]
    async fn no_more_than_so_many_wait() {
        let passwords = BcryptPasswords { admitted: Arc::new(Semaphore::new(0)), ..BcryptPasswords::new(4) };
        assert_eq!(passwords.password_hash("x").await, Err(PasswordError::Busy));
    }
}
