//! One value with its position.

use std::{collections::BTreeSet, str::FromStr};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{
    section::{Section, is_mistyped},
    source::Source,
};
use crate::domain::name::{InvalidName, SecretName, ServiceName, nearest};

/// The longest text that a value may be, bytes.
const TEXT_MAX: usize = 4096;

/// One value with its position. Each reader records a problem and answers `None` when the value is not what was meant.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) value: &'a Spanned<DeValue<'a>>,
    /// Where it stands, for messages: `services.crm.deploy`. Holds only known keys and valid names.
    label: String,
}

/// A number's bounds and what counts when it is not given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) least: u32,
    pub(crate) most: u32,
    pub(crate) default: u32,
}

impl<'a> Item<'a> {
    pub(crate) fn new(source: &'a Source<'a>, value: &'a Spanned<DeValue<'a>>, label: String) -> Self {
        Self { source, value, label }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The line it stands on.
    pub(crate) fn line(&self) -> usize {
        self.source.line(self.value.span().start)
    }

    /// Records an error at this value. `message` must not hold the value.
    pub(crate) fn error(&self, message: &str, fix: impl Into<String>) {
        self.source.error(self.value.span().start, self.about(message), fix.into());
    }

    /// Records a warning at this value. `message` must not hold the value.
    pub(crate) fn warning(&self, message: &str, fix: impl Into<String>) {
        self.source.warning(self.value.span().start, self.about(message), fix.into());
    }

    fn about(&self, message: &str) -> String {
        if self.label.is_empty() { message.to_owned() } else { format!("{}: {message}", self.label) }
    }

    fn wrong_kind(&self, wanted: &str, fix: &str) {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.error(&format!("must be {wanted}, not {found}"), fix);
    }

    pub(crate) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    pub(crate) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    pub(crate) fn is_array(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// A text of one line.
    pub(crate) fn text(&self) -> Option<&'a str> {
        let Some(text) = self.value.get_ref().as_str() else {
            self.wrong_kind("a text", "put it into double quotes");
            return None;
        };
        if text.is_empty() || text.len() > TEXT_MAX || text.chars().any(char::is_control) {
            self.error("must be one line of 1 to 4096 bytes without control characters", "shorten it, or leave it out");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        let value = self.value.get_ref().as_bool();
        if value.is_none() {
            self.wrong_kind("true or false", "write true or false without quotes");
        }
        value
    }

    /// An integer within its bounds.
    pub(crate) fn number(&self, bounds: Bounds) -> Option<u32> {
        let Some(integer) = self.value.get_ref().as_integer() else {
            self.wrong_kind("an integer", "write digits without quotes");
            return None;
        };
        let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| (bounds.least..=bounds.most).contains(number));
        if number.is_none() {
            self.error(
                &format!("must be from {} to {}", bounds.least, bounds.most),
                format!("use a number in that range; {} is the default", bounds.default),
            );
        }
        number
    }

    /// The text of a date or a time, in quotes or not.
    pub(crate) fn datetime_text(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::Datetime(datetime) => Some(datetime.to_string()),
            _ => self.text().map(str::to_owned),
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Clone>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.error("is not one of the words that are known here", format!("write one of: {}", words.join(", ")));
        }
        found.map(|(_, value)| value.clone())
    }

    /// A text of a kind that is parsed elsewhere and whose errors do not quote it.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, fix: &str) -> Option<T> {
        self.text()?.parse().map_err(|error: T::Err| self.error(&error.to_string(), fix)).ok()
    }

    /// The name of something that is declared elsewhere in the file.
    pub(crate) fn reference<T: FromStr<Err = InvalidName>>(&self, kind: &str, known: &BTreeSet<String>) -> Option<T> {
        let text = self.text()?;
        if known.contains(text) {
            return text.parse().ok();
        }
        self.error(&format!("there is no {kind} of this name"), unknown_fix(text, known));
        None
    }

    /// The elements of an array; none when it is something else.
    pub(crate) fn list(&self) -> Vec<Item<'a>> {
        let Some(array) = self.value.get_ref().as_array() else {
            self.wrong_kind("an array", "write it as [ … ]");
            return Vec::new();
        };
        array.iter().map(|value| Item { source: self.source, value, label: self.label.clone() }).collect()
    }

    /// The value of a key that decides which keys the table may have.
    pub(crate) fn member(&self, key: &'static str) -> Option<Item<'a>> {
        let found = self.optional_member(key);
        if let (None, Some(table)) = (&found, self.value.get_ref().as_table()) {
            let mistyped = table.keys().map(|stray| stray.get_ref().as_ref()).find(|stray| is_mistyped(stray, key));
            let fix = match mistyped {
                Some(stray) => format!("write {key} instead of {stray}"),
                None => format!("add {key} = …"),
            };
            self.error(&format!("{key} is missing"), fix);
        }
        found
    }

    /// The same for a key that may be left out.
    pub(crate) fn optional_member(&self, key: &str) -> Option<Item<'a>> {
        let value = self.table()?.get(key)?;
        Some(Item { source: self.source, value, label: format!("{}.{key}", self.label) })
    }

    /// Whether it is a table without entries.
    pub(crate) fn is_empty_table(&self) -> bool {
        self.value.get_ref().as_table().is_some_and(DeTable::is_empty)
    }

    /// A table with exactly these keys allowed.
    pub(crate) fn section(&self, keys: &'static [&'static str]) -> Option<Section<'a>> {
        Some(Section::new(self, self.table()?, keys))
    }

    /// A table whose keys are names that the operator gives.
    pub(crate) fn table(&self) -> Option<&'a DeTable<'a>> {
        let table = self.value.get_ref().as_table();
        if table.is_none() {
            self.wrong_kind("a table", "write it as { key = value } or as a [section]");
        }
        table
    }

    /// The entries of a table whose keys are names that the operator gives. An entry with an invalid name is left out.
    pub(crate) fn entries<T: FromStr<Err = InvalidName>>(&self) -> Vec<(T, Item<'a>)> {
        let mut entries = Vec::new();
        for (key, value) in self.table().into_iter().flatten() {
            match key.get_ref().parse() {
                Ok(name) => {
                    let label = format!("{}.{}", self.label, key.get_ref());
                    entries.push((name, Item { source: self.source, value, label }));
                }
                Err(InvalidName { kind, rule }) => self.source.error(
                    key.span().start,
                    format!("{}: the name of an entry is not a valid {kind}", self.label),
                    rule.to_owned(),
                ),
            }
        }
        entries
    }
}

impl<'a> Item<'a> {
    /// The entries of a table whose keys are names that are declared elsewhere. An entry with an unknown name is left out.
    pub(crate) fn named_entries<T: FromStr<Err = InvalidName>>(
        &self,
        kind: &str,
        known: &BTreeSet<String>,
    ) -> Vec<(T, Item<'a>)> {
        let mut entries = Vec::new();
        for (key, value) in self.table().into_iter().flatten() {
            let text = key.get_ref().as_ref();
            match text.parse() {
                Ok(name) if known.contains(text) => {
                    let label = format!("{}.{text}", self.label);
                    entries.push((name, Item { source: self.source, value, label }));
                }
                _ => self.source.error(
                    key.span().start,
                    format!("{}: there is no {kind} of this name", self.label),
                    unknown_fix(text, known),
                ),
            }
        }
        entries
    }
}

fn unknown_fix(text: &str, known: &BTreeSet<String>) -> String {
    // A key that is no name is told as such elsewhere; it is not repeated, because it may be anything.
    let is_name = |name: &&str| name.parse::<ServiceName>().is_ok() || name.parse::<SecretName>().is_ok();
    let names: Vec<&str> = known.iter().map(String::as_str).filter(is_name).collect();
    let near = nearest(text, names.iter().copied());
    if !near.is_empty() {
        format!("did you mean {}? If not, declare it", near.join(" or "))
    } else if names.is_empty() {
        "declare it".to_owned()
    } else {
        let first: Vec<&str> = names.into_iter().take(8).collect();
        format!("declare it, or name one that is declared: {}", first.join(", "))
    }
}
