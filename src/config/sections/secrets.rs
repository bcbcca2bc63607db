//! `[secrets]`: `<NAME> = "<reference>"`, or `<NAME> = { from = "<reference>", rotate_after_days = 90 }`

use std::collections::BTreeMap;

use crate::{
    config::{defaults, raw::Item},
    domain::{inventory::SecretReference, name::SecretName},
};

const FIX: &str = "write where it comes from: \"env:VARIABLE\", \"file:/path\", \"credential:name\" or \"command:program argument\"; \
                   if a value stood here, replace that secret";

/// A secret: where it comes from, and after how many days it has to be replaced.
pub(super) type Declared = (SecretReference, Option<u32>);

pub(super) fn read(secrets: &Item<'_>) -> BTreeMap<SecretName, Declared> {
    let entries = secrets.entries::<SecretName>().into_iter();
    entries.filter_map(|(name, item)| Some((name, declared(&item)?))).collect()
}

/// A reference alone, or `{ from = "…" }` or `{ command = [ … ] }` with more about it.
fn declared(item: &Item<'_>) -> Option<Declared> {
    if item.is_text() {
        return Some((reference(item)?, None));
    }
    let section = item.section(&["from", "command", "rotate_after_days"])?;
    let reference = match (section.optional("from"), section.optional("command")) {
        (Some(_), Some(command)) => {
            command.error("is given besides from", "keep one of them");
            return None;
        }
        (Some(from), None) => reference(&from)?,
        (None, _) => program(section.required("command")?.command()?),
    };
    let rotation = section.optional("rotate_after_days");
    if let Some(item) = rotation.as_ref().filter(|_| !matches!(reference, SecretReference::File { .. })) {
        item.error("is for file: only files say when they were written", "remove it, or keep the secret in a file");
        return None;
    }
    let days = rotation.map(|item| item.number(defaults::ROTATE_AFTER_DAYS));
    Some((reference, days.map_or(Some(None), |days| days.map(Some))?))
}

/// A reference to a secret: a text with its source, or `{ command = [ … ] }`.
pub(in crate::config) fn reference(item: &Item<'_>) -> Option<SecretReference> {
    if !item.is_text() {
        return Some(program(item.section(&["command"])?.required("command")?.command()?));
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

fn program(command: Vec<String>) -> SecretReference {
    SecretReference::Command { command }
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
    Some(program(command))
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

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[secrets]
KEY = "hunter2""#,
                2,
                "secrets.KEY: must be a reference to a secret, never its value",
                "write where it comes from",
            ),
            (
                r#"[secrets]
KEY = "https://user:hunter2@example.org""#,
                2,
                "secrets.KEY: must be a reference",
                "write where",
            ),
            (
                r#"[secrets]
KEY = "env:A B""#,
                2,
                "secrets.KEY: env: is not followed by the name of a variable",
                "use letters",
            ),
            (
                r#"[secrets]
KEY = "file:""#,
                2,
                "secrets.KEY: file: is not followed by a path",
                "write it as",
            ),
            (
                r#"[secrets]
KEY = "file:~/x""#,
                2,
                "secrets.KEY: is not a path",
                "write the absolute path",
            ),
            (
                r#"[secrets]
KEY = "command:""#,
                2,
                "secrets.KEY: command: is not followed by a program",
                "write it as",
            ),
            (
                r#"[secrets]
KEY = "command:pass show $(x)""#,
                2,
                "secrets.KEY: the command needs a shell",
                "put it into a script",
            ),
            (
                r#"[secrets]
KEY = "credential:../x""#,
                2,
                "secrets.KEY: credential: is not followed",
                "use the name",
            ),
            (
                r#"[secrets]
KEY = { value = "hunter2", command = ["x"] }"#,
                2,
                "unknown key in secrets.KEY",
                "Known keys: from, command, rotate_after_days",
            ),
            (
                r#"[secrets]
KEY = { from = "env:KEY", rotate_after_days = 90 }"#,
                2,
                "secrets.KEY.rotate_after_days: is for file",
                "remove it",
            ),
            (
                r#"[secrets]
KEY = { from = "file:/k", rotate_after_days = 0 }"#,
                2,
                "secrets.KEY.rotate_after_days: must be from 1 to 3650",
                "use a number",
            ),
            (
                r#"[secrets]
KEY = { from = "file:/k", command = ["x"] }"#,
                2,
                "secrets.KEY.command: is given besides from",
                "keep one",
            ),
            (
                r#"[secrets]
KEY = { from = "hunter2" }"#,
                2,
                "secrets.KEY.from: must be a reference to a secret, never its value",
                "write where",
            ),
            (
                r#"[secrets]
key = "env:KEY""#,
                2,
                "secrets: the name of an entry is not a valid secret name",
                "use 1 to 128 of A-Z",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
