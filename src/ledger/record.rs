//! Values as stored text: redacted on the way in, proven readable before they are stored.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::error::LedgerError;
use crate::{domain::canonical, redact::Redactor};

/// A value whose every text has passed the redactor, with its canonical JSON.
#[derive(Debug)]
pub(super) struct Record<T> {
    /// The value as it will be read back; columns are filled from it, never from the original.
    pub(super) value: T,
    /// Its canonical JSON.
    pub(super) text: String,
}

impl<T: Serialize + DeserializeOwned> Record<T> {
    /// Redacts `value`. A value that could not be read back, because a name in it is a secret, is refused.
    pub(super) fn of(what: &'static str, redactor: &Redactor, value: &T) -> Result<Self, LedgerError> {
        Self::with_tables(what, redactor, value, &[])
    }

    /// The same for a value that tells something of tables in `maps`, by their names. A table may be called as secrets are,
    /// `key_value` or `password_resets`; the number of its rows is none for that.
    pub(super) fn with_tables(
        what: &'static str,
        redactor: &Redactor,
        value: &T,
        maps: &[&str],
    ) -> Result<Self, LedgerError> {
        let mut plain = serde_json::to_value(value).map_err(|_| LedgerError::Corrupt { what })?;
        for map in maps {
            if let Some(tables) = plain.get_mut(*map) {
                *tables = listed(std::mem::take(tables));
            }
        }
        let mut clean = redactor.json(plain).into_inner();
        for map in maps {
            if let Some(tables) = clean.get_mut(*map) {
                *tables = by_table(std::mem::take(tables));
            }
        }
        let text = canonical::to_text(what, &clean).map_err(|_| LedgerError::Corrupt { what })?;
        let value = serde_json::from_value(clean).map_err(|_| LedgerError::SecretInName { what })?;
        Ok(Self { value, text })
    }
}

/// `{ "<table>": told }` as a list, in which the name of a table is a text like any other.
fn listed(tables: Value) -> Value {
    let Value::Object(tables) = tables else { return tables };
    tables.into_iter().map(|(table, told)| json!({ "table": table, "told": told })).collect()
}

/// The opposite of [`listed`].
fn by_table(list: Value) -> Value {
    let Value::Array(list) = list else { return list };
    let one = |mut entry: Value| {
        let table = entry.get("table")?.as_str()?.to_owned();
        Some((table, entry.get_mut("told")?.take()))
    };
    list.into_iter().filter_map(one).collect()
}

/// Reads a stored record.
pub(super) fn read<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|_| LedgerError::Corrupt { what })
}

/// Reads stored records.
pub(super) fn read_all<T: DeserializeOwned>(what: &'static str, texts: &[String]) -> Result<Vec<T>, LedgerError> {
    texts.iter().map(|text| read(what, text)).collect()
}

/// The name of a plain variant, as serde writes it.
pub(super) fn word<T: Serialize>(value: T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The value of a text that serde reads: an id, a name, a plain variant.
pub(super) fn parse<T: DeserializeOwned>(what: &'static str, text: String) -> Result<T, LedgerError> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|_| LedgerError::Corrupt { what })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::redact::{MASK, Secret};

    type Told = BTreeMap<String, BTreeMap<String, u64>>;

    #[test]
    fn a_table_may_be_called_as_secrets_are_but_not_as_one_is() {
        let (redactor, _) = Redactor::new([Secret::new("API", "kV9wq27LmZxpR-canary")]);
        let rows = |tables: &[(&str, u64)]| -> Told {
            let tables = tables.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect();
            [("rows".to_owned(), tables)].into()
        };
        let plain = rows(&[("key_value", 3), ("password_resets", 17), ("users", 1)]);
        assert!(Record::of("snapshot", &redactor, &plain).is_err());
        let record = Record::with_tables("snapshot", &redactor, &plain, &["rows", "contents"]).unwrap();
        assert_eq!(record.value, plain);
        assert_eq!(record.text, r#"{"rows":{"key_value":3,"password_resets":17,"users":1}}"#);
        let named = rows(&[("kV9wq27LmZxpR-canary", 3)]);
        let record = Record::with_tables("snapshot", &redactor, &named, &["rows"]).unwrap();
        assert_eq!(record.value, rows(&[(MASK, 3)]));
    }
}
