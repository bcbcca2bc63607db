//! Words on their way out, to be redacted before they are cut: half a secret would not be known as one.

use super::Reader;
use crate::domain::clean::clean_line;

impl Reader<'_> {
    /// One line of a text without secrets and hidden characters, at most `most` characters of it.
    pub fn line(&self, text: &str, most: usize) -> String {
        let line = clean_line(&self.world.redactor.text(text));
        match line.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }
}
