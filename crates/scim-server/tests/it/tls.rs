//! HTTPS: what clients and the program's own commands see of it, and certificates that change.

use std::fs;
use std::path::PathBuf;

use reqwest::tls::{Certificate, TlsInfo};
use reqwest::{Client, ClientBuilder, Response, Version};

use crate::process::{ServerProcess, run, shell, text};

/// A certificate of this machine and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    fn trusted(&self) -> Certificate {
        Certificate::from_pem(self.certificate.as_bytes()).expect("a certificate")
    }
}

/// A server with a certificate in files of its own, which end with it.
pub(crate) struct World {
    directory: PathBuf,
    pair: Pair,
    pub(crate) server: ServerProcess,
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("scim-https-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let pair = Pair::new();
        write(&directory, &pair.certificate, &pair.key);
        let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
        let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
        let server = ServerProcess::start_with(&[
            ("TLS_CERT_PATH", &certificate),
            ("TLS_KEY_PATH", &key),
            ("RUST_LOG", "scim_server=info"),
        ]);
        Self { directory, pair, server }
    }

    fn replace(&self, certificate: &str, key: &str) {
        write(&self.directory, certificate, key);
    }

    /// A client that trusts these certificates.
    fn client(&self, pairs: &[&Pair]) -> ClientBuilder {
        let certificates: Vec<Certificate> = pairs.iter().map(|pair| pair.trusted()).collect();
        Client::builder().no_proxy().tls_info(true).tls_certs_only(certificates)
    }

    /// A client that speaks HTTP/2, all of its requests on one connection.
    pub(crate) fn http2(&self) -> Client {
        self.client(&[&self.pair]).http2_prior_knowledge().build().expect("a client")
    }

    pub(crate) async fn users(&self, client: &Client) -> Response {
        let url = format!("{}/Users", self.server.base_url());
        let answer = client.get(url).bearer_auth(self.server.secret()).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer
    }

    /// What a command is told of the server.
    fn run(&self, arguments: &[&str], certificate: &str) -> (Option<i32>, String) {
        let key = self.directory.join("key.pem").display().to_string();
        let variables = [
            ("SERVER_PORT", &*self.server.port()),
            ("SCIM_SHARED_SECRET", self.server.secret()),
            ("TLS_CERT_PATH", certificate),
            ("TLS_KEY_PATH", &key),
        ];
        let output = run(arguments, &variables);
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.directory);
    }
}

fn write(directory: &std::path::Path, certificate: &str, key: &str) {
    for (name, text) in [("cert.pem", certificate), ("key.pem", key)] {
        fs::write(directory.join(name), text).expect("written");
    }
}

/// The certificate of the server that answered.
fn certificate(answer: &Response) -> Vec<u8> {
    let info = answer.extensions().get::<TlsInfo>().expect("TLS");
    info.peer_certificate().expect("a certificate").to_vec()
}

#[tokio::test]
async fn clients_choose_the_version_of_http() {
    let world = World::new("versions");
    let client = world.client(&[&world.pair]).build().expect("a client");
    let answer = world.users(&client).await;
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let older = world.client(&[&world.pair]).http1_only().build().expect("a client");
    assert_eq!(world.users(&older).await.version(), Version::HTTP_11);
    let tls12 = world.client(&[&world.pair]).tls_version_max(reqwest::tls::Version::TLS_1_2);
    world.users(&tls12.build().expect("a client")).await;
    let stranger = world.client(&[&Pair::new()]).build().expect("a client");
    assert!(
        stranger.get(world.server.base_url()).send().await.is_err(),
        "another certificate is not trusted"
    );
}

#[test]
fn the_banner_and_the_commands_work() {
    let world = World::new("commands");
    let made = shell(&format!("{} -s", world.server.curl_line), &[]);
    let location = format!("\"location\":\"{}/Users/", world.server.base_url());
    assert!(location.contains("https://127.0.0.1:") && made.contains(&location), "{made}");

    let ours = world.directory.join("cert.pem").display().to_string();
    assert_eq!(world.run(&["healthcheck"], &ours), (Some(0), String::new()));
    let (status, listed) = world.run(&["tenant", "list", "--json"], &ours);
    assert!(status == Some(0) && listed.contains("\"default\""), "{listed}");
    // The operator's secret goes to nobody else.
    let other = world.directory.join("other.pem");
    fs::write(&other, Pair::new().certificate).expect("written");
    let (status, told) = world.run(&["tenant", "list"], &other.display().to_string());
    assert!(status == Some(1) && told.contains("no answer from https://127.0.0.1:"), "{told}");
    let plain = run(&["healthcheck"], &[("SERVER_PORT", &world.server.port())]);
    assert_eq!(plain.status.code(), Some(1), "HTTP is not served");
}

#[tokio::test]
async fn a_certificate_that_changes_is_served_to_new_connections() {
    let mut world = World::new("reload");
    let (old, new) = (&world.pair.clone(), Pair::new());
    // One that comes again, and would resume its session.
    let known = world.client(&[old, &new]).http1_only().pool_max_idle_per_host(0);
    let known = known.build().expect("a client");
    let first = certificate(&world.users(&known).await);

    world.replace("nonsense", &new.key);
    let told = world.server.log_line("the certificate is not replaced");
    assert!(told.contains("TLS_CERT_PATH"), "{told}");
    assert_eq!(certificate(&world.users(&known).await), first, "what is broken is not served");

    world.replace(&new.certificate, &new.key);
    world.server.log_line("new connections get the new certificate");
    let only_new = world.client(&[&new]).build().expect("a client");
    let second = certificate(&world.users(&only_new).await);
    assert_ne!(second, first);
    assert_eq!(certificate(&world.users(&known).await), second, "no session outlives its certificate");
    let only_old = world.client(&[old]).build().expect("a client");
    assert!(only_old.get(world.server.base_url()).send().await.is_err(), "the old one is gone");
}
