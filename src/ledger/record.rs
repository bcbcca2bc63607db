//! Values as stored text: redacted on the way in, proven readable before they are stored.

use serde::{Serialize, de::DeserializeOwned};

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
        let plain = serde_json::to_value(value).map_err(|_| LedgerError::Corrupt { what })?;
        let clean = redactor.json(plain).into_inner();
        let text = canonical::to_text(what, &clean).map_err(|_| LedgerError::Corrupt { what })?;
        let value = serde_json::from_value(clean).map_err(|_| LedgerError::SecretInName { what })?;
        Ok(Self { value, text })
    }
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
