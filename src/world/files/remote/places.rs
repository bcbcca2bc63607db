//! What a host's grep tells of where words stand, and the windows around those places.

use std::io::{BufRead, BufReader, Read};

use super::{
    Form, Opened,
    seek::UNIT,
    windows::{BLOCK, Spot, Windows},
};
use crate::{domain::clean::taken_out, world::files::pattern::Words};

/// The most places that are worth looking at one by one.
const PLACES: usize = 200_000;
/// The longest line that tells a place, bytes.
const PLACE: u64 = 512;
/// What stands behind the first part, after a line end.
const MARK: &[u8] = b"\x1b";

/// The windows around the places in what follows block `begin` of the file. `None` when the host tells something else, or so much
/// that the whole file costs less.
pub(super) fn windows(opened: Opened, begin: u64, text: &mut dyn Read, words: &Words) -> Option<Windows> {
    let mut told = Told { text: BufReader::new(text), words, left: PLACES, is_any: false };
    let mut windows = Windows::default();
    let (mut from, mut before) = (begin * UNIT, opened.before);
    if opened.form == Form::Parts {
        // As `places.sh` divides it.
        let part = opened.bytes / UNIT * 7 / 20;
        let end = (part + 1) * UNIT;
        let ends = loop {
            let Answer::Place(place) = told.next()? else { return None };
            if place.offset >= end {
                let is_mark = place.offset == end + 1 && place.word == MARK && matches!(told.next()?, Answer::End);
                // The mark stands two lines behind the last line end of what it follows.
                break is_mark.then(|| place.line.checked_sub(2))??;
            }
            if place.offset < part * UNIT {
                add(&mut windows, &place, (0, 0), opened.bytes)?;
            }
        };
        told.is_any = false;
        (from, before) = (part * UNIT, ends.checked_sub(opened.before)?);
    }
    while let Answer::Place(place) = told.next()? {
        add(&mut windows, &place, (from, before), opened.bytes)?;
    }
    Some(windows)
}

/// Takes a place in a part of the file that begins at the byte `from`, behind `before` line ends.
fn add(windows: &mut Windows, place: &Place, (from, before): (u64, u64), size: u64) -> Option<()> {
    let (offset, length) = (from + place.offset, place.word.len() as u64);
    if offset + length > size {
        return None;
    }
    windows.add(Spot { offset, line: before + place.line, length })?;
    (windows.blocks * BLOCK <= size / 2).then_some(())
}

/// Whether these bytes are one of those that were looked for.
pub(super) fn is_word(found: &[u8], words: &Words) -> bool {
    let same = |word: &String| {
        if words.any_case { found.eq_ignore_ascii_case(word.as_bytes()) } else { found == word.as_bytes() }
    };
    words.list.iter().any(same) || taken_out().iter().any(|bytes| bytes == found)
}

/// A place, in what grep has read.
struct Place {
    line: u64,
    offset: u64,
    word: Vec<u8>,
}

/// One line of grep's.
enum Answer {
    Place(Place),
    /// There is no other place.
    End,
}

/// What grep writes: `<line>:<offset>:<word>` each, and how it ended.
struct Told<'t, R> {
    text: R,
    words: &'t Words,
    left: usize,
    /// Whether this grep has told a place.
    is_any: bool,
}

impl<R: BufRead> Told<'_, R> {
    /// What it says next; `None` for what is no answer of it.
    fn next(&mut self) -> Option<Answer> {
        self.left = self.left.checked_sub(1)?;
        let mut line = Vec::new();
        self.text.by_ref().take(PLACE).read_until(b'\n', &mut line).ok()?;
        // grep ends with 0 when it found something and with 1 when it did not; everything else is no answer.
        if line == if self.is_any { *b"end 0\n" } else { *b"end 1\n" } {
            return Some(Answer::End);
        }
        self.is_any = true;
        let mut parts = line.strip_suffix(b"\n")?.splitn(3, |byte| *byte == b':');
        let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse::<u64>().ok().filter(|n| *n < 1 << 60);
        let (line, offset) = (number()?, number()?);
        let word = parts.next()?.to_vec();
        (line > 0 && is_word(&word, self.words)).then_some(Answer::Place(Place { line, offset, word }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the spots of the windows are, in a file of a thousand blocks.
    fn spots(form: Form, before: u64, told: &str) -> Option<Vec<(u64, u64)>> {
        let words = Words { list: vec!["word".to_owned()], any_case: false };
        let opened = Opened { bytes: 1000 * UNIT, modified: None, before, form };
        let windows = windows(opened, 0, &mut told.as_bytes(), &words)?;
        Some(windows.list.iter().flat_map(|window| &window.spots).map(|spot| (spot.offset, spot.line)).collect())
    }

    #[test]
    fn both_parts_are_one_file() {
        let (part, end) = (350 * UNIT, 351 * UNIT);
        let mark = format!("902:{}:\x1b\nend 0\n", end + 1);
        // A word that reaches into the second part is found with the first, one that begins there with the second.
        let first = format!("7:1000:word\n800:{}:word\n899:{}:word\n", part - 2, part + 10);
        let told = format!("{first}{mark}1:10:word\n50:9000:word\nend 0\n");
        let wanted = vec![(1000, 7), (part - 2, 800), (part + 10, 891), (part + 9000, 940)];
        assert_eq!(spots(Form::Parts, 10, &told), Some(wanted));
        assert_eq!(spots(Form::Parts, 10, &format!("{mark}end 1\n")), Some(vec![]));
        assert_eq!(spots(Form::Places, 10, "7:1000:word\nend 0\n"), Some(vec![(1000, 17)]));
        for wrong in [
            "end 1\nend 1\n".to_owned(),
            format!("7:1000:word\nend 0\n{mark}end 1\n"),
            format!("902:{}:\x1b\nend 0\nend 1\n", end + 2),
            format!("902:{}:word\nend 0\nend 1\n", end + 1),
            format!("902:{}:\x1b\nend 2\nend 1\n", end + 1),
            format!("11:{}:\x1b\nend 0\nend 1\n", end + 1),
            mark.clone(),
            format!("{mark}end 0\n"),
            format!("{mark}1:0:other\nend 0\n"),
            format!("{mark}0:0:word\nend 0\n"),
            format!("{mark}1:{}:word\nend 0\n", 650 * UNIT),
        ] {
            assert_eq!(spots(Form::Parts, 10, &wrong), None, "{wrong:?}");
        }
    }
}
