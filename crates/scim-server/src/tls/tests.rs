//! Files that make a server, and files that change under it.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A directory of two files, which ends with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("scim-tls-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings { cert_path: self.0.join("cert.pem"), key_path: self.0.join("key.pem") }
    }

    fn write(&self, certificate: &str, key: &str) -> TlsSettings {
        let settings = self.settings();
        fs::write(&settings.cert_path, certificate).expect("written");
        fs::write(&settings.key_path, key).expect("written");
        settings
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}

/// A certificate and its key, in PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[track_caller]
fn check_refused(name: &str, certificate: &str, key: &str, expected: &str) {
    let directory = Directory::new(name);
    let error = check(&directory.write(certificate, key)).expect_err("refused");
    let told = format!("{error:#}").replace(&directory.0.display().to_string(), "DIR");
    assert!(told.starts_with(expected), "{told}");
    assert!(!told.contains("PRIVATE") && !told.contains('\n'), "{told}");
}

#[test]
fn what_cannot_be_served_is_told_by_the_setting_at_fault() {
    let ((certificate, key), (_, other)) = (pair(), pair());
    let directory = Directory::new("good");
    check(&directory.write(&certificate, &key)).expect("served");
    check_refused("empty", "", &key, "TLS_CERT_PATH: 'DIR/cert.pem': there is no certificate in PEM");
    check_refused(
        "swapped",
        &key,
        &certificate,
        "TLS_CERT_PATH: 'DIR/cert.pem': there is no certificate in PEM",
    );
    check_refused("no-key", &certificate, "", "TLS_KEY_PATH: 'DIR/key.pem': there is no private key in PEM");
    check_refused(
        "mismatch",
        &certificate,
        &other,
        "TLS_KEY_PATH: 'DIR/key.pem' does not go with TLS_CERT_PATH",
    );
    let garbage = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
    check_refused("garbage", garbage, &key, "TLS_CERT_PATH: 'DIR/cert.pem': the certificates cannot be read");
    let missing = Directory::new("missing").settings();
    let told = format!("{:#}", check(&missing).expect_err("refused"));
    assert!(told.starts_with("TLS_CERT_PATH: ") && told.contains("No such file"), "{told}");
}

#[test]
fn what_changes_is_served_and_what_is_broken_is_not() {
    let directory = Directory::new("watch");
    let ((old, old_key), (new, new_key)) = (pair(), pair());
    let mut watch = Tls::new(&directory.write(&old, &old_key)).expect("served").watch;
    let served = |watch: &Watch| watch.current.key.load().cert.first().cloned();
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).ok();
    let is_told = |watch: &Watch| watch.failure.as_ref().map(|(_, is_told)| *is_told);
    watch.look();
    assert_eq!((served(&watch), is_told(&watch)), (der(&old), None));
    // Between the two there is a moment that is nobody's mistake.
    directory.write(&new, &old_key);
    watch.look();
    assert_eq!((served(&watch), is_told(&watch)), (der(&old), Some(false)));
    directory.write(&new, &new_key);
    watch.look();
    assert_eq!((served(&watch), is_told(&watch)), (der(&new), None));
    directory.write("nonsense", &new_key);
    for told in [false, true, true] {
        watch.look();
        assert_eq!((served(&watch), is_told(&watch)), (der(&new), Some(told)));
    }
    fs::remove_file(directory.settings().key_path).expect("removed");
    watch.look();
    assert_eq!((served(&watch), is_told(&watch)), (der(&new), Some(false)), "another failure");
    directory.write(&new, &new_key);
    watch.look();
    assert_eq!((served(&watch), is_told(&watch)), (der(&new), None));
}

#[test]
fn the_two_files_are_told_apart() {
    let files =
        |certificates: &str, key: &str| Files { certificates: certificates.into(), key: key.into() }.digest();
    assert_ne!(files("ab", "c"), files("a", "bc"));
}
