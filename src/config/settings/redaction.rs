//! `[redaction]`

use crate::{
    config::{defaults, raw::Section, sections::secrets},
    domain::inventory::SecretReference,
};

const KEYS: &[&str] = &["extra_secrets", "session_stop_hits"];

/// What is hidden besides all secrets of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactionSettings {
    /// Further secrets that no service needs but that may turn up in logs.
    pub extra_secrets: Vec<SecretReference>,
    /// How many redacted secrets stop a session, because somebody seems to be probing.
    pub session_stop_hits: u32,
}

pub(super) fn read(file: &Section<'_>) -> RedactionSettings {
    let section = file.optional("redaction").and_then(|item| item.section(KEYS));
    let extra = section.as_ref().map(|section| section.list("extra_secrets")).unwrap_or_default();
    RedactionSettings {
        extra_secrets: extra.iter().filter_map(secrets::reference).collect(),
        session_stop_hits: section.map_or(defaults::SESSION_STOP_HITS.default, |section| {
            section.number("session_stop_hits", defaults::SESSION_STOP_HITS)
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[redaction]
extra_secrets = ["hunter2"]"#,
                2,
                "redaction.extra_secrets: must be a reference to a secret, never its value",
                "write where",
            ),
            (
                "[redaction]\nsession_stop_hits = 0",
                2,
                "redaction.session_stop_hits: must be from 1 to 10000",
                "use a number",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
