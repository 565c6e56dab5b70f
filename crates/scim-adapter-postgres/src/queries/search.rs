//! Searching: a page of what matches, in order, and how many match in all.
//!
//! A search is run in one of three ways, by how many rows its filter can match (see
//! [`Reach`]): where that is one, as a rule, the row is read and that is all; where an index finds the rows, they
//! are found first and then counted, ordered and cut in the same statement, unless there turn out to be
//! many; else the page is read along its order, and the total counted at the same time on another
//! connection.

use std::sync::Arc;

use diesel::Queryable;
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Json, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::listing::{Direction, PageRequest, ResourcePage, ResourceQuery};
use scim_domain::resource::Resource;
use scim_domain::tenant::Tenant;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{Failure, unreadable};
use crate::filter_sql::{FilterSql, Reach, node_count, reach};
use crate::pool::{Lease, Pool};
use crate::queries::relations;
use crate::rows::{Payload, RESOURCE_COLUMNS, ResourceColumns, ResourceRow, count};
use crate::session::{execute, load};
use crate::sort_sql::Order;
use crate::sql::{Bind, Rows, Sql};

/// How many rows are found by their index before they are cut into pages: beyond that, reading along
/// the order gets to the end of a page sooner.
const FEW: i64 = 1000;

/// How many conditions a filter may have for its statement to be kept on the connection.
const MAX_KEPT_CONDITIONS: usize = 8;

struct Search<'a> {
    tenant: &'a Tenant,
    query: &'a ResourceQuery,
    order: Order,
    reach: Reach,
    /// Whether the best plan depends on the values, so that a general one will not do.
    plan_each: bool,
}

/// Rows of a page, one more than it holds where there are more, and the total.
struct Found {
    rows: Vec<ResourceRow>,
    total: usize,
}

/// Answers `query` on a connection of `pool`, and on another one where that is quicker.
pub(crate) async fn search(
    pool: &Pool,
    lease: Lease,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<ResourcePage, Failure> {
    let search = Search::new(tenant, query);
    let page = search.run(pool, lease.connection()?).await;
    if !matches!(page, Err(Failure::Unavailable(_))) {
        Lease::give_back(lease);
    }
    page
}

/// How the database runs the statements of `query`: the first, where another may follow, too.
pub(crate) async fn plan(
    pool: &Pool,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<Vec<String>, Failure> {
    let search = Search::new(tenant, query);
    let statements = match search.reach {
        Reach::One => vec![search.one_statement()],
        Reach::Few => vec![search.few_statement()],
        Reach::Any => vec![search.page_statement(), search.total_statement()],
    };
    let lease = pool.lease_for(tenant.id).await?;
    let connection = lease.connection()?;
    let mut lines = Vec::new();
    for statement in statements {
        lines.extend(load::<_, String>(connection, statement.explained().rows::<Text>()).await?);
    }
    Lease::give_back(lease);
    Ok(lines)
}

impl<'a> Search<'a> {
    fn new(tenant: &'a Tenant, query: &'a ResourceQuery) -> Self {
        let order = Order::of(&query.scopes);
        let reach = query
            .scopes
            .iter()
            .map(|scope| scope.filter.as_ref().map_or(Reach::Any, reach))
            .max()
            .unwrap_or(Reach::One);
        let is_alone =
            query.scopes.len() <= 1 && !matches!(query.page, PageRequest::Keyset { position: Some(_), .. });
        let reach = if is_alone { reach } else { reach.max(Reach::Few) };
        let is_filtered = query.scopes.iter().any(|scope| scope.filter.is_some());
        Self {
            tenant,
            query,
            order,
            reach,
            plan_each: reach != Reach::One && (is_filtered || order == Order::Key),
        }
    }

    async fn run(&self, pool: &Pool, connection: &AsyncPgConnection) -> Result<ResourcePage, Failure> {
        let found = match self.reach {
            _ if self.query.scopes.is_empty() => Found { rows: Vec::new(), total: 0 },
            Reach::One => match self.one(connection).await? {
                Some(found) => found,
                None => self.few_or_many(pool, connection).await?,
            },
            Reach::Few => self.few_or_many(pool, connection).await?,
            Reach::Any => self.many(pool, connection).await?,
        };
        let (count, way) = self.count_and_way();
        let has_more = match self.query.page {
            PageRequest::Index { skip, .. } => found.total > skip.saturating_add(count),
            PageRequest::Keyset { .. } => found.rows.len() > count,
        };
        let mut rows = found.rows;
        rows.truncate(count);
        if way == Direction::Descending {
            rows.reverse();
        }
        let mut resources = Vec::with_capacity(rows.len());
        for row in rows {
            let scope =
                self.query.scopes.iter().find(|scope| scope.resource_type.name() == row.resource_type);
            let scope = scope.ok_or_else(|| unreadable("a row of a type that was not asked for"))?;
            resources.push(row.into_resource(Arc::clone(&scope.resource_type))?);
        }
        relations::attach(connection, self.tenant, &mut resources, self.query.include).await?;
        let resources: Vec<Resource> = resources.into_iter().map(|(resource, _)| resource).collect();
        Ok(ResourcePage { total_results: found.total, resources, has_more })
    }

    /// How many rows the page holds, and which way they are read.
    fn count_and_way(&self) -> (usize, Direction) {
        match &self.query.page {
            PageRequest::Index { count, .. } => (*count, Direction::Ascending),
            PageRequest::Keyset { count, direction, .. } => (*count, *direction),
        }
    }

    /// `None` where there is more than one.
    async fn one(&self, connection: &AsyncPgConnection) -> Result<Option<Found>, Failure> {
        let sql = self.one_statement();
        let mut rows: Vec<ResourceRow> = load(connection, sql.rows::<ResourceColumns>()).await?;
        let total = rows.len();
        if total > 1 {
            return Ok(None);
        }
        if let PageRequest::Index { skip, .. } = self.query.page {
            rows.drain(..skip.min(total));
        }
        Ok(Some(Found { rows, total }))
    }

    fn one_statement(&self) -> Sql {
        let mut sql = self.statement("SELECT ");
        sql.push(RESOURCE_COLUMNS);
        self.scopes(&mut sql, Order::Id);
        sql.push(" LIMIT 2");
        sql
    }

    async fn few_or_many(&self, pool: &Pool, connection: &AsyncPgConnection) -> Result<Found, Failure> {
        match self.few(connection).await? {
            Some(found) => Ok(found),
            None => self.many(pool, connection).await,
        }
    }

    /// `None` where there are more than a few.
    async fn few(&self, connection: &AsyncPgConnection) -> Result<Option<Found>, Failure> {
        let rows: Vec<FoundRow> = self.load(connection, self.few_statement().rows::<FoundColumns>()).await?;
        let total = rows.first().map_or(0, |row| row.total);
        if total > FEW {
            return Ok(None);
        }
        let rows = rows.into_iter().filter_map(FoundRow::into_row).collect();
        Ok(Some(Found { rows, total: count(total)? }))
    }

    fn few_statement(&self) -> Sql {
        // Planned for all that match, however many, and read until there are more than a few: with the
        // limit inside, it would be planned for meeting some soon.
        let mut sql = self.statement("WITH matching AS MATERIALIZED (");
        self.rows(&mut sql);
        sql.push("), found AS MATERIALIZED (SELECT * FROM matching LIMIT ").bind(Bind::Integer(FEW + 1));
        sql.push("), total AS (SELECT count(*) AS total FROM found) SELECT total.total, ");
        sql.push(RESOURCE_COLUMNS);
        sql.push(
            " FROM total LEFT JOIN (SELECT y.id, row_number() OVER () AS place FROM (\
             SELECT id FROM found WHERE (SELECT total FROM total) <= ",
        );
        sql.bind(Bind::Integer(FEW));
        self.page(&mut sql, " AND ");
        sql.push(
            ") y) z ON TRUE LEFT JOIN scim_resource r ON r.tenant_id = $1 AND r.id = z.id ORDER BY z.place",
        );
        sql
    }

    async fn many(&self, pool: &Pool, connection: &AsyncPgConnection) -> Result<Found, Failure> {
        if matches!(self.query.page, PageRequest::Index { count: 0, .. }) {
            return Ok(Found { rows: Vec::new(), total: self.total(connection).await? });
        }
        let other = pool.lease_idle_for(self.tenant.id).await;
        let (rows, total) = match &other {
            Some(other) => {
                futures_util::join!(self.page_rows(connection), self.total(other.connection()?))
            }
            None => futures_util::join!(self.page_rows(connection), self.total(connection)),
        };
        if let Some(other) = other
            && total.is_ok()
        {
            other.give_back();
        }
        Ok(Found { rows: rows?, total: total? })
    }

    async fn page_rows(&self, connection: &AsyncPgConnection) -> Result<Vec<ResourceRow>, Failure> {
        self.load(connection, self.page_statement().rows::<ResourceColumns>()).await
    }

    fn page_statement(&self) -> Sql {
        let mut sql = self.statement("SELECT ");
        sql.push(RESOURCE_COLUMNS);
        sql.push(" FROM (SELECT y.id, row_number() OVER () AS place FROM (SELECT id FROM (");
        self.rows(&mut sql);
        sql.push(") found");
        self.page(&mut sql, " WHERE ");
        sql.push(") y) z JOIN scim_resource r ON r.tenant_id = $1 AND r.id = z.id ORDER BY z.place");
        sql
    }

    async fn total(&self, connection: &AsyncPgConnection) -> Result<usize, Failure> {
        let rows: Vec<i64> = self.load(connection, self.total_statement().rows::<BigInt>()).await?;
        count(rows.first().copied().unwrap_or(0))
    }

    fn total_statement(&self) -> Sql {
        let mut sql = self.statement("SELECT count(*) FROM (SELECT r.id");
        self.scopes(&mut sql, Order::Id);
        sql.push(") found");
        sql
    }

    fn statement(&self, text: &'static str) -> Sql {
        let mut sql = Sql::of(self.tenant.id, text);
        let conditions: usize =
            self.query.scopes.iter().filter_map(|scope| scope.filter.as_ref()).map(node_count).sum();
        if conditions > MAX_KEPT_CONDITIONS || self.query.scopes.len() > 2 {
            sql.once();
        }
        sql
    }

    /// Writes the ids of all that match, with the columns that they are ordered by.
    fn rows(&self, sql: &mut Sql) {
        sql.push("SELECT r.id");
        self.order.columns(sql);
        self.scopes(sql, self.order);
    }

    /// Writes what follows the columns of the first scope, and the other scopes with the same columns.
    fn scopes(&self, sql: &mut Sql, order: Order) {
        for (index, scope) in self.query.scopes.iter().enumerate() {
            if index > 0 {
                sql.push(" UNION ALL SELECT r.id");
                order.columns(sql);
            }
            sql.push(" FROM scim_resource r");
            let mut filter_sql = FilterSql::new(sql, self.tenant, &scope.resource_type);
            if order == Order::Key {
                filter_sql.sort_key(scope.sort_by.as_ref());
            }
            filter_sql.sql.push(" WHERE r.tenant_id = $1 AND r.resource_type = ");
            filter_sql.sql.bind(Bind::text(scope.resource_type.name()));
            if let Some(filter) = &scope.filter {
                filter_sql.sql.push(" AND ");
                filter_sql.condition(filter);
            }
        }
    }

    /// Writes what cuts the page out of a sub-query: the place where it begins, its order, its size
    /// and one more.
    fn page(&self, sql: &mut Sql, before_condition: &'static str) {
        let (count, way) = self.count_and_way();
        if let PageRequest::Keyset { position: Some(position), .. } = &self.query.page {
            sql.push(before_condition);
            self.order.beyond(sql, self.query.sort_order, way, position);
        }
        self.order.order_by(sql, self.query.sort_order, way);
        sql.push(" LIMIT ").bind(Bind::Integer(limit(count.saturating_add(1))));
        if let PageRequest::Index { skip, .. } = self.query.page {
            sql.push(" OFFSET ").bind(Bind::Integer(limit(skip)));
        }
    }

    /// Runs a statement, planned for its values where they matter. What is sent with it comes back
    /// with it.
    async fn load<T, U>(&self, connection: &AsyncPgConnection, sql: Rows<T>) -> Result<Vec<U>, Failure>
    where
        T: Send + 'static,
        U: FromSqlRow<T, Pg> + Send + 'static,
    {
        if !self.plan_each {
            return load(connection, sql).await;
        }
        let (set, rows, reset) = futures_util::join!(
            execute(connection, Sql::global("SET plan_cache_mode = force_custom_plan")),
            load(connection, sql),
            execute(connection, Sql::global("SET plan_cache_mode = auto")),
        );
        set?;
        let rows = rows?;
        reset?;
        Ok(rows)
    }
}

/// A number of rows; those beyond what a column holds are none.
fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A row with the total before it; all NULL where the page is empty.
type FoundColumns = (
    BigInt,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Nullable<Json>,
    Nullable<BigInt>,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<BigInt>,
);

#[derive(Queryable)]
struct FoundRow {
    total: i64,
    id: Option<Uuid>,
    resource_type: Option<String>,
    payload: Option<Payload>,
    version: Option<i64>,
    created_at: Option<OffsetDateTime>,
    updated_at: Option<OffsetDateTime>,
    member_count: Option<i64>,
}

impl FoundRow {
    fn into_row(self) -> Option<ResourceRow> {
        Some(ResourceRow {
            id: self.id?,
            resource_type: self.resource_type?,
            payload: self.payload?,
            version: self.version?,
            created_at: self.created_at?,
            updated_at: self.updated_at?,
            member_count: self.member_count?,
        })
    }
}
