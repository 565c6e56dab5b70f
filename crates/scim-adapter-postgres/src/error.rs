//! How PostgreSQL's errors become the port's.
//!
//! What a statement decides (a version, a unique value, a member that is not there) is read from
//! the rows that it returns. An error is only ever one of the kinds below, none of which depends on
//! the name of a constraint.

use std::error::Error;
use std::fmt;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use scim_ports::RepositoryError;

/// Why a statement failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It stood in the way of another transaction: the whole of its own may succeed when it is tried again.
    Conflict(DieselError),
    /// A row that it refers to is not there any more: tried again, the transaction sees which.
    Dangling(DieselError),
    /// A value or an id that is to be unique is there already, where that is not allowed for.
    Taken(DieselError),
    /// It waited for another transaction for longer than it said that it would.
    Blocked(DieselError),
    /// The database is not there, has no capacity, or took longer than it may.
    Unavailable(Box<dyn Error + Send + Sync>),
    /// A row came whose columns cannot be decoded. A statement that writes has written by then.
    Undecodable(Box<dyn Error + Send + Sync>),
    /// Anything else.
    Internal(Box<dyn Error + Send + Sync>),
}

/// What the server says when it gives up on a statement or a connection for reasons of its own.
/// (Diesel does not hand on the SQLSTATE; connections ask for messages in English.)
const GIVING_UP: [&str; 7] = [
    "canceling statement",
    "the database system is",
    "too many clients",
    "out of shared memory",
    "out of memory",
    "connection",
    // A migration changed what a statement means that is kept on the connection: another one knows nothing of it.
    "cached plan must not change result type",
];

/// What another attempt may not meet.
const TRY_AGAIN: [&str; 2] = ["deadlock detected", "could not serialize access"];

/// Whether tables or columns are not there: before migrations are applied, and after they are taken back.
fn is_unmigrated(message: &str) -> bool {
    ["relation \"", "column "].iter().any(|what| message.starts_with(what))
        && message.ends_with(" does not exist")
}

impl Failure {
    /// The same, which is not to be met by another attempt.
    pub(crate) fn for_good(self) -> Self {
        match self {
            Self::Conflict(error) | Self::Dangling(error) => Self::Unavailable(Box::new(error)),
            other => other,
        }
    }
}

impl From<DieselError> for Failure {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = &error else {
            return Self::Internal(Box::new(error));
        };
        let message = information.message();
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
        match kind {
            DatabaseErrorKind::SerializationFailure => Self::Conflict(error),
            DatabaseErrorKind::ForeignKeyViolation => Self::Dangling(error),
            DatabaseErrorKind::UniqueViolation => Self::Taken(error),
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable(Box::new(error)),
            _ if says(&TRY_AGAIN) => Self::Conflict(error),
            _ if message.contains("due to lock timeout") => Self::Blocked(error),
            _ if is_unmigrated(message) => {
                Self::Unavailable(format!("migrations are not applied: {message}").into())
            }
            _ if says(&GIVING_UP) => Self::Unavailable(Box::new(error)),
            _ => Self::Internal(Box::new(error)),
        }
    }
}

impl From<Failure> for RepositoryError {
    fn from(failure: Failure) -> Self {
        match failure {
            // Met again and again: there is more to do than the database gets done.
            Failure::Conflict(error) | Failure::Dangling(error) | Failure::Blocked(error) => {
                Self::Unavailable(Box::new(error))
            }
            Failure::Taken(error) => Self::Internal(Box::new(error)),
            Failure::Unavailable(error) => Self::Unavailable(error),
            Failure::Undecodable(error) | Failure::Internal(error) => Self::Internal(error),
        }
    }
}

/// Something stored that this version of the server did not store.
pub(crate) fn unreadable(what: impl fmt::Display) -> Failure {
    Failure::Internal(what.to_string().into())
}
