//! What a PostgreSQL server is doing.

use super::{Activity, Connection, Connections, Dialect, LONG_S, noted, sessions, slow};
use crate::world::database::postgres::quoted;

pub(super) async fn activity(connection: &mut Connection, limit: usize) -> Activity {
    let mut found = Activity::default();
    let counts = connection
        .rows(
            "SELECT count(*) FILTER (WHERE datname = current_database()), count(*), current_setting('max_connections') \
             FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL",
        )
        .await;
    found.connections = noted("connections", counts, &mut found).unwrap_or_default().first().and_then(|row| {
        let number = |at: usize| row.get(at)?.as_ref()?.parse().ok();
        Some(Connections { database: number(0), server: number(1)?, limit: number(2)? })
    });
    let long = format!(
        "SELECT pid, floor(extract(epoch FROM now() - xact_start))::bigint, state, NULL, query FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND xact_start < now() - interval '{LONG_S} s' ORDER BY xact_start LIMIT {limit}"
    );
    let long = connection.rows(&long).await;
    found.long = noted("long transactions", long, &mut found).map(|rows| sessions(Dialect::Postgres, rows));
    let waiting = format!(
        "SELECT pid, floor(extract(epoch FROM now() - query_start))::bigint, coalesce(wait_event, state), \
         array_to_string(pg_blocking_pids(pid), ', '), query FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY query_start LIMIT {limit}"
    );
    let waiting = connection.rows(&waiting).await;
    found.waiting = noted("locks", waiting, &mut found).map(|rows| sessions(Dialect::Postgres, rows));
    statements(connection, limit, &mut found).await;
    found
}

/// From `pg_stat_statements` (PostgreSQL manual, F.32), in whatever schema it was installed.
async fn statements(connection: &mut Connection, limit: usize, found: &mut Activity) {
    let installed = connection
        .rows(
            "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
             WHERE e.extname = 'pg_stat_statements'",
        )
        .await;
    let schema = noted("slow statements", installed, found).into_iter().flatten().flatten().flatten().next();
    let Some(schema) = schema else {
        found.not_read.push(
            "Slow statements: pg_stat_statements is not installed. CREATE EXTENSION pg_stat_statements, with the library in \
             shared_preload_libraries."
                .to_owned(),
        );
        return;
    };
    let query = format!(
        "SELECT s.calls, round(s.total_exec_time)::bigint, round(s.mean_exec_time)::bigint, s.query \
         FROM {}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid \
         WHERE d.datname = current_database() ORDER BY s.total_exec_time DESC LIMIT {limit}",
        quoted(&schema)
    );
    let rows = connection.rows(&query).await;
    found.slow = slow(Dialect::Postgres, noted("slow statements", rows, found).unwrap_or_default());
}
