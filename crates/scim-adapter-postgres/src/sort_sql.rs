//! The order of a search (RFC 7644 §3.4.2.3) as SQL.
//!
//! Whatever a search is sorted by becomes three columns, none of them NULL, which order as
//! [`SortKey::compare`] does: the kind of the key (`false` and `true`, numbers, texts, none), the
//! number, and the text by code point. A time of `meta` is a column of its own, which an index has.

use scim_domain::attribute::{AttributeRef, AttributeSource};
use scim_domain::comparison::ordering_key;
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::sort::simple_attribute;
use scim_domain::listing::{Direction, QueryScope, SortKey};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use crate::document::write_number;
use crate::filter_sql::{FilterSql, VERSION, element_path, first_end, location, value_path};
use crate::sql::{Bind, Sql};
use crate::text::escape;

/// What a search is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By id, which is by creation.
    Id,
    /// By a time of `meta`: this column.
    Time(&'static str),
    /// By the key of an attribute.
    Key,
}

impl Order {
    pub(crate) fn of(scopes: &[QueryScope]) -> Self {
        let times: Vec<Option<&'static str>> =
            scopes.iter().map(|scope| scope.sort_by.as_ref().and_then(time_column)).collect();
        match times.as_slice() {
            _ if scopes.iter().all(|scope| scope.sort_by.is_none()) => Self::Id,
            [Some(first), rest @ ..] if rest.iter().all(|column| *column == Some(first)) => Self::Time(first),
            _ => Self::Key,
        }
    }

    /// Writes the columns that follow `r.id` in the sub-query of one scope.
    pub(crate) fn columns(self, sql: &mut Sql) {
        match self {
            Self::Id => {}
            Self::Time(column) => {
                sql.push(", ").push(column).push(" AS k");
            }
            Self::Key => {
                sql.push(
                    ", CASE jsonb_typeof(s.k) WHEN 'boolean' THEN 0 WHEN 'number' THEN 1 \
                     WHEN 'string' THEN 2 ELSE 3 END AS kind, \
                     CASE jsonb_typeof(s.k) WHEN 'boolean' THEN s.k::boolean::integer::numeric \
                     WHEN 'number' THEN s.k::numeric ELSE 0 END AS number, \
                     (CASE jsonb_typeof(s.k) WHEN 'string' THEN s.k #>> '{}' ELSE '' END) COLLATE \"C\" AS text",
                );
            }
        }
    }

    /// Writes `ORDER BY` for a sub-query with those columns.
    pub(crate) fn order_by(self, sql: &mut Sql, sort: Direction, way: Direction) {
        let descending = |direction: Direction| if direction == Direction::Descending { " DESC" } else { "" };
        let (keys, ids) = (descending(same_way(sort, way)), descending(way));
        sql.push(" ORDER BY ");
        match self {
            Self::Id => {}
            Self::Time(_) => {
                sql.push("k").push(keys).push(", ");
            }
            Self::Key => {
                sql.push("kind").push(keys).push(", number").push(keys).push(", text").push(keys).push(", ");
            }
        }
        sql.push("id").push(ids);
    }

    /// Writes the condition that a row of a sub-query with those columns comes after `position` on
    /// the way `way`.
    pub(crate) fn beyond(self, sql: &mut Sql, sort: Direction, way: Direction, position: &KeysetPosition) {
        let beyond = |direction: Direction| if direction == Direction::Ascending { " > " } else { " < " };
        let (keys, ids) = (beyond(same_way(sort, way)), beyond(way));
        let (columns, place): (&'static str, Vec<Bind>) = match self {
            Self::Id => {
                sql.push("(id").push(ids).bind(Bind::id(position.id));
                sql.push(")");
                return;
            }
            Self::Time(_) => ("(k)", vec![time_of(position)]),
            Self::Key => ("(kind, number, text)", key_of(position)),
        };
        sql.push("(").push(columns).push(keys);
        let mut numbers = Vec::new();
        sql.push("(");
        for (index, value) in place.into_iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " });
            let is_number = index == 1;
            numbers.push(sql.bind(value));
            sql.push(if is_number { "::numeric" } else { "" });
        }
        sql.push(") OR (").push(columns).push(" = (");
        for (index, number) in numbers.into_iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " });
            sql.again(number);
            sql.push(if index == 1 { "::numeric" } else { "" });
        }
        sql.push(") AND id").push(ids).bind(Bind::id(position.id));
        sql.push("))");
    }
}

fn same_way(sort: Direction, way: Direction) -> Direction {
    if sort == way { Direction::Ascending } else { Direction::Descending }
}

fn time_column(sort_by: &AttributeRef) -> Option<&'static str> {
    match (sort_by.source, sort_by.leaf().name.as_str()) {
        (AttributeSource::Meta, "created") => Some("r.created_at"),
        (AttributeSource::Meta, "lastModified") => Some("r.updated_at"),
        _ => None,
    }
}

/// A position without a time is beyond all times, and one with a key of another kind before them, as
/// the kinds are ordered.
fn time_of(position: &KeysetPosition) -> Bind {
    const FIRST: OffsetDateTime = datetime!(0001-01-01 00:00 UTC);
    const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999999 UTC);
    Bind::Time(match &position.sort_key {
        Some(SortKey::Text(text)) => OffsetDateTime::parse(text, &Rfc3339).unwrap_or(LAST),
        Some(SortKey::Boolean(_) | SortKey::Number(_)) => FIRST,
        None => LAST,
    })
}

fn key_of(position: &KeysetPosition) -> Vec<Bind> {
    let (kind, number, text) = match &position.sort_key {
        Some(SortKey::Boolean(value)) => (0, i64::from(*value).to_string(), String::new()),
        Some(SortKey::Number(number)) => {
            let mut exact = String::new();
            write_number(&mut exact, number);
            (1, exact, String::new())
        }
        Some(SortKey::Text(text)) => (2, "0".to_owned(), escape(text).into_owned()),
        None => (3, "0".to_owned(), String::new()),
    };
    vec![Bind::Integer(kind), Bind::Text(number), Bind::Text(text)]
}

impl FilterSql<'_> {
    /// Writes, after `FROM scim_resource r`, what gives each row its key `s.k`.
    pub(crate) fn sort_key(&mut self, sort_by: Option<&AttributeRef>) {
        self.sql.push(" CROSS JOIN LATERAL (SELECT ");
        match sort_by.and_then(simple_attribute) {
            None => {
                self.sql.push("NULL::jsonb");
            }
            Some(simple) if simple.source == AttributeSource::Stored => self.stored_key(&simple),
            Some(simple) => {
                self.sql.push("to_jsonb((");
                self.fixed_key(&simple);
                self.sql.push(")::text)");
            }
        }
        self.sql.push(" AS k) s");
    }

    /// The first value, of the primary element where there are several.
    fn stored_key(&mut self, simple: &AttributeRef) {
        self.sql.push("jsonb_path_query_first(");
        if simple.attribute.multi_valued && simple.sub_attribute.is_some() {
            let elements = value_path(&simple.whole(), None);
            self.sql.push("COALESCE(jsonb_path_query_first(");
            self.document();
            self.sql.push(", ").bind(Bind::json_path(format!("{elements} ? (@.primary == true)")));
            self.sql.push("), jsonb_path_query_first(");
            self.document();
            self.sql.push(", ").bind(Bind::json_path(elements));
            self.sql.push(")), ").bind(Bind::json_path(element_path(simple)));
        } else {
            self.document();
            self.sql.push(", ").bind(Bind::json_path(value_path(simple, None)));
        }
        self.sql.push(")");
    }

    fn fixed_key(&mut self, simple: &AttributeRef) {
        let text = match (simple.source, simple.leaf().name.as_str()) {
            (AttributeSource::Members | AttributeSource::Groups, _) => {
                return first_end(self.sql, self.tenant, simple);
            }
            (AttributeSource::Id, _) => {
                self.sql.push("r.id");
                return;
            }
            (AttributeSource::Schemas, _) => self.resource_type.schema.id.as_str(),
            (_, "resourceType") => self.resource_type.name(),
            (_, "version") => {
                self.sql.push(VERSION);
                return;
            }
            (_, "location") => return location(self.sql, self.resource_type.endpoint()),
            (_, "created" | "lastModified") => {
                self.sql.push("to_char(");
                self.sql.push(time_column(simple).unwrap_or("r.created_at"));
                self.sql.push(" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '000Z'");
                return;
            }
            _ => {
                self.sql.push("NULL");
                return;
            }
        };
        let key = escape(&ordering_key(simple, text)).into_owned();
        self.sql.bind(Bind::Text(key));
    }
}
