//! HTTPS: TLS 1.3 and 1.2 (RFC 8446, RFC 5246), with HTTP/2 for clients that offer it (RFC 7301), and a
//! certificate that may be replaced while the server runs.

mod local;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache, StoresServerSessions};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use crate::settings::TlsSettings;

pub(crate) use local::{any_certificate, this_certificate};

/// How often the files are looked at.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// The most sessions that clients may resume.
const MOST_SESSIONS: usize = 4096;
/// The most bytes of a file of certificates, or of a key.
const MAX_FILE: u64 = 1024 * 1024;

/// What new connections are served with.
pub(crate) struct Tls {
    config: ServerConfig,
    watch: Watch,
}

impl Tls {
    /// With the certificate that the files hold.
    ///
    /// # Errors
    /// Where they cannot be read, or do not go together.
    pub(crate) fn new(settings: &TlsSettings) -> anyhow::Result<Self> {
        let files = Files::read(settings)?;
        let current = Arc::new(Current::new(files.certified_key(settings)?));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.session_storage = current.clone();
        let watch = Watch { settings: settings.clone(), current, served: files.digest(), failure: None };
        Ok(Self { config, watch })
    }

    /// How a listener accepts connections. The HTTP server adds the protocols that it speaks.
    pub(crate) fn config(&self) -> ServerConfig {
        self.config.clone()
    }

    /// Follows the files for as long as the process lives.
    pub(crate) async fn watch(self) {
        let mut watch = self.watch;
        loop {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            // Reading files would hold up the requests on this thread.
            let looked = tokio::task::spawn_blocking(move || {
                watch.look();
                watch
            });
            let Ok(looked) = looked.await else { return };
            watch = looked;
        }
    }
}

/// Whether HTTPS can be served with these files.
///
/// # Errors
/// Where it cannot: the setting that is at fault, and why.
pub(crate) fn check(settings: &TlsSettings) -> anyhow::Result<()> {
    Files::read(settings)?.certified_key(settings).map(drop)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The certificate that is served now, and the sessions that began with it.
struct Current {
    key: ArcSwap<CertifiedKey>,
    sessions: ArcSwap<ServerSessionMemoryCache>,
}

impl Current {
    fn new(key: CertifiedKey) -> Self {
        let sessions = ArcSwap::new(ServerSessionMemoryCache::new(MOST_SESSIONS));
        Self { key: ArcSwap::from_pointee(key), sessions }
    }

    /// Serves this one from now on. A client that resumes a session (RFC 8446 §2.2) is shown no
    /// certificate, so those of the one before end.
    fn replace(&self, key: CertifiedKey) {
        self.key.store(Arc::new(key));
        self.sessions.store(ServerSessionMemoryCache::new(MOST_SESSIONS));
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.load_full())
    }
}

impl StoresServerSessions for Current {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.sessions.load().put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.load().get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.load().take(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// What the files hold.
struct Files {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(settings: &TlsSettings) -> anyhow::Result<Self> {
        Ok(Self {
            certificates: read(&settings.cert_path).with_context(|| certificates_at(settings))?,
            key: read(&settings.key_path).with_context(|| key_at(settings))?,
        })
    }

    /// What tells these contents from others.
    fn digest(&self) -> [u8; 32] {
        let parts = [Sha256::digest(&self.certificates), Sha256::digest(&self.key)];
        Sha256::digest(parts.concat()).into()
    }

    fn certified_key(&self, settings: &TlsSettings) -> anyhow::Result<CertifiedKey> {
        let chain = chain(settings, &self.certificates)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .with_context(|| format!("{}: there is no private key in PEM", key_at(settings)))?;
        CertifiedKey::from_der(chain, key, &provider())
            .with_context(|| format!("{} does not go with TLS_CERT_PATH", key_at(settings)))
    }
}

/// The certificates in the file, the server's own first.
fn chain(settings: &TlsSettings, pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain =
        chain.with_context(|| format!("{}: the certificates cannot be read", certificates_at(settings)))?;
    if chain.is_empty() {
        bail!("{}: there is no certificate in PEM", certificates_at(settings));
    }
    Ok(chain)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn certificates_at(settings: &TlsSettings) -> String {
    format!("TLS_CERT_PATH: '{}'", settings.cert_path.display())
}

fn key_at(settings: &TlsSettings) -> String {
    format!("TLS_KEY_PATH: '{}'", settings.key_path.display())
}

/// Follows the files. What cannot be served is not: the certificate of before stays.
struct Watch {
    settings: TlsSettings,
    current: Arc<Current>,
    /// What is served.
    served: [u8; 32],
    /// What was wrong at the last look, and whether the log has it.
    failure: Option<(String, bool)>,
}

impl Watch {
    fn look(&mut self) {
        match self.changed() {
            Ok(None) => self.failure = None,
            Ok(Some((key, digest))) => {
                self.current.replace(key);
                (self.served, self.failure) = (digest, None);
                tracing::info!("new connections get the new certificate");
            }
            Err(error) => self.failed(format!("{error:#}")),
        }
    }

    /// The files' certificate, where it is not the one that is served.
    fn changed(&self) -> anyhow::Result<Option<(CertifiedKey, [u8; 32])>> {
        let files = Files::read(&self.settings)?;
        let digest = files.digest();
        if digest == self.served {
            return Ok(None);
        }
        Ok(Some((files.certified_key(&self.settings)?, digest)))
    }

    /// Tells of a failure once, and not at its first sight: of two files one is replaced first.
    fn failed(&mut self, error: String) {
        match &mut self.failure {
            Some((known, is_told)) if *known == error => {
                if !*is_told {
                    tracing::error!(error, "the certificate is not replaced: the one of before is served");
                    *is_told = true;
                }
            }
            other => *other = Some((error, false)),
        }
    }
}

#[cfg(test)]
mod tests;
