//! Words of ours on their way to GitHub.

use super::super::Reader;
use crate::domain::clean::clean;

/// GitHub takes 65,536 characters of a body; this many bytes of ours are never more, with a marker before them.
const BODY: usize = 60_000;
/// GitHub takes 256 characters of a title.
const TITLE: usize = 200;

impl Reader<'_> {
    /// A text as it may leave for GitHub: without secrets, without hidden characters, not too long.
    pub fn words_for_github(&self, text: &str) -> String {
        let text = clean(&self.world.redactor.text(text));
        if text.len() <= BODY {
            return text;
        }
        let whole_lines = text.get(..text.floor_char_boundary(BODY)).unwrap_or_default().rsplit_once('\n');
        let kept = whole_lines.map_or("", |(kept, _)| kept);
        format!("{kept}\n\n({} bytes are left out here.)", text.len() - kept.len())
    }

    /// The same for a title.
    pub fn title_for_github(&self, text: &str) -> String {
        self.line(text, TITLE)
    }
}
