//! The scripts of `deploy/postgres` know every table.

use crate::statements::TABLES;
use crate::support::{block_on, connect, own_store};

const CITUS: &str = include_str!("../../../../deploy/postgres/citus.sql");
const RLS: &str = include_str!("../../../../deploy/postgres/rls.sql");

#[test]
fn every_table_of_tenants_is_watched_distributed_and_guarded() {
    block_on(async {
        let (_store, database) = own_store().await;
        let tables = "SELECT table_name::text FROM information_schema.columns \
            WHERE table_schema = 'public' AND column_name = 'tenant_id' ORDER BY table_name";
        let rows = connect(database.url()).await.query(tables, &[]).await.expect("tables");
        let tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let mut watched = TABLES.to_vec();
        watched.sort_unstable();
        assert_eq!(tables, watched);
        for table in tables {
            assert!(CITUS.contains(&format!("create_distributed_table('{table}', 'tenant_id'")), "{table}");
            assert!(RLS.contains(&format!("'{table}'")), "{table}");
        }
    });
}
