//! `[snapshots]`

use crate::{
    config::{names::Names, raw::Item},
    domain::inventory::SnapshotStorage,
};

const KEYS: &[&str] = &["recipients", "identity"];

pub(super) fn read(item: &Item<'_>, names: &Names) -> Option<SnapshotStorage> {
    let section = item.section(KEYS)?;
    let recipients: Vec<String> = section.list("recipients").iter().filter_map(recipient).collect();
    let identity = section.optional("identity").map(|item| item.reference("entry of [secrets]", &names.secrets));
    if section.optional("recipients").is_some() != section.optional("identity").is_some() {
        item.error(
            "recipients and identity belong together",
            "give both: what nobody here can decrypt can be neither verified nor restored",
        );
    }
    Some(SnapshotStorage { recipients, identity: identity.flatten() })
}

fn recipient(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if text.parse::<age::x25519::Recipient>().is_err() {
        item.error("is not a recipient", "write the public key that age-keygen prints: age1…");
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[snapshots]
recipients = ["age1nobody"]
identity = "CRM_DB_PASSWORD""#,
                2,
                "snapshots.recipients: is not a recipient",
                "write the public key",
            ),
            (
                r#"[snapshots]
recipients = []
identity = "NOT_THERE""#,
                3,
                "snapshots.identity: there is no entry of [secrets] of this name",
                "",
            ),
            (
                r#"[snapshots]
identity = "CRM_DB_PASSWORD""#,
                1,
                "snapshots: recipients and identity belong together",
                "give both",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
