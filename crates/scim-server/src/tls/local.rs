//! TLS to the server on this machine, whose certificate is made out to a name that it is not reached by here.

use std::sync::Arc;

use anyhow::Context;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::settings::TlsSettings;

use super::{certificates_at, chain, provider, read};

/// Whatever certificate the server has: for questions without a secret, whose answers are none either.
///
/// # Errors
/// None that a build of this program has.
pub(crate) fn any_certificate() -> anyhow::Result<ClientConfig> {
    config(None)
}

/// The certificate in the file of the settings, and no other.
///
/// # Errors
/// Where it cannot be read.
pub(crate) fn this_certificate(settings: &TlsSettings) -> anyhow::Result<ClientConfig> {
    let pem = read(&settings.cert_path).with_context(|| certificates_at(settings))?;
    let chain = chain(settings, &pem)?;
    config(chain.into_iter().next())
}

fn config(expected: Option<CertificateDer<'static>>) -> anyhow::Result<ClientConfig> {
    let verifier = ThisServer { expected, provider: provider() };
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Knows a server by its certificate, not by a name.
#[derive(Debug)]
struct ThisServer {
    expected: Option<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ThisServer {
    fn verify_server_cert(
        &self,
        found: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.expected.as_ref().is_none_or(|expected| expected == found) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
