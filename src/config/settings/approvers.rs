//! `[[approvers]]`

use super::tokens::short_name;
use crate::{
    config::{names::Names, raw::Section},
    domain::name::SecretName,
};

const KEYS: &[&str] = &["name", "totp"];

/// A human who may approve with a one-time password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// The user name on the machine where `deploy-ops approve` runs.
    pub name: String,
    /// The secret that holds the key of the one-time passwords (RFC 6238), base32.
    pub totp: SecretName,
}

pub(super) fn read(file: &Section<'_>, names: &Names) -> Vec<Approver> {
    let mut approvers: Vec<Approver> = Vec::new();
    for item in file.list("approvers") {
        let Some(section) = item.section(KEYS) else { continue };
        let name = section.required("name").and_then(|item| short_name(&item));
        let totp = section.required("totp").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
        let (Some(name), Some(totp)) = (name, totp) else { continue };
        if approvers.iter().any(|other| other.name == name) {
            item.error("an approver of this name is already given", "give each approver once");
        }
        approvers.push(Approver { name, totp });
    }
    approvers
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[[approvers]]
name = "alice""#,
                1,
                "approvers: totp is missing",
                "add totp",
            ),
            (
                r#"[[approvers]]
name = "alice"
totp = "CRM_DB_PASSWORD"
[[approvers]]
name = "alice"
totp = "CRM_DB_PASSWORD"
"#,
                4,
                "approvers: an approver of this name",
                "give each",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
