//! The settings of TLS.

use std::path::PathBuf;

use super::reader::Reader;
use super::{Purpose, keys, values};
use crate::tls;

/// What HTTPS is served with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// `TLS_CERT_PATH`: the certificate of the server, and those between it and a root, in PEM.
    pub cert_path: PathBuf,
    /// `TLS_KEY_PATH`: its private key, in PEM.
    pub key_path: PathBuf,
}

/// Reads both. A server needs them to be readable and to fit; tools only learn that it speaks TLS.
pub(super) fn read(reader: &mut Reader<'_>, purpose: Purpose) -> Option<TlsSettings> {
    let mut path = |key| {
        let show = |path: &PathBuf| path.display().to_string();
        reader.optional(key, values::PATH, values::path, show, "none: HTTP is served")
    };
    let (cert_path, key_path) = (path(&keys::TLS_CERT_PATH), path(&keys::TLS_KEY_PATH));
    let is_given = [&keys::TLS_CERT_PATH, &keys::TLS_KEY_PATH].map(|key| reader.is_given(key));
    match is_given {
        [true, false] => {
            reader.fault("TLS_KEY_PATH: not set, but TLS_CERT_PATH is; expected both".to_owned())
        }
        [false, true] => {
            reader.fault("TLS_CERT_PATH: not set, but TLS_KEY_PATH is; expected both".to_owned())
        }
        _ => {}
    }
    let settings = TlsSettings { cert_path: cert_path?, key_path: key_path? };
    if purpose == Purpose::Serving
        && let Err(error) = tls::check(&settings)
    {
        reader.fault(format!("{error:#}"));
    }
    Some(settings)
}
