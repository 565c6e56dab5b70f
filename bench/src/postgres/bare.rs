//! The bare handler: an actix server that runs one prepared statement for each request and returns the
//! bytes that come of it. It is what any server on PostgreSQL does at the least.
//!
//! A write goes to one of two tables: to that of the resources, with all the indexes that searches need, which is
//! the ceiling for a server that has such searches, or to a table that has nothing but its key.
//!
//! It has as many threads as the server under test and as many connections to the database, which each
//! thread holds its part of: that is quicker than to share them.

use std::cell::RefCell;

use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::ContentType;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result};
use tokio::sync::Semaphore;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

use crate::baseline::Listen;

/// What the process takes: its address in the server's variables, and the database.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    listen: Listen,
    /// The database
    #[arg(long, env = "DATABASE_URL")]
    url: String,
    /// Connections to it
    #[arg(long, default_value_t = 20)]
    database_connections: usize,
    /// Where writes go
    #[arg(long, value_enum)]
    table: Table,
}

/// Where writes go.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Table {
    /// The table of the server under test
    Resource,
    /// A table of documents with nothing but its key
    Bare,
}

const READ: &str = "SELECT payload FROM scim_resource WHERE tenant_id = $1 AND id = $2";

impl Table {
    /// What is run for a `POST`.
    fn insert(self) -> &'static str {
        match self {
            Self::Resource => {
                "INSERT INTO scim_resource (tenant_id, id, payload, user_name_key, search_text, keys, display, \
                 display_key, unique_digest, resource_type, version, created_at, updated_at, member_count) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'User', 1, now(), now(), 0)"
            }
            Self::Bare => "INSERT INTO bare_resource (id, version, payload) VALUES ($1, 1, $2)",
        }
    }

    /// What is run for a `PATCH`. Each change of a resource moves its time, which is indexed.
    fn update(self) -> &'static str {
        match self {
            Self::Resource => {
                "UPDATE scim_resource SET version = version + 1, updated_at = now() \
                 WHERE tenant_id = $1 AND id = $2 RETURNING payload"
            }
            Self::Bare => "UPDATE bare_resource SET version = version + 1 WHERE id = $1 RETURNING payload",
        }
    }
}

/// Serves until the process is ended.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let each = arguments.database_connections.div_ceil(threads).max(1);
    let (url, table) = (arguments.url.clone(), arguments.table);
    let server = HttpServer::new(move || {
        let url = url.clone();
        App::new()
            .data_factory(move || open(url.clone(), each, table))
            .route("/health", web::get().to(HttpResponse::Ok))
            .route("/scim/v2/Users/{id}", web::get().to(read))
            .route("/scim/v2/Users/{id}", web::patch().to(update))
            .route("/scim/v2/Users", web::post().to(insert))
    });
    let server = server.workers(threads).bind(arguments.listen.address())?.run();
    actix_web::rt::System::new().block_on(server)?;
    Ok(())
}

/// The connections of one thread.
struct Pool {
    tenant: Uuid,
    table: Table,
    model: Model,
    free: Semaphore,
    connections: RefCell<Vec<Connection>>,
}

/// A connection with its statements prepared.
struct Connection {
    client: Client,
    read: Statement,
    insert: Statement,
    update: Statement,
}

/// A document, whose bytes nobody looks into.
#[derive(Debug)]
struct Json<'a>(&'a [u8]);

/// What the server keeps beside the document of one of its users. A user that is inserted gets the same with
/// another name in it.
struct Model {
    user_name_key: String,
    search_text: String,
    keys: String,
    display: String,
    display_key: String,
    unique_digest: String,
}

async fn open(url: String, connections: usize, table: Table) -> Result<Pool> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(&url, table).await?);
    }
    let first = open.first().context("no connection")?;
    let row = first
        .client
        .query_one(
            "SELECT tenant_id, user_name_key, search_text, keys::text, display, display_key, unique_digest \
             FROM scim_resource WHERE user_name_key IS NOT NULL LIMIT 1",
            &[],
        )
        .await?;
    let model = Model {
        user_name_key: row.try_get(1)?,
        search_text: row.try_get(2)?,
        keys: row.try_get(3)?,
        display: row.try_get(4)?,
        display_key: row.try_get(5)?,
        unique_digest: row.try_get(6)?,
    };
    let (free, connections) = (Semaphore::new(open.len()), RefCell::new(open));
    Ok(Pool { tenant: row.try_get(0)?, table, model, free, connections })
}

impl Connection {
    async fn open(url: &str, table: Table) -> Result<Self> {
        let (client, driver) = tokio_postgres::connect(url, NoTls).await?;
        actix_web::rt::spawn(driver);
        Ok(Self {
            read: client.prepare(READ).await?,
            insert: client.prepare(table.insert()).await?,
            update: client.prepare(table.update()).await?,
            client,
        })
    }
}

impl Pool {
    /// Runs one statement on a connection that is free.
    async fn rows(
        &self,
        statement: impl Fn(&Connection) -> &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> actix_web::Result<Vec<Row>> {
        let _permit = self.free.acquire().await.map_err(ErrorInternalServerError)?;
        let taken = self.connections.borrow_mut().pop();
        let connection = taken.ok_or_else(|| ErrorInternalServerError("no connection is free"))?;
        let rows = connection.client.query(statement(&connection), parameters).await;
        self.connections.borrow_mut().push(connection);
        rows.map_err(ErrorInternalServerError)
    }
}

async fn read(pool: web::Data<Pool>, path: web::Path<Uuid>) -> actix_web::Result<HttpResponse> {
    document(&pool.rows(|connection| &connection.read, &[&pool.tenant, &*path]).await?)
}

async fn update(
    pool: web::Data<Pool>,
    path: web::Path<Uuid>,
    _body: Bytes,
) -> actix_web::Result<HttpResponse> {
    let parameters: &[&(dyn ToSql + Sync)] = match pool.table {
        Table::Resource => &[&pool.tenant, &*path],
        Table::Bare => &[&*path],
    };
    document(&pool.rows(|connection| &connection.update, parameters).await?)
}

async fn insert(pool: web::Data<Pool>, body: Bytes) -> actix_web::Result<HttpResponse> {
    #[expect(clippy::disallowed_methods, reason = "this is no part of the product: nothing is behind a port")]
    let id = Uuid::now_v7();
    let payload = Json(&body);
    match pool.table {
        Table::Resource => {
            let model = &pool.model;
            let name = id.simple().to_string();
            let search_text = model.search_text.replace(&model.user_name_key, &name);
            let keys = model.keys.replace(&model.user_name_key, &name);
            let keys = Json(keys.as_bytes());
            let Model { display, display_key, unique_digest, .. } = model;
            let parameters: [&(dyn ToSql + Sync); 9] = [
                &pool.tenant,
                &id,
                &payload,
                &name,
                &search_text,
                &keys,
                display,
                display_key,
                unique_digest,
            ];
            pool.rows(|connection| &connection.insert, &parameters).await?
        }
        Table::Bare => pool.rows(|connection| &connection.insert, &[&id, &payload]).await?,
    };
    Ok(HttpResponse::Created().content_type(ContentType::json()).body(body))
}

fn document(rows: &[Row]) -> actix_web::Result<HttpResponse> {
    let Some(row) = rows.first() else { return Ok(HttpResponse::NotFound().finish()) };
    let payload: Json<'_> = row.try_get(0).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(payload.0.to_owned()))
}

impl<'a> FromSql<'a> for Json<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::JSON
    }
}

impl ToSql for Json<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut actix_web::web::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        if *of == Type::JSONB {
            // The binary form of jsonb is a version and the text.
            out.extend_from_slice(&[1]);
        }
        out.extend_from_slice(self.0);
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::JSON | Type::JSONB)
    }

    to_sql_checked!();
}
