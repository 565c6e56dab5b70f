//! Subcommands, exit statuses, and the orderly end.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::process::{ServerProcess, run, shell, text};

#[test]
fn wrong_settings_are_told_at_once_one_a_line_and_end_with_2() {
    let variables = [
        ("SERVER_PORT", "eighty"),
        ("SCIM_SHARED_SECRET", "hunter2"),
        ("DATABASE_URL", "postgresql://scim:hunter3@db/scim?sslmode=maybe"),
        ("PERSISTENCE_BACKEND", "postgresql"),
    ];
    let output = run(&["--log-format", "xml"], &variables);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert_eq!(told.lines().count(), 5, "{told}");
    for name in ["SERVER_PORT", "SCIM_SHARED_SECRET", "DATABASE_URL", "PERSISTENCE_BACKEND", "--log-format"] {
        assert!(told.lines().any(|line| line.starts_with(&format!("scim-server: {name}: "))), "{told}");
    }
    assert!(!told.contains("hunter"), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_flag_that_is_none_ends_with_2() {
    assert_eq!(run(&["--databse-url", "x"], &[]).status.code(), Some(2));
    assert_eq!(run(&["swerve"], &[]).status.code(), Some(2));
}

#[test]
fn a_port_that_is_taken_is_one_clear_line_and_ends_with_1() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = run(&["--server-port", &port, "--rust-log", "off"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with(&format!("scim-server: cannot listen on 127.0.0.1:{port}: ")), "{told}");
    assert!(output.stdout.is_empty(), "no banner for a server that does not serve");
}

#[test]
fn on_postgres_no_secret_is_made_up() {
    let output = run(&[], &[("DATABASE_URL", "postgresql://scim:hunter3@127.0.0.1:1/scim")]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(
        told.starts_with("scim-server: SCIM_SHARED_SECRET: not set; on postgres it has to be "),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_database_that_is_not_there_is_one_clear_line_and_ends_with_1() {
    let port = TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
    let variables = [
        ("DATABASE_URL", format!("postgresql://scim:hunter3@127.0.0.1:{port}/scim")),
        ("SCIM_SHARED_SECRET", "0123456789abcdef0123456789abcdef".to_owned()),
        ("DATABASE_ACQUIRE_TIMEOUT", "1".to_owned()),
        ("SERVER_PORT", "0".to_owned()),
    ];
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for arguments in [&["serve"][..], &["migrate"]] {
        let output = run(arguments, &variables);
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stderr);
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with("scim-server: the database could not be reached within 1s: "), "{told}");
        assert!(!told.contains("hunter3"), "{told}");
    }
}

#[test]
fn there_is_nothing_to_migrate_in_memory() {
    let output = run(&["migrate"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("set DATABASE_URL"), "{}", text(&output.stderr));
    assert_eq!(run(&["migrate", "--down"], &[]).status.code(), Some(2), "--yes is missing");
}

#[test]
fn config_prints_the_settings_in_force_without_secrets() {
    let secret = "0123456789abcdef0123456789abcdef";
    let output = run(&["config", "--server-host=::1"], &[("SCIM_SHARED_SECRET", secret), ("PORT", "81")]);
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    for line in [
        "server_host = \"::1\"  # from the command line, --server-host",
        "server_port = \"81\"  # from the environment, PORT",
        "scim_shared_secret = \"***\"  # from the environment, SCIM_SHARED_SECRET",
        "request_timeout = \"30\"  # the default",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in:\n{printed}");
    }
    assert!(!printed.contains(secret));
}

#[test]
fn config_finds_what_would_keep_the_server_from_starting() {
    let variables = [
        ("DATABASE_URL", "postgresql://scim:hunter3@127.0.0.1:1/scim"),
        ("TLS_CERT_PATH", "/nonexistent/cert.pem"),
        ("TLS_KEY_PATH", "/nonexistent/key.pem"),
        ("LOG_DIR", "/dev/null/logs"),
    ];
    let [config, serve] = ["config", "serve"].map(|command| run(&[command], &variables));
    assert_eq!((config.status.code(), serve.status.code()), (Some(2), Some(2)));
    let told = text(&config.stderr);
    for name in ["SCIM_SHARED_SECRET", "TLS_CERT_PATH", "LOG_DIR"] {
        assert!(told.lines().any(|line| line.starts_with(&format!("scim-server: {name}: "))), "{told}");
    }
    assert_eq!(told, text(&serve.stderr));
    assert!(config.stdout.is_empty() && !told.contains("hunter3"), "{told}");
}

#[test]
fn openapi_prints_what_the_server_serves() {
    let server = ServerProcess::start();
    let served =
        shell("curl -sS --noproxy '*' http://127.0.0.1:$PORT/openapi.json", &[("PORT", &server.port())]);
    let printed = run(&["openapi"], &[]);
    assert_eq!(printed.status.code(), Some(0));
    assert!(text(&printed.stdout) == served, "{served}");
    assert!(served.starts_with("{\n") && served.ends_with("}\n"), "{served}");
    let named = run(&["openapi"], &[("PUBLIC_BASE_URL", "https://scim.example/")]);
    assert!(text(&named.stdout).contains("\"https://scim.example/oauth/token\""));
}

#[test]
fn the_version_is_told() {
    let output = run(&["--version"], &[]);
    assert_eq!(text(&output.stdout).trim(), format!("scim-server {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn healthcheck_follows_the_server() {
    let server = ServerProcess::start();
    let port = server.port();
    assert_eq!(run(&["healthcheck"], &[("SERVER_PORT", &port)]).status.code(), Some(0));
    let any = [("SERVER_PORT", port.as_str()), ("SERVER_HOST", "0.0.0.0")];
    assert_eq!(
        run(&["healthcheck"], &any).status.code(),
        Some(0),
        "an address that means all is this machine"
    );
    drop(server);
    let output = run(&["healthcheck"], &[("SERVER_PORT", &port)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no answer"), "{}", text(&output.stderr));
}

#[test]
fn a_signal_to_end_lets_the_request_under_way_finish() {
    for signal in ["TERM", "INT"] {
        let mut server = ServerProcess::start();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", server.port())).expect("connected");
        let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"late"}"#;
        let head = format!(
            "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nExpect: 100-continue\r\n\
             Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n",
            server.secret(),
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        // The server asks for the body when the request is under way.
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).expect("100 Continue");
        assert!(asked.starts_with(b"HTTP/1.1 100"), "{}", text(&asked));

        shell(&format!("kill -{signal} {}", server.pid()), &[]);
        // It takes no new connections from the moment that it heeds the signal.
        while TcpStream::connect(format!("127.0.0.1:{}", server.port())).is_ok() {}
        stream.write_all(body.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer, and the end");
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
        assert_eq!(server.wait().code(), Some(0), "{signal}");
    }
}
