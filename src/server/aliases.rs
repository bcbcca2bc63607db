//! Old names of tools. A renamed tool keeps answering to them; `tools/list` shows only the new name.

/// Old name, new name.
const ALIASES: &[(&str, &str)] = &[
    ("deploy", "deploy_service"),
    ("rollback_service", "rollback"),
    ("backup_db", "snapshot_db"),
    ("smoke_test", "run_smoke"),
    ("check_secret", "verify_secret"),
    ("list_inventory", "list_services"),
    ("get_operation", "operation_status"),
];

/// The name a tool has today.
pub fn current(name: &str) -> &str {
    ALIASES.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_lead_to_new_ones_and_new_names_to_themselves() {
        assert_eq!(current("backup_db"), "snapshot_db");
        assert_eq!(current("snapshot_db"), "snapshot_db");
    }

    #[test]
    fn no_alias_leads_to_another_alias() {
        for (_, new) in ALIASES {
            assert_eq!(current(new), *new);
        }
    }
}
