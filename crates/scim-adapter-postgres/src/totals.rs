//! Totals that are known.
//!
//! To count what matches takes as long as there is much of it, and a client that walks through the
//! pages of a result asks for the same total with each. A total is right for as long as no transaction
//! has ended since it was counted: then the database is in the same state, which is told by what
//! `pg_current_snapshot` gives. A replica and a cluster of servers have no such state; there each total
//! is counted.

use std::collections::HashMap;

use diesel::sql_types::{Nullable, Text};
use diesel_async::AsyncPgConnection;
use parking_lot::Mutex;

use crate::error::Failure;
use crate::session::load;
use crate::sql::Sql;

/// The state of the database as a statement sees it; NULL on a replica. Two servers that were started
/// at different times have no state in common.
pub(crate) const STATE: &str = "CASE WHEN pg_is_in_recovery() THEN NULL ELSE \
     extract(epoch FROM pg_postmaster_start_time())::text || ' ' || pg_current_snapshot()::text END";

/// How many totals are remembered, and how long what they are remembered by may be.
const MAX_TOTALS: usize = 512;
const MAX_IDENTITY: usize = 2048;

/// Totals with the states in which they were counted.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    known: Mutex<HashMap<String, Known>>,
}

/// What a total is remembered by: the statement that counts it. `None` remembers nothing.
#[derive(Debug, Clone)]
pub(crate) struct TotalKey(Option<String>);

/// A total, and when it was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// How many matched.
    pub(crate) total: i64,
    state: State,
}

/// A state of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// As the database puts it.
    text: String,
    /// How many connections had ended: after a crash the database may count its transactions again.
    ended: usize,
}

impl State {
    pub(crate) fn new(text: Option<String>, ended: usize) -> Option<Self> {
        text.map(|text| Self { text, ended })
    }

    /// The state that the database is in now.
    pub(crate) async fn now(connection: &AsyncPgConnection, ended: usize) -> Result<Option<Self>, Failure> {
        let sql = Sql::global("SELECT ").with_text(STATE);
        let states: Vec<Option<String>> = load(connection, sql.rows::<Nullable<Text>>()).await?;
        Ok(Self::new(states.into_iter().next().flatten(), ended))
    }
}

impl TotalKey {
    pub(crate) fn of(statement: &Sql) -> Self {
        Self(statement.identity(MAX_IDENTITY))
    }
}

impl Known {
    /// Whether the total is right in this state.
    pub(crate) fn holds_in(&self, state: Option<&State>) -> bool {
        state == Some(&self.state)
    }
}

impl Totals {
    /// The total as it was at some time.
    pub(crate) fn get(&self, key: &TotalKey) -> Option<Known> {
        self.known.lock().get(key.0.as_ref()?).cloned()
    }

    /// Remembers a total that was counted in this state.
    pub(crate) fn put(&self, key: &TotalKey, total: i64, state: Option<State>) {
        let (Some(key), Some(state)) = (&key.0, state) else { return };
        let mut known = self.known.lock();
        if known.len() >= MAX_TOTALS && !known.contains_key(key) {
            known.clear();
        }
        known.insert(key.clone(), Known { total, state });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str, ended: usize) -> Option<State> {
        State::new(Some(text.to_owned()), ended)
    }

    #[test]
    fn a_total_holds_in_its_state_alone() {
        let (totals, key) = (Totals::default(), TotalKey::of(&Sql::global("SELECT 1")));
        assert_eq!(totals.get(&key), None);
        totals.put(&key, 7, state("1:1:", 0));
        let known = totals.get(&key).expect("it is remembered");
        assert_eq!(known.total, 7);
        assert!(known.holds_in(state("1:1:", 0).as_ref()));
        assert!(!known.holds_in(state("1:2:", 0).as_ref()), "a transaction ended");
        assert!(!known.holds_in(state("1:1:", 1).as_ref()), "a connection ended");
        assert!(!known.holds_in(None), "a replica");
        totals.put(&key, 8, None);
        assert_eq!(totals.get(&key), Some(known), "a replica's total is not remembered");
    }

    #[test]
    fn few_totals_of_short_statements_are_remembered() {
        let totals = Totals::default();
        let of = |text: String| {
            let mut sql = Sql::global("SELECT ");
            sql.bind(crate::sql::Bind::Text(text));
            TotalKey::of(&sql)
        };
        for number in 0..=MAX_TOTALS {
            totals.put(&of(number.to_string()), 1, state("1:1:", 0));
        }
        assert!(totals.known.lock().len() <= MAX_TOTALS);
        assert!(totals.get(&of(MAX_TOTALS.to_string())).is_some());
        let long = of("x".repeat(MAX_IDENTITY));
        totals.put(&long, 1, state("1:1:", 0));
        assert!(totals.get(&long).is_none());
    }
}
