//! Searching: a page of what matches, in order, and how many match in all.
//!
//! A search is run in one of three ways, by how many rows its filter can match (see
//! [`Reach`]): where that is one, as a rule, the row is read and that is all; where an index finds the
//! rows, the first of them are read, which mostly are all, or else they are found first and then
//! counted, ordered and cut in the same statement, unless there turn out to be many; else the page is
//! read along its order. There the total is the one that is known, if it still is right, or else is
//! counted, at the same time on another connection where none is known.

mod found;
mod named;

use std::sync::Arc;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::AsyncPgConnection;
use scim_domain::listing::{Direction, PageRequest, ResourcePage, ResourceQuery};
use scim_domain::resource::StoredResource;
use scim_domain::tenant::Tenant;

use crate::error::{Failure, unreadable};
use crate::filter_sql::{FilterSql, Reach, node_count, reach};
use crate::pool::{Lease, Plans, Pool};
use crate::queries::relations;
use crate::rows::{IS_IN_GROUP, RESOURCE_COLUMNS, ResourceColumns, ResourceRow, count};
use crate::session::load;
use crate::sort_sql::Order;
use crate::sql::{Bind, Sql};
use crate::totals::{STATE, State, TotalKey, Totals};

use found::{FoundColumns, FoundRow};

pub(crate) use named::{UserName, find};

/// How many rows are found by their index before they are cut into pages: beyond that, reading along
/// the order gets to the end of a page sooner.
const FEW: i64 = 1000;

/// How many rows are read with all their columns before it is known whether there are more.
const FIRST: i64 = 50;

/// How many conditions a filter may have for its statement to be kept on the connection.
const MAX_KEPT_CONDITIONS: usize = 8;

struct Search<'a> {
    tenant: &'a Tenant,
    query: &'a ResourceQuery,
    order: Order,
    reach: Reach,
    plans: Plans,
}

/// What a search runs on.
struct Source<'a> {
    pool: &'a Pool,
    lease: &'a Lease,
    connection: &'a AsyncPgConnection,
    totals: &'a Totals,
}

/// Rows of a page, one more than it holds where there are more, and the total.
struct Found {
    rows: Vec<ResourceRow>,
    total: usize,
}

/// Answers `query` on a connection of `pool`, and on another one where that is quicker.
pub(crate) async fn search(
    pool: &Pool,
    mut lease: Lease,
    totals: &Totals,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<ResourcePage, Failure> {
    let search = Search::new(tenant, query);
    lease.plan(search.plans).await?;
    let source = Source { pool, lease: &lease, connection: lease.connection()?, totals };
    let page = search.run(&source).await;
    if !matches!(page, Err(Failure::Unavailable(_))) {
        Lease::give_back(lease);
    }
    page
}

/// How the database runs the statements of `query`: the first, where another may follow.
pub(crate) async fn plan(
    pool: &Pool,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<Vec<String>, Failure> {
    let search = Search::new(tenant, query);
    let statements = match search.reach {
        Reach::One => vec![search.one_statement()],
        Reach::Few if is_beyond_a_position(query) => vec![search.few_statement()],
        Reach::Few => vec![search.first_statement()],
        Reach::Any => vec![search.page_statement(), search.total_statement()],
    };
    let mut lease = pool.lease_for(tenant.id).await?;
    lease.plan(search.plans).await?;
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
        let is_alone = query.scopes.len() <= 1 && !is_beyond_a_position(query);
        let reach = if is_alone { reach } else { reach.max(Reach::Few) };
        let is_filtered = query.scopes.iter().any(|scope| scope.filter.is_some());
        // Where the best plan depends on the values, a general one will not do.
        let depends = reach != Reach::One && (is_filtered || order == Order::Key);
        let plans = if depends { Plans::ForValues } else { Plans::Kept };
        Self { tenant, query, order, reach, plans }
    }

    async fn run(&self, source: &Source<'_>) -> Result<ResourcePage, Failure> {
        let found = match self.reach {
            _ if self.query.scopes.is_empty() => Found { rows: Vec::new(), total: 0 },
            Reach::One => match self.one(source.connection).await? {
                Some(found) => found,
                None => self.few_or_many(source).await?,
            },
            Reach::Few => self.few_or_many(source).await?,
            Reach::Any => self.many(source).await?,
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
            resources.push(row.into_resource(Arc::clone(&scope.resource_type), self.query.include)?);
        }
        relations::attach(source.connection, self.tenant, &mut resources, self.query.include).await?;
        let resources: Vec<StoredResource> = resources.into_iter().map(|(resource, _)| resource).collect();
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
        let rows: Vec<ResourceRow> = load(connection, self.one_statement().rows::<ResourceColumns>()).await?;
        Ok((rows.len() <= 1).then(|| self.all_found(rows)))
    }

    fn one_statement(&self) -> Sql {
        let mut sql = self.statement("");
        self.scopes(&mut sql, Select::Resources, Order::Id);
        sql.push(" LIMIT 2");
        sql
    }

    async fn few_or_many(&self, source: &Source<'_>) -> Result<Found, Failure> {
        let known = source.totals.get(&TotalKey::of(&self.total_statement()));
        if known.is_none_or(|known| known.total <= FEW) {
            if let Some(found) = self.first(source.connection).await? {
                return Ok(found);
            }
            if let Some(found) = self.few(source.connection).await? {
                return Ok(found);
            }
        }
        self.many(source).await
    }

    /// `None` where there are more than the first few, or only those beyond a position are asked for.
    async fn first(&self, connection: &AsyncPgConnection) -> Result<Option<Found>, Failure> {
        if is_beyond_a_position(self.query) {
            return Ok(None);
        }
        let sql = self.first_statement();
        let rows: Vec<ResourceRow> = load(connection, sql.rows::<ResourceColumns>()).await?;
        let is_all = i64::try_from(rows.len()).is_ok_and(|found| found <= FIRST);
        Ok(is_all.then(|| self.all_found(rows)))
    }

    fn first_statement(&self) -> Sql {
        // Planned for all that match, however many, and read until there are more than a few: with the
        // limit inside, it would be planned for meeting some soon.
        let mut sql = self.statement("WITH matching AS MATERIALIZED (");
        self.scopes(&mut sql, Select::Resources, self.order);
        sql.push(") SELECT ")
            .push(RESOURCE_COLUMNS)
            .push(", r.is_in_group FROM (SELECT * FROM matching LIMIT ");
        sql.bind(Bind::Integer(FIRST + 1));
        sql.push(") r");
        let (_, way) = self.count_and_way();
        self.order.order_by(&mut sql, self.query.sort_order, way);
        sql
    }

    /// What is found where these rows are all that match, in order.
    fn all_found(&self, mut rows: Vec<ResourceRow>) -> Found {
        let total = rows.len();
        if let PageRequest::Index { skip, .. } = self.query.page {
            rows.drain(..skip.min(total));
        }
        Found { rows, total }
    }

    /// `None` where there are more than a few.
    async fn few(&self, connection: &AsyncPgConnection) -> Result<Option<Found>, Failure> {
        let rows: Vec<FoundRow> = load(connection, self.few_statement().rows::<FoundColumns>()).await?;
        let total = rows.first().map_or(0, |row| row.total);
        if total > FEW {
            return Ok(None);
        }
        let rows = rows.into_iter().filter_map(FoundRow::into_row).collect();
        Ok(Some(Found { rows, total: count(total)? }))
    }

    fn few_statement(&self) -> Sql {
        let mut sql = self.statement("WITH matching AS MATERIALIZED (");
        self.scopes(&mut sql, Select::Ids, self.order);
        sql.push("), found AS MATERIALIZED (SELECT * FROM matching LIMIT ").bind(Bind::Integer(FEW + 1));
        sql.push("), total AS (SELECT count(*) AS total FROM found) SELECT total.total, ");
        self.columns(&mut sql);
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

    async fn many(&self, source: &Source<'_>) -> Result<Found, Failure> {
        let connection = source.connection;
        let statement = self.total_statement();
        let key = TotalKey::of(&statement);
        let known = source.totals.get(&key);
        let is_total_alone = matches!(self.query.page, PageRequest::Index { count: 0, .. });
        let ended = source.pool.ended();
        let (rows, state) = match (&known, is_total_alone) {
            (None, false) => {
                let other = self.other(source.pool).await;
                let counting = match &other {
                    Some(other) => self.counted(source, other.connection()?, statement, &key),
                    None => self.counted(source, connection, statement, &key),
                };
                let (rows, total) = futures_util::join!(self.page_rows(connection), counting);
                if let Some(other) = other
                    && total.is_ok()
                {
                    other.give_back();
                }
                return Ok(Found { rows: rows?, total: total? });
            }
            (None, true) => (Vec::new(), None),
            (Some(_), true) => (Vec::new(), State::now(connection, ended).await?),
            (Some(_), false) => {
                futures_util::try_join!(self.page_rows(connection), State::now(connection, ended))?
            }
        };
        let total = match known.filter(|known| known.holds_in(state.as_ref())) {
            Some(known) => count(known.total)?,
            None => self.counted(source, connection, statement, &key).await?,
        };
        Ok(Found { rows, total })
    }

    /// Another connection, if one is idle.
    async fn other(&self, pool: &Pool) -> Option<Lease> {
        let mut lease = pool.lease_idle_for(self.tenant.id).await?;
        lease.plan(self.plans).await.ok()?;
        Some(lease)
    }

    async fn page_rows(&self, connection: &AsyncPgConnection) -> Result<Vec<ResourceRow>, Failure> {
        load(connection, self.page_statement().rows::<ResourceColumns>()).await
    }

    fn page_statement(&self) -> Sql {
        let mut sql = self.statement("SELECT ");
        self.columns(&mut sql);
        sql.push(" FROM (SELECT y.id, row_number() OVER () AS place FROM (SELECT id FROM (");
        self.scopes(&mut sql, Select::Ids, self.order);
        sql.push(") found");
        self.page(&mut sql, " WHERE ");
        sql.push(") y) z JOIN scim_resource r ON r.tenant_id = $1 AND r.id = z.id ORDER BY z.place");
        sql
    }

    /// The total as it is counted now, which is remembered.
    async fn counted(
        &self,
        source: &Source<'_>,
        connection: &AsyncPgConnection,
        statement: Sql,
        key: &TotalKey,
    ) -> Result<usize, Failure> {
        let ended = source.pool.ended();
        let counted: Vec<(i64, Option<String>)> =
            load(connection, statement.rows::<(BigInt, Nullable<Text>)>()).await?;
        let (total, state) = counted.into_iter().next().unwrap_or_default();
        if source.lease.is_to_one_server() {
            source.totals.put(key, total, State::new(state, ended));
        }
        count(total)
    }

    fn total_statement(&self) -> Sql {
        let mut sql = self.statement("SELECT count(*), ");
        sql.push(STATE).push(" FROM (");
        self.scopes(&mut sql, Select::Ids, Order::Id);
        sql.push(") found");
        sql
    }

    fn statement(&self, text: &'static str) -> Sql {
        let mut sql = Sql::of(self.tenant.id, text);
        let conditions: usize =
            self.query.scopes.iter().filter_map(|scope| scope.filter.as_ref()).map(node_count).sum();
        if conditions > MAX_KEPT_CONDITIONS || self.query.scopes.len() > 2 {
            sql.once();
        } else {
            sql.of_a_client();
        }
        sql
    }

    /// Writes the columns of resources.
    fn columns(&self, sql: &mut Sql) {
        let shows_groups = self.query.scopes.iter().any(|scope| scope.resource_type.groups().is_some());
        sql.push(RESOURCE_COLUMNS).push(", ");
        sql.push(if self.query.include.groups && shows_groups { IS_IN_GROUP } else { "FALSE" });
    }

    /// Writes what selects all that match, with the columns that they are ordered by.
    fn scopes(&self, sql: &mut Sql, select: Select, order: Order) {
        for (index, scope) in self.query.scopes.iter().enumerate() {
            sql.push(if index > 0 { " UNION ALL SELECT " } else { "SELECT " });
            match select {
                Select::Ids => {
                    sql.push("r.id");
                }
                Select::Resources => {
                    self.columns(sql);
                    sql.push(" AS is_in_group");
                }
            }
            order.columns(sql);
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
}

/// What is read of the rows that match.
#[derive(Debug, Clone, Copy)]
enum Select {
    Ids,
    Resources,
}

/// Whether the page begins somewhere in the middle of what matches.
fn is_beyond_a_position(query: &ResourceQuery) -> bool {
    matches!(query.page, PageRequest::Keyset { position: Some(_), .. })
}

/// A number of rows; those beyond what a column holds are none.
fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
