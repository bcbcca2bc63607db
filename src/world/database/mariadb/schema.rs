//! What a MariaDB schema declares, as one digest.
//!
//! Left out are: DEFINER (who may run something, not what it is), counters of AUTO_INCREMENT, statistics of the optimizer, and
//! whether an event is switched on, which a replica changes by itself. The database's own name is taken out of what names it, so
//! that a copy under another name has the same digest.

use super::{Connection, quoted};
use crate::{domain::digest::Digest, world::WorldError};

/// Everything that is declared, each in an order of its own. What only MariaDB has stands in its own comments.
const DECLARED: [&str; 12] = [
    "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata \
     WHERE schema_name = DATABASE()",
    "SELECT table_name, table_type, engine, table_collation, create_options, IF(table_type = 'VIEW', '', table_comment) \
     FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY CAST(table_name AS BINARY)",
    "SELECT table_name, column_name, ordinal_position, column_default, is_nullable, column_type, character_set_name, \
     collation_name, extra, column_comment, generation_expression FROM information_schema.columns \
     WHERE table_schema = DATABASE() ORDER BY CAST(table_name AS BINARY), ordinal_position",
    "SELECT table_name, index_name, non_unique, seq_in_index, column_name, collation, sub_part, index_type, index_comment \
     /*M! , ignored */ /*!80013 , expression, is_visible */ FROM information_schema.statistics \
     WHERE table_schema = DATABASE() ORDER BY CAST(table_name AS BINARY), CAST(index_name AS BINARY), seq_in_index",
    "SELECT k.table_name, k.constraint_name, k.ordinal_position, k.column_name, \
     IF(k.referenced_table_schema = DATABASE(), '', k.referenced_table_schema), k.referenced_table_name, \
     k.referenced_column_name, r.match_option, r.update_rule, r.delete_rule FROM information_schema.key_column_usage k \
     LEFT JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema \
     AND r.table_name = k.table_name AND r.constraint_name = k.constraint_name WHERE k.table_schema = DATABASE() \
     ORDER BY CAST(k.table_name AS BINARY), CAST(k.constraint_name AS BINARY), k.ordinal_position",
    "SELECT constraint_name, check_clause /*M! , table_name, level */ FROM information_schema.check_constraints \
     WHERE constraint_schema = DATABASE() ORDER BY /*M! CAST(table_name AS BINARY), */ CAST(constraint_name AS BINARY), \
     check_clause",
    "SELECT table_name, partition_name, subpartition_name, partition_method, subpartition_method, partition_expression, \
     subpartition_expression, partition_description, partition_comment FROM information_schema.partitions \
     WHERE table_schema = DATABASE() AND partition_name IS NOT NULL \
     ORDER BY CAST(table_name AS BINARY), partition_ordinal_position, subpartition_ordinal_position",
    "SELECT table_name, REPLACE(view_definition, CONCAT('`', REPLACE(DATABASE(), '`', '``'), '`.'), ''), check_option, \
     security_type, character_set_client, collation_connection /*M! , algorithm */ FROM information_schema.views \
     WHERE table_schema = DATABASE() ORDER BY CAST(table_name AS BINARY)",
    "SELECT trigger_name, event_manipulation, event_object_table, action_order, action_timing, action_statement, sql_mode, \
     character_set_client, collation_connection, database_collation FROM information_schema.triggers \
     WHERE trigger_schema = DATABASE() ORDER BY CAST(trigger_name AS BINARY)",
    "SELECT routine_type, routine_name, dtd_identifier, routine_definition, is_deterministic, sql_data_access, \
     security_type, sql_mode, routine_comment, character_set_client, collation_connection, database_collation \
     FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY routine_type, CAST(routine_name AS BINARY)",
    "SELECT routine_type, specific_name, ordinal_position, parameter_mode, parameter_name, dtd_identifier \
     FROM information_schema.parameters WHERE specific_schema = DATABASE() \
     ORDER BY routine_type, CAST(specific_name AS BINARY), ordinal_position",
    "SELECT event_name, time_zone, event_definition, event_type, execute_at, interval_value, interval_field, sql_mode, \
     starts, ends, on_completion, event_comment, character_set_client, collation_connection, database_collation \
     FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY CAST(event_name AS BINARY)",
];

/// The fingerprint of the schema.
pub(crate) async fn schema(connection: &mut Connection) -> Result<Digest, WorldError> {
    let mut declared = Vec::with_capacity(DECLARED.len() + 1);
    for query in DECLARED {
        declared.push(connection.rows(query).await?);
    }
    let sequences = connection
        .rows(
            "SELECT table_name FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE' ORDER BY CAST(table_name AS BINARY)",
        )
        .await?;
    for name in sequences.into_iter().flatten().flatten() {
        let query = format!(
            "SELECT minimum_value, maximum_value, start_value, increment, cache_size, cycle_option FROM {}",
            quoted(&name)
        );
        declared.push(connection.rows(&query).await?);
    }
    Ok(Digest::of_domain("deployops/mariadb-schema/v1", &serde_json::to_vec(&declared).unwrap_or_default()))
}
