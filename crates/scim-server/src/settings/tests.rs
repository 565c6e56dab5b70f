//! Settings from wherever they come, and what is said of those that are wrong.

mod table;

use secrecy::ExposeSecret;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let settings = Settings::read(&Flags::default(), &environment(variables), Purpose::Serving);
    settings.map_err(|faults| told(&faults))
}

/// Every fault, one a line.
fn told(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_at_all_is_enough() {
    let settings = read(&[]).expect("valid");
    assert_eq!((settings.server_host.as_str(), settings.server_port), ("127.0.0.1", 8080));
    assert_eq!((settings.max_request_size, settings.request_timeout.as_secs()), (1_048_576, 30));
    assert!(settings.scim_shared_secret.is_none() && settings.worker_threads >= 1);
    assert!(!settings.scim_shared_secret_fallback);
    assert_eq!(settings.audit_retention, Duration::from_secs(90 * 24 * 60 * 60));
}

#[test]
fn every_setting_has_a_flag() {
    let keys: Vec<String> = keys::ALL
        .iter()
        .flat_map(|key| [key.key.to_owned(), format!("{}{}", key.key, keys::FILE_SUFFIX)])
        .filter(|spelled| keys::ALL.iter().any(|key| key.is_spelled(spelled)))
        .collect();
    assert_eq!(keys, Flags::KEYS);
    assert!(keys::ALL.iter().all(|key| key.name.to_lowercase() == key.key));
}

#[test]
fn flag_environment_file() {
    let file = std::env::temp_dir().join(format!("scim-settings-{}.toml", std::process::id()));
    std::fs::write(&file, "server_port = 1\nserver_host = \"::1\"\nworker_threads = \"3\"\n")
        .expect("written");
    let flags = Flags { config: Some(file.clone()), server_port: Some("3".into()), ..Flags::default() };
    let variables = environment(&[("SERVER_PORT", "2"), ("PORT", "4"), ("SERVER_HOST", "localhost")]);
    let settings = Settings::read(&flags, &variables, Purpose::Serving).expect("valid");
    std::fs::remove_file(file).expect("removed");
    assert_eq!(settings.server_port, 3);
    assert_eq!(settings.server_host, "localhost");
    assert_eq!(settings.worker_threads, 3);
    assert_eq!(read(&[("PORT", "4")]).map(|settings| settings.server_port), Ok(4));
    assert_eq!(read(&[("PORT", "4"), ("SERVER_PORT", "5")]).map(|settings| settings.server_port), Ok(5));
}

#[track_caller]
fn check(name: &str, value: &str, fault: &str) {
    assert_eq!(read(&[(name, value)]).expect_err("refused"), fault);
}

const URL: &str = "postgresql://scim:hunter2@db.example/scim?sslmode=disable";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[track_caller]
fn check_database(more: &[(&str, &str)], fault: &str) {
    let mut variables = vec![("DATABASE_URL", URL), ("SCIM_SHARED_SECRET", SECRET)];
    variables.extend(more);
    let told = read(&variables).expect_err("refused");
    assert!(told.contains(fault) && !told.contains("hunter"), "{told}");
}

#[test]
fn faults_of_the_database() {
    check_database(
        &[("DATABASE_URL", "mysql://scim:hunter2@db")],
        "DATABASE_URL: got '***' from the environment; expected postgresql://user:password@host",
    );
    check_database(
        &[("DATABASE_READ_URL", "postgres://scim:hunter2@db/scim?sslmode=maybe")],
        "DATABASE_READ_URL: sslmode is \"maybe\": expected disable, prefer, require",
    );
    check_database(
        &[(
            "DATABASE_URL",
            "postgres://scim:hunter2@db/scim?sslrootcert=/nonexistent.pem&sslmode=verify-full",
        )],
        "DATABASE_URL: sslrootcert \"/nonexistent.pem\" cannot be used: ",
    );
    check_database(
        &[("DATABASE_URL", "postgres://scim:hunter2@db:hunter/scim")],
        "DATABASE_URL: the database URL cannot be read: ",
    );
    check_database(
        &[("DATABASE_MAX_CONNECTIONS", "0")],
        "DATABASE_MAX_CONNECTIONS: got '0' from the environment; expected a number of connections, 1 to 10000",
    );
    check_database(
        &[("DATABASE_MAX_CONNECTIONS", "3"), ("DATABASE_MIN_CONNECTIONS", "4")],
        "DATABASE_MIN_CONNECTIONS: got '4'; expected DATABASE_MAX_CONNECTIONS, 3, at most",
    );
    check_database(
        &[("AUTO_MIGRATE", "yes")],
        "AUTO_MIGRATE: got 'yes' from the environment; expected true or false",
    );
}

#[test]
fn on_postgres_there_is_a_url_and_a_secret() {
    let told = read(&[("PERSISTENCE_BACKEND", "postgres")]).expect_err("refused");
    let names: Vec<&str> = told.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["DATABASE_URL", "SCIM_SHARED_SECRET"], "{told}");
    let variables = environment(&[("DATABASE_URL", URL)]);
    Settings::read(&Flags::default(), &variables, Purpose::Tool).expect("no secret is needed");
}

#[test]
fn a_database_is_used_where_it_is_given_unless_the_backend_says_otherwise() {
    let settings = read(&[("DATABASE_URL", URL), ("SCIM_SHARED_SECRET", SECRET)]).expect("valid");
    let mut printed = Vec::new();
    settings.print(&mut printed).expect("printed");
    let printed = String::from_utf8(printed).expect("UTF-8") + &format!("{settings:?}");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("persistence_backend = \"postgres\"  # the default"), "{printed}");
    assert!(printed.contains("\"postgresql://scim:***@db.example/scim?sslmode=disable\""), "{printed}");
    let database = settings.database.expect("a database");
    assert_eq!(database.url.expose_secret(), URL);
    assert_eq!((database.max_connections, database.min_connections), (20, 5));
    let seconds = [database.acquire_timeout, database.idle_timeout, database.max_lifetime];
    assert_eq!(seconds.map(|timeout| timeout.as_secs()), [5, 600, 1800]);
    assert!(database.auto_migrate && database.read_url.is_none());
    let few = [("DATABASE_MAX_CONNECTIONS", "2"), ("DATABASE_URL", URL), ("SCIM_SHARED_SECRET", SECRET)];
    assert_eq!(read(&few).expect("valid").database.map(|database| database.min_connections), Some(2));
    let memory = read(&[("DATABASE_URL", URL), ("PERSISTENCE_BACKEND", "inmemory")]);
    assert!(memory.expect("valid").database.is_none());
}

#[test]
fn how_much_is_taken_on_goes_by_the_database() {
    let requests =
        |variables: &[(&str, &str)]| read(variables).map(|settings| settings.limits.max_concurrent_requests);
    assert_eq!(requests(&[]), Ok(64));
    let database =
        [("DATABASE_URL", URL), ("SCIM_SHARED_SECRET", SECRET), ("DATABASE_MAX_CONNECTIONS", "30")];
    assert_eq!(requests(&database), Ok(60));
}

#[test]
fn the_delay_is_a_part_of_the_end() {
    check(
        "SHUTDOWN_DELAY",
        "30",
        "SHUTDOWN_DELAY: got '30'; expected less than SHUTDOWN_TIMEOUT, 30, of which it is a part",
    );
    assert!(read(&[("SHUTDOWN_DELAY", "30"), ("SHUTDOWN_TIMEOUT", "31")]).is_ok());
}

#[test]
fn every_fault_is_told_at_once() {
    let faults = read(&[("SERVER_PORT", "x"), ("LOG_FORMAT", "y"), ("REDIS_URL", "z")]).expect_err("refused");
    assert_eq!(faults.lines().count(), 3, "{faults}");
}

#[track_caller]
fn check_file(text: &str, expected: &str) {
    let file =
        std::env::temp_dir().join(format!("scim-settings-{}-{}.toml", std::process::id(), expected.len()));
    std::fs::write(&file, text).expect("written");
    let flags = Flags { config: Some(file.clone()), ..Flags::default() };
    let faults = Settings::read(&flags, &Environment::default(), Purpose::Serving).expect_err("refused");
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(told(&faults), expected.replace("FILE", &file.display().to_string()));
}

#[test]
fn a_file_holds_known_keys_only() {
    check_file("server_prot = 1\n", "server_prot: unknown key in FILE");
    check_file("redis_url = \"x\"\n", "redis_url: set in FILE; what it configures is not built in");
    check_file("redis_url_file = \"x\"\n", "redis_url_file: set in FILE; what it configures is not built in");
    check_file("server_port = [1]\n", "server_port: got '[1]' from FILE; expected a port number, 0 to 65535");
    check_file("a = \n", "--config: FILE, line 1: string values must be quoted, expected literal string");
}

#[test]
fn a_file_that_is_not_there_is_a_fault() {
    let flags = Flags { config: Some("/nonexistent/scim.toml".into()), ..Flags::default() };
    let faults = Settings::read(&flags, &Environment::default(), Purpose::Serving).expect_err("refused");
    assert!(faults[0].to_string().starts_with("--config: cannot read /nonexistent/scim.toml: "));
}

#[test]
fn without_a_key_it_is_told_what_it_is_derived_from() {
    for (variables, expected) in [
        (&[][..], "derived from a random SCIM_SHARED_SECRET"),
        (&[("SCIM_SHARED_SECRET", SECRET)], "derived from SCIM_SHARED_SECRET"),
        (&[("SCIM_SHARED_SECRET", SECRET), ("DATABASE_URL", URL)], "derived from SCIM_SHARED_SECRET"),
    ] {
        let mut printed = Vec::new();
        read(variables).expect("valid").print(&mut printed).expect("printed");
        let printed = String::from_utf8(printed).expect("UTF-8");
        let line = format!("encryption_key = \"{expected}\"  # the default");
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in {printed}");
    }
}

#[test]
fn the_secret_is_never_printed() {
    let secret = "0123456789abcdef0123456789abcdef";
    let settings = read(&[("SCIM_SHARED_SECRET", secret)]).expect("valid");
    assert_eq!(settings.scim_shared_secret.as_ref().map(ExposeSecret::expose_secret), Some(secret));
    let mut printed = Vec::new();
    settings.print(&mut printed).expect("printed");
    let printed = String::from_utf8(printed).expect("UTF-8") + &format!("{settings:?}");
    assert!(!printed.contains(secret), "{printed}");
    assert!(
        printed.contains("scim_shared_secret = \"***\"  # from the environment, SCIM_SHARED_SECRET"),
        "{printed}"
    );
    assert!(printed.contains("server_port = \"8080\"  # the default"), "{printed}");
}

/// A file of this text, which the caller removes.
fn secret_file(name: &str, text: &str) -> String {
    let file = std::env::temp_dir().join(format!("scim-secret-{}-{name}", std::process::id()));
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

#[track_caller]
fn check_secret_file(name: &str, text: &str, expected: Option<&str>) {
    let file = secret_file(name, text);
    let settings = read(&[("SCIM_SHARED_SECRET_FILE", &file)]);
    std::fs::remove_file(file).expect("removed");
    let found = settings.ok().and_then(|settings| settings.scim_shared_secret);
    assert_eq!(found.as_ref().map(ExposeSecret::expose_secret), expected, "{text:?}");
}

#[test]
fn the_end_of_the_line_is_not_part_of_a_secret() {
    check_secret_file("none", SECRET, Some(SECRET));
    check_secret_file("unix", &format!("{SECRET}\n"), Some(SECRET));
    check_secret_file("windows", &format!("{SECRET}\r\n"), Some(SECRET));
    check_secret_file("two", &format!("{SECRET}\n\n"), None);
    check_secret_file("space", &format!("{SECRET} \n"), None);
    check_secret_file("empty", "", None);
}

#[test]
fn a_secret_is_given_once() {
    let file = secret_file("once", SECRET);
    let both = "set in the environment, and so is";
    for (name, in_file) in [
        ("JWT_SECRET", "JWT_SECRET_FILE"),
        ("ENCRYPTION_KEY", "CREDENTIAL_ENCRYPTION_KEY_FILE"),
        ("CREDENTIAL_ENCRYPTION_KEY", "ENCRYPTION_KEY_FILE"),
        ("DATABASE_URL", "DATABASE_URL_FILE"),
    ] {
        let faults = read(&[(name, SECRET), (in_file, &file), ("SCIM_SHARED_SECRET", SECRET)]);
        assert_eq!(faults.map(|_| ()), Err(format!("{name}: {both} {in_file}; expected one of them")));
    }
    // What comes first counts, as with every setting.
    let flags = Flags { jwt_secret_file: Some(file.clone()), ..Flags::default() };
    let other = environment(&[("JWT_SECRET", &SECRET.replace('0', "x"))]);
    let settings = Settings::read(&flags, &other, Purpose::Serving).expect("valid");
    assert_eq!(settings.jwt_secret.as_ref().map(ExposeSecret::expose_secret), Some(SECRET));
    std::fs::remove_file(file).expect("removed");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    check(
        "DATABASE_URL_FILE",
        "/nonexistent/url",
        "DATABASE_URL_FILE: cannot read '/nonexistent/url', which the environment names: \
         No such file or directory (os error 2)\n\
         SCIM_SHARED_SECRET: not set; on postgres it has to be at least 32 visible ASCII characters",
    );
    let told = read(&[("JWT_SECRET_FILE", "/")]).expect_err("refused");
    assert!(told.starts_with("JWT_SECRET_FILE: cannot read '/', which the environment names: "), "{told}");
}

#[test]
fn only_secrets_are_in_files() {
    let file = secret_file("port", "81");
    assert_eq!(read(&[("SERVER_PORT_FILE", &file)]).expect("valid").server_port, 8080);
    std::fs::remove_file(file).expect("removed");
    check_file("server_port_file = \"/x\"\n", "server_port_file: unknown key in FILE");
}

#[test]
fn tls_takes_both_files() {
    let only = |name: &str, other: &str| {
        check(name, "/nonexistent", &format!("{other}: not set, but {name} is; expected both"));
    };
    only("TLS_CERT_PATH", "TLS_KEY_PATH");
    only("TLS_KEY_PATH", "TLS_CERT_PATH");
    let variables = environment(&[("TLS_CERT_PATH", "/nonexistent"), ("TLS_KEY_PATH", "/nonexistent")]);
    let tool = Settings::read(&Flags::default(), &variables, Purpose::Tool).expect("not read");
    assert!(tool.tls.is_some(), "tools know that the server speaks TLS");
}

#[test]
fn no_rate_is_no_limit() {
    let limit = |variables: &[(&str, &str)]| read(variables).expect("valid").protection.rate_limit;
    assert_eq!(limit(&[]), None);
    assert_eq!(limit(&[("RATE_LIMIT_PER_SECOND", "0"), ("RATE_LIMIT_BURST", "9")]), None);
    let fault = "RATE_LIMIT_PER_SECOND: not set, but RATE_LIMIT_BURST is; expected both";
    check("RATE_LIMIT_BURST", "9", fault);
}
