//! Statements: their text, and the values bound to it.
//!
//! A statement on a tenant's tables is built by [`Sql::of`] alone, which knows the tenant's id; the
//! text writes it as `$1` wherever it names such a table. Text is only ever a literal of this
//! crate: [`Sql::push`] takes nothing else, and whatever comes from outside goes through
//! [`Sql::bind`].

mod shapes;

use std::fmt::Write as _;
use std::io::Write as _;
use std::marker::PhantomData;
use std::panic::Location;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Json, Jsonb, Nullable, SqlType, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{QueryResult, RunQueryDsl};
use scim_domain::identifier::{ResourceId, TenantId, Timestamp};
use scim_ports::SPANS;
use time::OffsetDateTime;
use tracing::Span;
use uuid::Uuid;

/// The SQL type `jsonpath`.
#[derive(Debug, Clone, Copy, SqlType)]
#[diesel(postgres_type(oid = 4072, array_oid = 4073))]
pub(crate) struct JsonPath;

/// A value bound to a statement.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    Uuid(Uuid),
    Uuids(Vec<Uuid>),
    OptionalUuid(Option<Uuid>),
    OptionalUuids(Vec<Option<Uuid>>),
    Text(String),
    OptionalText(Option<String>),
    Texts(Vec<String>),
    OptionalTexts(Vec<Option<String>>),
    Integer(i64),
    Integers(Vec<i64>),
    OptionalInteger(Option<i64>),
    OptionalIntegers(Vec<Option<i64>>),
    Boolean(bool),
    Bytes(Vec<u8>),
    Time(OffsetDateTime),
    OptionalTime(Option<OffsetDateTime>),
    Times(Vec<OffsetDateTime>),
    Json(JsonText),
    Jsonb(JsonText),
    JsonPath(JsonText),
}

/// True of every id. A plan that is kept expects ten rows of what a statement is given, and with this asked of them one:
/// the database then looks each up by its key, where it might read all rows of a tenant that it takes for a small one.
pub(crate) const IS_ANY: &str =
    " BETWEEN '00000000-0000-0000-0000-000000000000' AND 'ffffffff-ffff-ffff-ffff-ffffffffffff' ";

/// JSON, or a path in JSON, as text.
#[derive(Debug, Clone)]
pub(crate) struct JsonText(String);

impl Bind {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn id(id: ResourceId) -> Self {
        Self::Uuid(id.uuid())
    }

    pub(crate) fn ids<'a>(ids: impl IntoIterator<Item = &'a ResourceId>) -> Self {
        Self::Uuids(ids.into_iter().map(|id| id.uuid()).collect())
    }

    pub(crate) fn time(at: Timestamp) -> Self {
        Self::Time(at.date_time())
    }

    /// A count; the highest number for more than the database counts.
    pub(crate) fn count(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(crate) fn optional_time(at: Option<Timestamp>) -> Self {
        Self::OptionalTime(at.map(Timestamp::date_time))
    }

    pub(crate) fn json(text: String) -> Self {
        Self::Json(JsonText(text))
    }

    pub(crate) fn jsonb(text: String) -> Self {
        Self::Jsonb(JsonText(text))
    }

    pub(crate) fn json_path(text: String) -> Self {
        Self::JsonPath(JsonText(text))
    }
}

impl ToSql<Json, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

/// The binary forms of `jsonb` and `jsonpath` are both a version, 1, and the text.
fn write_versioned<'b>(text: &'b str, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
    out.write_all(&[1])?;
    out.write_all(text.as_bytes())?;
    Ok(IsNull::No)
}

impl ToSql<Jsonb, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        write_versioned(&self.0, out)
    }
}

impl ToSql<JsonPath, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        write_versioned(&self.0, out)
    }
}

/// A statement under construction, or ready to be run.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    text: String,
    /// The values, each with the place in the text where its `$n` is first written.
    binds: Vec<(usize, Bind)>,
    tenant: Option<TenantId>,
    tenant_number: Option<usize>,
    keep: Keep,
    written_in: &'static Location<'static>,
}

/// Whether a statement is kept prepared on the connections that it was run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Always,
    IfThereIsRoom,
    Never,
}

impl Sql {
    /// A statement on the tables of a tenant. `$1` in its texts is the tenant's id.
    #[track_caller]
    pub(crate) fn of(tenant: TenantId, text: &'static str) -> Self {
        let mut sql = Self::global("");
        sql.tenant = Some(tenant);
        sql.push(text);
        sql
    }

    /// A statement on no tenant's table: on the registry of tenants, or on the session.
    #[track_caller]
    pub(crate) fn global(text: &'static str) -> Self {
        let written_in = Location::caller();
        let (text, binds) = (text.to_owned(), Vec::new());
        Self { text, binds, tenant: None, tenant_number: None, keep: Keep::Always, written_in }
    }

    /// The span that the statement is run in, for traces and metrics: with what it does and which module of
    /// this crate it is written in. Neither text nor values are in it.
    pub(crate) fn span(&self) -> Span {
        tracing::info_span!(
            target: SPANS,
            "query",
            otel.name = self.module(),
            otel.kind = "client",
            db.system.name = "postgresql",
            db.operation.name = self.operation(),
            db.query.summary = self.module()
        )
    }

    /// What statements like this one are called: as the module that they are written in, `search` say.
    fn module(&self) -> &'static str {
        module_of(self.written_in.file())
    }

    /// The first word of the statement.
    fn operation(&self) -> &str {
        self.text.split_ascii_whitespace().next().unwrap_or_default()
    }

    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        for (index, piece) in text.split("$1").enumerate() {
            if index > 0 {
                self.tenant();
            }
            self.text.push_str(piece);
        }
        self
    }

    fn tenant(&mut self) {
        match (self.tenant_number, self.tenant) {
            (Some(number), _) => {
                self.again(number);
            }
            (None, Some(tenant)) => self.tenant_number = Some(self.bind(Bind::Uuid(tenant.uuid()))),
            // Only a statement of a tenant has tables of tenants in it; this one will not parse.
            (None, None) => self.text.push_str("$1"),
        }
    }

    /// Binds a value and writes its `$n`; answers the `n`.
    pub(crate) fn bind(&mut self, value: Bind) -> usize {
        self.binds.push((self.text.len(), value));
        self.binds.len()
    }

    /// Writes the `$n` of a value that is bound already.
    pub(crate) fn again(&mut self, number: usize) -> &mut Self {
        self.name('$', number)
    }

    /// Writes a name made of a letter and a number.
    pub(crate) fn name(&mut self, letter: char, number: usize) -> &mut Self {
        self.text.push(letter);
        self.text.push_str(&number.to_string());
        self
    }

    /// A value and the text after it, for statements written in one go.
    pub(crate) fn with(mut self, value: Bind, text: &'static str) -> Self {
        self.bind(value);
        self.push(text);
        self
    }

    /// More text, for statements written in one go.
    pub(crate) fn with_text(mut self, text: &'static str) -> Self {
        self.push(text);
        self
    }

    /// Not to be kept prepared on the connection: its shape is unlikely to come again.
    pub(crate) fn once(&mut self) {
        self.keep = Keep::Never;
    }

    /// Kept prepared only if there is room for its shape, which is a client's.
    pub(crate) fn of_a_client(&mut self) {
        self.keep = Keep::IfThereIsRoom;
    }

    /// Binds values and writes their `$n`, separated by commas.
    pub(crate) fn list(&mut self, values: impl IntoIterator<Item = Bind>) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    /// The statement that runs this one, and shows how and over how many rows.
    pub(crate) fn explained(self) -> Self {
        const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS FALSE, COSTS FALSE, TIMING FALSE, SUMMARY FALSE) ";
        let binds =
            self.binds.into_iter().map(|(at, bind)| (at.saturating_add(EXPLAIN.len()), bind)).collect();
        Self { text: format!("{EXPLAIN}{}", self.text), binds, keep: Keep::Never, ..self }
    }

    /// What tells this statement with its values from all others; `None` where it is longer than `most`.
    pub(crate) fn identity(&self, most: usize) -> Option<String> {
        let mut identity = self.text.clone();
        for (_, value) in &self.binds {
            if identity.len() > most {
                return None;
            }
            // Writing to a string does not fail.
            let _written = write!(identity, "\n{value:?}");
        }
        (identity.len() <= most).then_some(identity)
    }

    /// The statement with the types of the columns of its result.
    pub(crate) fn rows<T>(mut self) -> Rows<T> {
        if self.keep == Keep::IfThereIsRoom && !shapes::is_kept(&self.text) {
            self.once();
        }
        Rows { sql: self, columns: PhantomData }
    }
}

/// The module of this crate that is in this file.
fn module_of(file: &str) -> &str {
    let (_, path) = file.rsplit_once("src/").unwrap_or(("", file));
    let path = path.strip_prefix("queries/").unwrap_or(path);
    match path.split(['/', '.']).next().unwrap_or(path) {
        // What begins and ends transactions.
        "session" => "transaction",
        module => module,
    }
}

impl QueryFragment<Pg> for Sql {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.keep == Keep::Never {
            pass.unsafe_to_cache_prepared();
        }
        let mut from = 0;
        for (at, bind) in &self.binds {
            pass.push_sql(self.text.get(from..*at).unwrap_or_default());
            match bind {
                Bind::Uuid(value) => pass.push_bind_param::<SqlUuid, _>(value),
                Bind::Uuids(value) => pass.push_bind_param::<Array<SqlUuid>, _>(value),
                Bind::OptionalUuid(value) => pass.push_bind_param::<Nullable<SqlUuid>, _>(value),
                Bind::OptionalUuids(value) => pass.push_bind_param::<Array<Nullable<SqlUuid>>, _>(value),
                Bind::Text(value) => pass.push_bind_param::<Text, _>(value),
                Bind::OptionalText(value) => pass.push_bind_param::<Nullable<Text>, _>(value),
                Bind::Texts(value) => pass.push_bind_param::<Array<Text>, _>(value),
                Bind::OptionalTexts(value) => pass.push_bind_param::<Array<Nullable<Text>>, _>(value),
                Bind::Integer(value) => pass.push_bind_param::<BigInt, _>(value),
                Bind::Integers(value) => pass.push_bind_param::<Array<BigInt>, _>(value),
                Bind::OptionalInteger(value) => pass.push_bind_param::<Nullable<BigInt>, _>(value),
                Bind::OptionalIntegers(value) => pass.push_bind_param::<Array<Nullable<BigInt>>, _>(value),
                Bind::Boolean(value) => pass.push_bind_param::<Bool, _>(value),
                Bind::Bytes(value) => pass.push_bind_param::<Binary, _>(value),
                Bind::Time(value) => pass.push_bind_param::<Timestamptz, _>(value),
                Bind::OptionalTime(value) => pass.push_bind_param::<Nullable<Timestamptz>, _>(value),
                Bind::Times(value) => pass.push_bind_param::<Array<Timestamptz>, _>(value),
                Bind::Json(value) => pass.push_bind_param::<Json, _>(value),
                Bind::Jsonb(value) => pass.push_bind_param::<Jsonb, _>(value),
                Bind::JsonPath(value) => pass.push_bind_param::<JsonPath, _>(value),
            }?;
            from = *at;
        }
        pass.push_sql(self.text.get(from..).unwrap_or_default());
        Ok(())
    }
}

/// The text tells statements apart, as it depends on their shape alone.
impl QueryId for Sql {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Sql {}

/// A statement whose rows have columns of the types `T`.
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    sql: Sql,
    columns: PhantomData<T>,
}

impl<T> Rows<T> {
    /// See [`Sql::span`].
    pub(crate) fn span(&self) -> Span {
        self.sql.span()
    }
}

impl<T> QueryFragment<Pg> for Rows<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.sql.walk_ast(pass)
    }
}

impl<T> QueryId for Rows<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Rows<T> {
    type SqlType = T;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn named(file: &'static str, expected: &str) {
        // Only the compiler makes locations: what is asked for is how this one's file would be called.
        assert_eq!(module_of(file), expected);
    }

    #[test]
    fn statements_are_called_as_the_modules_that_they_are_written_in() {
        named("crates/scim-adapter-postgres/src/queries/search.rs", "search");
        named("crates/scim-adapter-postgres/src/queries/create/rows.rs", "create");
        named("/build/src/crates/scim-adapter-postgres/src/pool.rs", "pool");
        named("src/session.rs", "transaction");
        let sql = Sql::global("SELECT now()").with_text(", 1");
        assert_eq!((module_of(sql.written_in.file()), sql.operation()), ("sql", "SELECT"));
    }
}
