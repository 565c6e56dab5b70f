//! Settings from wherever they come, and what is said of those that are wrong.

use secrecy::ExposeSecret;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let told = |faults: Vec<Fault>| faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
    Settings::read(&Flags::default(), &environment(variables), Purpose::Serving).map_err(told)
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
fn the_fallback_and_the_retention_are_read() {
    let variables = [("SCIM_SHARED_SECRET_FALLBACK", "true"), ("AUDIT_RETENTION_DAYS", "7")];
    let settings = read(&variables).expect("valid");
    assert!(settings.scim_shared_secret_fallback);
    assert_eq!(settings.audit_retention, Duration::from_secs(7 * 24 * 60 * 60));
    let mut printed = Vec::new();
    settings.print(&mut printed).expect("printed");
    let printed = String::from_utf8(printed).expect("UTF-8");
    assert!(printed.contains("audit_retention_days = \"7\""), "{printed}");
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

#[test]
fn a_fault_names_the_variable_what_it_held_and_what_it_takes() {
    check(
        "SERVER_PORT",
        "70000",
        "SERVER_PORT: got '70000' from the environment; expected a port number, 0 to 65535",
    );
    check("PORT", "", "PORT: got '' from the environment; expected a port number, 0 to 65535");
    check(
        "SERVER_HOST",
        "a b",
        "SERVER_HOST: got 'a b' from the environment; expected an IP address or a host name",
    );
    check(
        "PERSISTENCE_BACKEND",
        "mysql",
        "PERSISTENCE_BACKEND: got 'mysql' from the environment; expected inmemory or postgres",
    );
    check(
        "SCIM_SHARED_SECRET",
        "too short",
        "SCIM_SHARED_SECRET: got '***' from the environment; expected at least 32 visible ASCII characters",
    );
    check(
        "JWT_SECRET",
        "short",
        "JWT_SECRET: got '***' from the environment; expected at least 32 visible ASCII characters",
    );
    for name in ["ENCRYPTION_KEY", "CREDENTIAL_ENCRYPTION_KEY"] {
        check(
            name,
            "00ff",
            &format!("{name}: got '***' from the environment; expected 32 bytes, in base64 or in hex"),
        );
    }
    check(
        "PUBLIC_BASE_URL",
        "scim.example",
        "PUBLIC_BASE_URL: got 'scim.example' from the environment; expected an http or https URL without query and fragment",
    );
    check(
        "WORKER_THREADS",
        "0",
        "WORKER_THREADS: got '0' from the environment; expected a number, 1 to 1024",
    );
    check(
        "REQUEST_TIMEOUT",
        "-1",
        "REQUEST_TIMEOUT: got '-1' from the environment; expected a number of seconds, 1 to 3600",
    );
    check(
        "SCIM_SHARED_SECRET_FALLBACK",
        "yes",
        "SCIM_SHARED_SECRET_FALLBACK: got 'yes' from the environment; expected true or false",
    );
    check(
        "AUDIT_RETENTION_DAYS",
        "0",
        "AUDIT_RETENTION_DAYS: got '0' from the environment; expected a number of days, 1 to 36500",
    );
    check("LOG_FORMAT", "xml", "LOG_FORMAT: got 'xml' from the environment; expected json or pretty");
    check(
        "RUST_LOG",
        "scim=nonsense",
        "RUST_LOG: got 'scim=nonsense' from the environment; expected a filter such as info or warn,scim_http=debug",
    );
    check(
        "MAX_REQUEST_SIZE",
        "1MiB",
        "MAX_REQUEST_SIZE: got '1MiB' from the environment; expected a number of bytes, 1 to 1073741824",
    );
    check("REDIS_URL", "redis://x", "REDIS_URL: set in the environment; what it configures is not built in");
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
    let told = faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(told, expected.replace("FILE", &file.display().to_string()));
}

#[test]
fn a_file_holds_known_keys_only() {
    check_file("server_prot = 1\n", "server_prot: unknown key in FILE");
    check_file("redis_url = \"x\"\n", "redis_url: set in FILE; what it configures is not built in");
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
