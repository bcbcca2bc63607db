//! A table with known keys.

use toml::de::DeTable;

use super::item::{Bounds, Item};

/// A table with known keys. Unknown ones were recorded as errors when it was made.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    item: Item<'a>,
    table: &'a DeTable<'a>,
    #[cfg(test)]
    keys: &'static [&'static str],
}

impl<'a> Section<'a> {
    pub(super) fn new(item: &Item<'a>, table: &'a DeTable<'a>, keys: &'static [&'static str]) -> Self {
        for (key, _) in table {
            let text = key.get_ref().as_ref();
            if !keys.contains(&text) {
                let near = nearest_key(text, keys);
                let hint = near.map_or(String::new(), |near| format!("did you mean {near}? "));
                let place = if item.label().is_empty() { "the top level" } else { item.label() };
                // A key is repeated only when it is plainly a word: anything else may be a secret in the wrong place.
                let key_shown = if is_word(text) && near.is_some() { format!(" {text}") } else { String::new() };
                item.source.error(
                    key.span().start,
                    format!("unknown key{key_shown} in {place}"),
                    format!("{hint}Known keys: {}", keys.join(", ")),
                );
            }
        }
        Self {
            item: item.clone(),
            table,
            #[cfg(test)]
            keys,
        }
    }

    /// The table itself as a value.
    pub(crate) fn item(&self) -> &Item<'a> {
        &self.item
    }

    /// The value of a key, when it is given.
    pub(crate) fn optional(&self, key: &'static str) -> Option<Item<'a>> {
        #[cfg(test)]
        assert!(self.keys.contains(&key), "{key} is read but not among the known keys");
        let value = self.table.get(key)?;
        let label = match self.item.label() {
            "" => key.to_owned(),
            label => format!("{label}.{key}"),
        };
        Some(Item::new(self.item.source, value, label))
    }

    /// The value of a key that must be given.
    pub(crate) fn required(&self, key: &'static str) -> Option<Item<'a>> {
        let item = self.optional(key);
        if item.is_none() {
            self.item.error(&format!("{key} is missing"), format!("add {key} = …"));
        }
        item
    }

    /// A number, or its default.
    pub(crate) fn number(&self, key: &'static str, bounds: Bounds) -> u32 {
        self.optional(key).and_then(|item| item.number(bounds)).unwrap_or(bounds.default)
    }

    /// `true` or `false`, or its default.
    pub(crate) fn boolean(&self, key: &'static str, default: bool) -> bool {
        self.optional(key).and_then(|item| item.boolean()).unwrap_or(default)
    }

    /// The elements of an array; none when it is not given.
    pub(crate) fn list(&self, key: &'static str) -> Vec<Item<'a>> {
        self.optional(key).map(|item| item.list()).unwrap_or_default()
    }
}

/// Whether a key of the file is a word that was meant as that key.
pub(super) fn is_mistyped(stray: &str, key: &'static str) -> bool {
    is_word(stray) && nearest_key(stray, &[key]).is_some()
}

/// The key that was probably meant: nearly the same, or its beginning or end.
fn nearest_key(text: &str, keys: &[&'static str]) -> Option<&'static str> {
    let part_of = |key: &str| text.len() > 3 && (key.starts_with(text) || key.ends_with(text) || text.starts_with(key));
    let scored = keys.iter().map(|key| (strsim::jaro_winkler(text, key) + if part_of(key) { 0.5 } else { 0.0 }, *key));
    scored.filter(|(score, _)| *score > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}

fn is_word(key: &str) -> bool {
    key.len() <= 32 && key.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_a_typing_mistake_away_or_none() {
        let keys = &["timeout_s", "databases", "shared", "attempts"];
        for (wrong, meant) in [("timeout", "timeout_s"), ("database", "databases"), ("sharde", "shared")] {
            assert_eq!(nearest_key(wrong, keys), Some(meant));
        }
        for foreign in ["script", "x", "hunter2", ""] {
            assert_eq!(nearest_key(foreign, keys), None);
        }
    }
}
