//! `sslmode` and `sslrootcert` against a PostgreSQL that speaks TLS, as libpq means them.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_test_postgres::PrivateServer;
use tokio_postgres::{Client, Config};

use crate::support::{block_on, connect, database, settings};

/// The host that the server's certificate is for.
const HOST: &str = "db.example";
/// Who may come how: over TLS only, without it only, either way.
const ACCESS: &str = "\
host all scim_test all scram-sha-256
hostssl all tls_only all scram-sha-256
hostnossl all plain_only all scram-sha-256
host all anyhow all scram-sha-256
";

/// A server with a certificate, and files of authorities.
struct Secured {
    _server: PrivateServer,
    port: u16,
    administrator: Client,
    directory: PathBuf,
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).expect("parameters");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

impl Secured {
    async fn start() -> Self {
        let server = PrivateServer::start_local().unwrap_or_else(|error| panic!("{error}"));
        let (ours, another) = (authority("ours"), authority("another"));
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([HOST.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &ours).expect("a certificate");
        for (name, text) in [
            ("server.crt", certificate.pem()),
            ("server.key", key.serialize_pem()),
            ("more.conf", "ssl = on\n".to_owned()),
            ("pg_hba.conf", ACCESS.to_owned()),
        ] {
            server.write_file(name, &text).expect("it is written");
        }
        server.stop(scim_test_postgres::Shutdown::Fast).expect("it stops");
        server.start_again().expect("it starts");
        let administrator = connect(server.url()).await;
        administrator
            .batch_execute(
                "CREATE ROLE tls_only LOGIN PASSWORD 'x'; CREATE ROLE plain_only LOGIN PASSWORD 'x'; \
                 CREATE ROLE anyhow LOGIN PASSWORD 'x';",
            )
            .await
            .expect("the roles");
        let config: Config = server.url().parse().expect("a URL");
        let port = *config.get_ports().first().expect("a port");
        let directory = std::env::temp_dir().join(format!("scim-test-authorities-{port}"));
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::write(directory.join("ours.pem"), ours.pem()).expect("written");
        std::fs::write(directory.join("another.pem"), another.pem()).expect("written");
        std::fs::write(directory.join("both.pem"), another.pem() + &ours.pem()).expect("written");
        std::fs::write(directory.join("none.pem"), "nothing").expect("written");
        Self { _server: server, port, administrator, directory }
    }

    /// What comes of opening a store as `role` of `host`, at the address of the server, with these
    /// parameters: whether its connection is encrypted, or why there is none.
    async fn open(&self, role: &str, host: &str, parameters: &str) -> Result<bool, String> {
        let parameters =
            parameters.replace("sslrootcert=", &format!("sslrootcert={}/", self.directory.display()));
        let (port, name) = (self.port, uuid::Uuid::new_v4());
        let url = format!(
            "postgresql://{role}:x@{host}:{port}/postgres?hostaddr=127.0.0.1&application_name={name}&{parameters}"
        );
        let _store = open(&url).await?;
        let query = format!(
            "SELECT s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) WHERE a.application_name = '{name}'"
        );
        Ok(self.administrator.query_one(&query, &[]).await.expect("the connection").get(0))
    }

    #[track_caller]
    fn check<'a>(
        &'a self,
        role: &'a str,
        host: &'a str,
        parameters: &'a str,
        expected: Result<bool, &'a [&'a str]>,
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let outcome = self.open(role, host, parameters).await;
            let holds = match (&outcome, expected) {
                (Ok(encrypted), Ok(expected)) => *encrypted == expected,
                (Err(error), Err(words)) => words.iter().all(|word| error.contains(word)),
                _ => false,
            };
            assert!(holds, "{caller}: {role} at {host} with {parameters}: {outcome:?}");
        }
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        // What stays does no harm.
        let _removed = std::fs::remove_dir_all(&self.directory);
    }
}

/// Opens a store, or says why not. What is wrong with a URL is tried again until the time is up: that is
/// short, unless it is not enough for one attempt.
async fn open(url: &str) -> Result<PostgresStore, String> {
    let mut outcome = Err(String::new());
    for acquire_timeout in [500, 5_000, 60_000].map(Duration::from_millis) {
        let settings = PostgresSettings { max_connections: 1, acquire_timeout, ..settings(url) };
        outcome = PostgresStore::open(&settings).await.map_err(|error| whole(&error));
        if !matches!(&outcome, Err(why) if why.contains("became free within")) {
            break;
        }
    }
    outcome
}

/// An error with its sources, as the program prints it.
fn whole(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    message
}

#[test]
fn a_connection_is_as_secure_as_its_url_asks() {
    const OTHER: &str = "other.example";
    block_on(async {
        let server = Secured::start().await;
        // Whether there is TLS.
        server.check("anyhow", HOST, "sslmode=disable", Ok(false)).await;
        server.check("anyhow", HOST, "", Ok(true)).await;
        server.check("anyhow", OTHER, "sslmode=prefer", Ok(true)).await;
        server.check("anyhow", OTHER, "sslmode=require", Ok(true)).await;
        // Whom it is with.
        server.check("anyhow", OTHER, "sslmode=prefer&sslrootcert=another.pem", Ok(true)).await;
        server.check("anyhow", OTHER, "sslmode=require&sslrootcert=ours.pem", Ok(true)).await;
        server.check("anyhow", OTHER, "sslmode=verify-ca&sslrootcert=ours.pem", Ok(true)).await;
        server.check("anyhow", HOST, "sslmode=verify-full&sslrootcert=ours.pem", Ok(true)).await;
        server.check("anyhow", HOST, "sslmode=verify-full&sslrootcert=both.pem", Ok(true)).await;
        for mode in ["require", "verify-ca", "verify-full"] {
            let parameters = format!("sslmode={mode}&sslrootcert=another.pem");
            let words = [&format!("sslmode={mode}, sslrootcert=/")[..], "another.pem", "UnknownIssuer"];
            server.check("anyhow", HOST, &parameters, Err(&words)).await;
        }
        let words = ["sslmode=verify-full", "not valid for name", "\"other.example\"", "\"db.example\""];
        server.check("anyhow", OTHER, "sslmode=verify-full&sslrootcert=ours.pem", Err(&words)).await;
        server
            .check("anyhow", "127.0.0.1", "sslmode=verify-full&sslrootcert=ours.pem", Err(&words[..2]))
            .await;
        // The authorities of the system have not signed it.
        for mode in ["verify-ca", "verify-full"] {
            server.check("anyhow", HOST, &format!("sslmode={mode}"), Err(&["UnknownIssuer"])).await;
        }
        // What the server asks for.
        server.check("tls_only", HOST, "", Ok(true)).await;
        server.check("tls_only", HOST, "sslmode=verify-full&sslrootcert=ours.pem", Ok(true)).await;
        let words = ["sslmode=disable", "no pg_hba.conf entry"];
        server.check("tls_only", HOST, "sslmode=disable", Err(&words)).await;
        server.check("plain_only", HOST, "", Ok(false)).await;
        let words = ["sslmode=require", "no pg_hba.conf entry"];
        server.check("plain_only", HOST, "sslmode=require", Err(&words)).await;
        // What cannot be used at all.
        server
            .check("anyhow", HOST, "sslmode=require&sslrootcert=none.pem", Err(&["sslrootcert", "none.pem"]))
            .await;
        server
            .check("anyhow", HOST, "sslmode=require&sslrootcert=gone.pem", Err(&["sslrootcert", "gone.pem"]))
            .await;
        server.check("anyhow", HOST, "sslmode=always", Err(&["sslmode is \"always\""])).await;
    });
}

#[test]
fn a_server_without_tls_is_enough_where_none_is_asked_for() {
    block_on(async {
        let database = database();
        let open = async |mode: &str| open(&format!("{}?sslmode={mode}", database.url())).await.map(drop);
        assert_eq!(open("disable").await, Ok(()));
        assert_eq!(open("prefer").await, Ok(()));
        for mode in ["require", "verify-full"] {
            let error = open(mode).await.expect_err("there is no TLS");
            assert!(error.contains(&format!("sslmode={mode}")), "{error}");
            assert!(error.contains("server does not support TLS"), "{error}");
        }
    });
}
