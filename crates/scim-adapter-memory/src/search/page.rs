//! Cutting the page out of an ordered result.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::sync::Arc;

use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{Direction, PageRequest, SortKey, SortOrder};

use crate::row::Row;
use crate::state::RowsById;

/// A page of rows, each with the index of its scope.
pub(super) struct Page {
    pub(super) total: usize,
    pub(super) rows: Vec<(usize, Arc<Row>)>,
    pub(super) has_more: bool,
}

/// The rows of one scope that match, ascending by id.
pub(super) enum Rows<'a> {
    Whole(&'a RowsById),
    Chosen(Vec<Arc<Row>>),
}

/// A row that matches, with what it is sorted by.
pub(super) struct Hit {
    pub(super) key: Option<SortKey>,
    pub(super) row: Arc<Row>,
    pub(super) scope: usize,
}

type Walk<'a> = Box<dyn Iterator<Item = &'a Arc<Row>> + Send + 'a>;

impl<'a> Rows<'a> {
    pub(super) fn whole(blocks: Option<&'a RowsById>) -> Self {
        blocks.map_or(Self::Chosen(Vec::new()), Self::Whole)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Whole(blocks) => blocks.len(),
            Self::Chosen(rows) => rows.len(),
        }
    }

    /// All but the first `skip`, ascending.
    pub(super) fn skip(&self, skip: usize) -> Walk<'_> {
        match self {
            Self::Whole(blocks) => Box::new(blocks.skip(skip)),
            Self::Chosen(rows) => Box::new(rows.iter().skip(skip)),
        }
    }

    /// Away from `position`: what comes after it, ascending, or before it, descending.
    fn away_from(&self, position: Option<&KeysetPosition>, direction: Direction) -> Walk<'_> {
        let id = position.map(|position| position.id);
        match (self, direction, id) {
            (_, Direction::Ascending, None) => self.skip(0),
            (Self::Whole(blocks), Direction::Ascending, Some(id)) => Box::new(blocks.after(id)),
            (Self::Whole(blocks), Direction::Descending, id) => Box::new(blocks.before(id)),
            (Self::Chosen(rows), Direction::Ascending, Some(id)) => {
                let from = rows.partition_point(|row| row.id <= id);
                Box::new(rows.get(from..).unwrap_or_default().iter())
            }
            (Self::Chosen(rows), Direction::Descending, id) => {
                let end = id.map_or(rows.len(), |id| rows.partition_point(|row| row.id < id));
                Box::new(rows.get(..end).unwrap_or_default().iter().rev())
            }
        }
    }
}

/// A page of the scopes' rows, merged in the order of ids.
pub(super) fn by_id(scopes: &[Rows<'_>], request: &PageRequest) -> Page {
    let total = scopes.iter().map(Rows::len).sum();
    match request {
        PageRequest::Index { skip, count } => {
            // One scope skips block by block; several have to be merged up to the page.
            let (walks, skip_merged) = match scopes {
                [only] => (vec![only.skip(*skip)], 0),
                several => (several.iter().map(|rows| rows.skip(0)).collect(), *skip),
            };
            let rows: Vec<_> =
                Merge::new(walks, Direction::Ascending).skip(skip_merged).take(*count).collect();
            Page { total, has_more: skip.saturating_add(rows.len()) < total, rows }
        }
        PageRequest::Keyset { position, direction, count } => {
            let walks = scopes.iter().map(|rows| rows.away_from(position.as_ref(), *direction)).collect();
            let mut merged = Merge::new(walks, *direction);
            let mut rows: Vec<_> = merged.by_ref().take(*count).collect();
            let has_more = merged.next().is_some();
            if *direction == Direction::Descending {
                rows.reverse();
            }
            Page { total, rows, has_more }
        }
    }
}

/// Rows of several walks, each in order, as one.
struct Merge<'a> {
    walks: Vec<Peekable<Walk<'a>>>,
    direction: Direction,
}

impl<'a> Merge<'a> {
    fn new(walks: Vec<Walk<'a>>, direction: Direction) -> Self {
        Self { walks: walks.into_iter().map(Iterator::peekable).collect(), direction }
    }
}

impl Iterator for Merge<'_> {
    type Item = (usize, Arc<Row>);

    fn next(&mut self) -> Option<Self::Item> {
        let direction = self.direction;
        let heads = self.walks.iter_mut().enumerate();
        let heads = heads.filter_map(|(scope, walk)| Some((scope, walk.peek()?.id)));
        let (scope, _) = heads.min_by(|left, right| direction.apply(left.1.cmp(&right.1)))?;
        let row = self.walks.get_mut(scope)?.next()?;
        Some((scope, Arc::clone(row)))
    }
}

/// A page of `hits` in the order of their keys; ties in the order of ids, whichever way it sorts.
pub(super) fn by_key(mut hits: Vec<Hit>, order: SortOrder, request: &PageRequest) -> Page {
    let total = hits.len();
    let compare = |left: &Hit, right: &Hit| {
        order
            .apply(SortKey::compare(left.key.as_ref(), right.key.as_ref()))
            .then_with(|| left.row.id.cmp(&right.row.id))
    };
    let has_more = match request {
        PageRequest::Index { skip, count } => {
            drop_first(&mut hits, *skip, compare);
            let has_more = hits.len() > *count;
            keep_first(&mut hits, *count, compare);
            has_more
        }
        PageRequest::Keyset { position, direction, count } => {
            if let Some(position) = position {
                let wanted = direction.apply(Ordering::Greater);
                hits.retain(|hit| place(hit, position, order) == wanted);
            }
            let has_more = hits.len() > *count;
            match direction {
                Direction::Ascending => keep_first(&mut hits, *count, compare),
                Direction::Descending => {
                    let surplus = hits.len().saturating_sub(*count);
                    drop_first(&mut hits, surplus, compare);
                }
            }
            has_more
        }
    };
    hits.sort_unstable_by(compare);
    Page { total, rows: hits.into_iter().map(|hit| (hit.scope, hit.row)).collect(), has_more }
}

/// Where a hit is, seen from `position`.
fn place(hit: &Hit, position: &KeysetPosition, order: SortOrder) -> Ordering {
    order
        .apply(SortKey::compare(hit.key.as_ref(), position.sort_key.as_ref()))
        .then_with(|| hit.row.id.cmp(&position.id))
}

/// Keeps the `count` least hits, in no order, without sorting the rest.
fn keep_first(hits: &mut Vec<Hit>, count: usize, compare: impl Fn(&Hit, &Hit) -> Ordering) {
    if count < hits.len() {
        hits.select_nth_unstable_by(count, compare);
        hits.truncate(count);
    }
}

/// Drops the `count` least hits, and leaves the others in no order.
fn drop_first(hits: &mut Vec<Hit>, count: usize, compare: impl Fn(&Hit, &Hit) -> Ordering) {
    if count >= hits.len() {
        hits.clear();
    } else if count > 0 {
        hits.select_nth_unstable_by(count, compare);
        hits.drain(..count);
    }
}
