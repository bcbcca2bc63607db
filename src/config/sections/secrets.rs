//! `[secrets]`: `<NAME> = "<reference>"`

use std::collections::BTreeMap;

use crate::{
    config::raw::Item,
    domain::{inventory::SecretReference, name::SecretName},
};

const FIX: &str = "write where it comes from: \"env:VARIABLE\", \"file:/path\", \"credential:name\" or \"command:program argument\"; \
                   if a value stood here, replace that secret";

pub(super) fn read(secrets: &Item<'_>) -> BTreeMap<SecretName, SecretReference> {
    let entries = secrets.entries::<SecretName>().into_iter();
    entries.filter_map(|(name, item)| Some((name, reference(&item)?))).collect()
}

/// A reference to a secret: a text with its source, or `{ command = [ … ] }`.
pub(in crate::config) fn reference(item: &Item<'_>) -> Option<SecretReference> {
    if !item.is_text() {
        let command = item.section(&["command"])?.required("command")?.command()?;
        return Some(SecretReference::Command { command });
    }
    let text = item.text()?;
    match text.split_once(':') {
        Some(("env", name)) => variable(item, name),
        Some(("file", path)) => file(item, path),
        Some(("command", line)) => command(item, line),
        Some(("credential", name)) => credential(item, name),
        _ => {
            item.error("must be a reference to a secret, never its value", FIX);
            None
        }
    }
}

fn variable(item: &Item<'_>, name: &str) -> Option<SecretReference> {
    let ok = !name.is_empty()
        && name.len() <= 255
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !ok {
        item.error(
            "env: is not followed by the name of a variable",
            "use letters, digits and '_', for example env:CRM_DB_PASSWORD",
        );
    }
    ok.then(|| SecretReference::Environment { variable: name.to_owned() })
}

fn file(item: &Item<'_>, path: &str) -> Option<SecretReference> {
    if path.is_empty() {
        item.error("file: is not followed by a path", "write it as file:/run/secrets/name");
        return None;
    }
    Some(SecretReference::File { path: item.resolve(path)? })
}

fn command(item: &Item<'_>, line: &str) -> Option<SecretReference> {
    let command = item.words(line)?;
    if command.is_empty() {
        item.error("command: is not followed by a program", "write it as command:pass show crm");
        return None;
    }
    Some(SecretReference::Command { command })
}

fn credential(item: &Item<'_>, name: &str) -> Option<SecretReference> {
    let ok = (1..=255).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if !ok {
        item.error("credential: is not followed by the name of a credential", "use the name given to LoadCredential=");
    }
    ok.then(|| SecretReference::Credential { name: name.to_owned() })
}
