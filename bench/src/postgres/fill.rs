//! Filling a database without the server, so that a million users take minutes: with copies of a user
//! that the server itself has written, in which all that differs from user to user is replaced.

use std::fmt::Write as _;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::server::Server;

use super::database::Database;
use crate::client::Connection;
use crate::seed::{Id, write_request};
use crate::users::{DEPARTMENTS, FAMILY, GIVEN, Name, Values, write_user, write_user_of};

/// The user that is copied. Its values are found again wherever the server keeps them, as they are or
/// in small letters.
const SAMPLE: Values<'_> = Values {
    name: "xqname",
    given: "Xqgiven",
    family: "Xqfamily",
    department: "Xqdepartment",
    number: "xqnumber",
    short: "xqshort",
};
/// Users that the server writes as well, to be compared with their copies.
const TWINS: [usize; 3] = [0, 12_345, 987_654];
/// How many sessions fill the tables.
const SESSIONS: usize = 2;
/// What each of them is told: keys and copies fit each other without being looked up.
const SESSION: &str = "SET session_replication_role = replica; SET maintenance_work_mem = '1GB'; ";

/// Creates the users of the numbers below `count` in the database of `server`; gives their ids, in the
/// order of the numbers.
///
/// # Errors
/// When a copy is not what the server would have written.
pub(super) fn users(database: &Database, server: &Server, count: usize) -> Result<Vec<Id>> {
    let start = Instant::now();
    let mut body = Vec::new();
    write_user_of(&mut body, &SAMPLE);
    let copy = Copy::of(database, &create(server, &body)?)?;
    for twin in TWINS {
        body.clear();
        write_user(&mut body, Name::Seeded, twin);
        copy.check(database, twin, &create(server, &body)?)?;
    }
    // What belongs to them goes with them.
    database.run("DELETE FROM scim_resource")?;

    let of_indexes = |what: &str| {
        database.column(&format!(
            "SELECT {what} FROM pg_indexes i WHERE tablename IN ('scim_resource', 'resource_unique_value') \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) ORDER BY indexname"
        ))
    };
    let indexes = of_indexes("indexdef")?;
    database.run(&of_indexes("'DROP INDEX ' || indexname")?.join("; "))?;
    let portion = count.div_ceil(SESSIONS).max(1);
    let portions = (0..SESSIONS).map(|part| part.saturating_mul(portion));
    in_parallel(
        database,
        portions.map(|first| copy.inserts(first, count.min(first.saturating_add(portion)))),
    )?;
    in_parallel(database, indexes.into_iter())?;
    database.run("DROP TABLE sample_resource, sample_unique_value")?;
    settle(database)?;
    let ids = database.column("SELECT id::text FROM scim_resource ORDER BY id")?;
    ensure!(ids.len() == count, "{} of {count} were filled in", ids.len());
    println!("filled in {count} users in {:.1} s", start.elapsed().as_secs_f64());
    ids.iter().map(|id| Id::try_from(id.as_bytes()).ok().context("not an id")).collect()
}

/// Makes each of the groups one of all of the members.
pub(super) fn members(database: &Database, groups: &[Id], count: usize) -> Result<()> {
    let groups: Vec<String> = groups.iter().map(|group| format!("'{}'", crate::seed::text(group))).collect();
    let groups = groups.join(",");
    database.run(&format!(
        "INSERT INTO resource_member (tenant_id, group_id, member_id) \
         SELECT g.tenant_id, g.id, u.id FROM scim_resource g, (SELECT tenant_id, id FROM scim_resource \
         WHERE resource_type = 'User' ORDER BY id LIMIT {count}) u \
         WHERE u.tenant_id = g.tenant_id AND g.id IN ({groups}); \
         UPDATE scim_resource SET member_count = {count} WHERE id IN ({groups})"
    ))?;
    settle(database)
}

/// Leaves the tables as the database itself would leave them after a while.
pub(super) fn settle(database: &Database) -> Result<()> {
    database.run("VACUUM (ANALYZE)")?;
    database.run("CHECKPOINT")
}

/// Runs the statements, in several sessions at once.
fn in_parallel(database: &Database, statements: impl Iterator<Item = String>) -> Result<()> {
    thread::scope(|scope| {
        let run = |statement: String| {
            scope.spawn(move || Database::open(database.url())?.run(&format!("{SESSION}{statement}")))
        };
        let threads: Vec<_> = statements.map(run).collect();
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a thread panicked")?)
    })
}

/// Creates a user over HTTP; gives its id.
fn create(server: &Server, body: &[u8]) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(server.address()).await?;
        let mut request = Vec::new();
        write_request(&mut request, "POST /scim/v2/Users", server.secret(), "", body);
        let status = connection.exchange(&request).await?;
        ensure!(status == 201, "POST /Users: status {status}: {}", connection.excerpt());
        let user: Value = serde_json::from_slice(connection.body())?;
        user.get("id").and_then(Value::as_str).map(str::to_owned).context("a user without an id")
    })
}

/// How rows are made of those of the sample.
struct Copy {
    /// The columns of each table, each with the expression that gives it.
    resource: Vec<(String, String)>,
    unique_value: Vec<(String, String)>,
}

impl Copy {
    /// Keeps the rows of the sample aside.
    fn of(database: &Database, id: &str) -> Result<Self> {
        database.run(&format!(
            "CREATE TABLE sample_resource AS SELECT * FROM scim_resource WHERE id = '{id}'; \
             CREATE TABLE sample_unique_value AS SELECT * FROM resource_unique_value WHERE resource_id = '{id}'"
        ))?;
        let claims = database.column("SELECT count(*)::text FROM sample_unique_value")?;
        ensure!(claims == ["1"], "expected one unique value of a user, got {claims:?}");
        Ok(Self {
            resource: columns(database, "sample_resource", "s")?,
            unique_value: columns(database, "sample_unique_value", "c")?,
        })
    }

    /// The statements that create users.
    fn inserts(&self, first: usize, end: usize) -> String {
        let insert = |table: &str, columns: &[(String, String)]| {
            let (names, expressions): (Vec<&str>, Vec<&str>) =
                columns.iter().map(|(name, expression)| (name.as_str(), expression.as_str())).unzip();
            format!(
                "INSERT INTO {table} ({}) SELECT {} FROM {}; ",
                names.join(", "),
                expressions.join(", "),
                sources(first, end)
            )
        };
        insert("scim_resource", &self.resource) + &insert("resource_unique_value", &self.unique_value)
    }

    /// Compares the copy of this number with what the server wrote for the same user, but for the id
    /// and the times.
    fn check(&self, database: &Database, number: usize, id: &str) -> Result<()> {
        for (table, key, columns) in [
            ("scim_resource", "id", &self.resource),
            ("resource_unique_value", "resource_id", &self.unique_value),
        ] {
            let same = |(name, _): &&(String, String)| {
                !matches!(name.as_str(), "id" | "resource_id") && !name.ends_with("_at")
            };
            for (name, expression) in columns.iter().filter(same) {
                let copied = database.rows(&format!(
                    "SELECT ({expression})::text FROM {}",
                    sources(number, number.saturating_add(1))
                ))?;
                let written =
                    database.rows(&format!("SELECT {name}::text FROM {table} WHERE {key} = '{id}'"))?;
                ensure!(
                    copied == written,
                    "user {number}: {table}.{name} is {written:?} where it was copied as {copied:?}"
                );
            }
        }
        Ok(())
    }
}

/// What the expressions read: `s` and `c`, the rows of the sample, and `u`, the values of each user.
fn sources(first: usize, end: usize) -> String {
    let pick = |names: &[&str], number: &str| {
        let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        format!("(ARRAY[{}])[{number} % {} + 1]", names.join(","), names.len())
    };
    format!(
        "(SELECT 'user' || lpad(n::text, 7, '0') AS name, {} AS given, {} AS family, {} AS department, \
         lpad(n::text, 7, '0') AS number, lpad((n % 10000)::text, 4, '0') AS short, \
         timestamptz '2024-01-01' + n * interval '1 ms' AS at, \
         (lpad(to_hex(1704067200000 + n), 12, '0') || '7' || left(md5(n::text), 3) || 'a' || \
         right(md5(n::text), 15))::uuid AS id \
         FROM generate_series({first}, {end} - 1) AS n) u, sample_resource s, sample_unique_value c",
        pick(&GIVEN, "n"),
        pick(&FAMILY, &format!("(n / {})", GIVEN.len())),
        pick(&DEPARTMENTS, "n"),
    )
}

/// The columns of a table of samples, each with the expression that makes it a user's.
fn columns(database: &Database, table: &str, alias: &str) -> Result<Vec<(String, String)>> {
    let columns = database.rows(&format!(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute \
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    ))?;
    let mut expressions = Vec::new();
    for column in columns {
        let [Some(name), Some(kind)] = column.as_slice() else { continue };
        let sample = format!("{alias}.{name}");
        let expression = match (name.as_str(), kind.as_str()) {
            ("id" | "resource_id", _) => "u.id".to_owned(),
            ("unique_digest", _) => digest(),
            (_, "timestamp with time zone") => "u.at".to_owned(),
            (_, "text" | "json" | "jsonb") if is_marked(database, table, name)? => replaced(&sample, kind),
            _ => sample,
        };
        expressions.push((name.clone(), expression));
    }
    Ok(expressions)
}

/// Whether the sample has anything in this column that is to be replaced.
fn is_marked(database: &Database, table: &str, name: &str) -> Result<bool> {
    // All markers begin so.
    let marked = database.column(&format!("SELECT 'yes' FROM {table} WHERE {name}::text ILIKE '%xq%'"))?;
    Ok(!marked.is_empty())
}

/// The text with the sample's values replaced by the user's.
fn replaced(sample: &str, kind: &str) -> String {
    let values = [
        (SAMPLE.name, "u.name"),
        (SAMPLE.given, "u.given"),
        (SAMPLE.family, "u.family"),
        (SAMPLE.department, "u.department"),
        (SAMPLE.number, "u.number"),
        (SAMPLE.short, "u.short"),
    ];
    let mut expression = format!("{sample}::text");
    for (marker, value) in values {
        expression = format!("replace({expression}, '{marker}', {value})");
        let small = marker.to_lowercase();
        if small != marker {
            expression = format!("replace({expression}, '{small}', lower({value}))");
        }
    }
    let _written = write!(expression, "::{kind}");
    expression
}

/// The digest of the user's one unique value: of its attribute and its key, each after its length.
fn digest() -> String {
    let part = |text: &str| format!("int8send(octet_length({text})) || convert_to({text}, 'UTF8')");
    format!(
        "rtrim(translate(encode(sha256({} || {}), 'base64'), '+/', '-_'), '=')",
        part("c.attribute"),
        part(&replaced("c.value_key", "text"))
    )
}
