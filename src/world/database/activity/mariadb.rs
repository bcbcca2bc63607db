//! What a MariaDB or MySQL server is doing.

use super::{Activity, Connection, Connections, Dialect, LONG_S, noted, sessions, slow};

pub(super) async fn activity(connection: &mut Connection, limit: usize) -> Activity {
    let mut found = Activity::default();
    let connected = connection.rows("SHOW GLOBAL STATUS LIKE 'Threads_connected'").await;
    let connected = noted("connections", connected, &mut found).unwrap_or_default();
    let limits = connection.rows("SELECT @@max_connections").await;
    let limits = noted("connections", limits, &mut found).unwrap_or_default();
    let last = |rows: &[Vec<Option<String>>]| rows.first()?.last()?.as_ref()?.parse().ok();
    found.connections =
        last(&connected).zip(last(&limits)).map(|(server, limit)| Connections { database: None, server, limit });
    for (what, condition) in [
        ("long transactions", format!("t.trx_started < NOW() - INTERVAL {LONG_S} SECOND")),
        ("locks", WAITS.to_owned()),
    ] {
        let query = format!(
            "SELECT t.trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, COALESCE(t.trx_wait_started, t.trx_started), NOW()), \
             LOWER(t.trx_state), NULL, t.trx_query FROM information_schema.innodb_trx t \
             WHERE {condition} AND t.trx_mysql_thread_id <> CONNECTION_ID() ORDER BY t.trx_started LIMIT {limit}"
        );
        let rows = connection.rows(&query).await;
        let seen = noted(what, rows, &mut found).map(|rows| sessions(Dialect::Mariadb, rows));
        if what == "locks" { found.waiting = seen } else { found.long = seen }
    }
    statements(connection, limit, &mut found).await;
    found
}

const WAITS: &str = "t.trx_state = 'LOCK WAIT'";

/// From the performance schema (<https://mariadb.com/kb/en/performance-schema-events_statements_summary_by_digest-table/>); its
/// times are picoseconds.
async fn statements(connection: &mut Connection, limit: usize, found: &mut Activity) {
    let on = connection.rows("SELECT @@performance_schema").await;
    let on = noted("slow statements", on, found).into_iter().flatten().flatten().flatten().next();
    if on.as_deref() != Some("1") {
        found.not_read.push(
            "Slow statements: the performance schema is off. Set performance_schema=ON in the server's configuration."
                .to_owned(),
        );
        return;
    }
    let query = format!(
        "SELECT count_star, sum_timer_wait DIV 1000000000, avg_timer_wait DIV 1000000000, digest_text \
         FROM performance_schema.events_statements_summary_by_digest \
         WHERE schema_name = DATABASE() AND digest_text IS NOT NULL ORDER BY sum_timer_wait DESC LIMIT {limit}"
    );
    let rows = connection.rows(&query).await;
    found.slow = slow(Dialect::Mariadb, noted("slow statements", rows, found).unwrap_or_default());
}
