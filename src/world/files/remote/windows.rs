//! Windows around the places that a host found, and what is certain inside of one.
//!
//! A secret is known by what stands around it. So a window reaches as far as the redactor looks for the longest block of one, on
//! both sides, and lines near its edges are not shown: they have seen less.

use std::{cell::Cell, io::Read};

use super::super::{
    lines::for_each_line,
    matching::{Before, Search},
};
use crate::{redact::Redactor, world::WorldError};

/// The unit in which windows are asked for, bytes.
pub(super) const BLOCK: u64 = 16 * 1024;
/// What is taken on either side of a place, bytes.
const AROUND: u64 = 64 * 1024;
/// What at the edges is only looked at, bytes.
pub(super) const EDGE: u64 = 16 * 1024;

/// Where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// Bytes before it in the file.
    pub(super) offset: u64,
    /// The number of its line, from 1.
    pub(super) line: u64,
    /// The length of the word, bytes.
    pub(super) length: u64,
}

/// A part of the file around some spots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// Its first block.
    pub(super) from: u64,
    /// The block behind its last.
    pub(super) to: u64,
    /// The spots in it, in order; at least one.
    pub(super) spots: Vec<Spot>,
}

/// The windows of a file, in order, none touching another.
#[derive(Debug, Default)]
pub(super) struct Windows {
    pub(super) list: Vec<Window>,
    /// Their blocks.
    pub(super) blocks: u64,
}

impl Windows {
    /// Takes a spot behind all others. `None` when it is not.
    pub(super) fn add(&mut self, spot: Spot) -> Option<()> {
        let from = spot.offset.saturating_sub(AROUND) / BLOCK;
        let to = spot.offset.checked_add(spot.length + AROUND)?.div_ceil(BLOCK);
        if let Some(last) = self.list.last_mut() {
            let before = last.spots.last()?;
            if spot.offset < before.offset + before.length || spot.line < before.line {
                return None;
            }
            if from <= last.to {
                self.blocks += to.saturating_sub(last.to);
                last.to = last.to.max(to);
                last.spots.push(spot);
                return Some(());
            }
        }
        self.blocks += to - from;
        self.list.push(Window { from, to, spots: vec![spot] });
        Some(())
    }

    /// For each window how many blocks to pass over since the one before, and how many it has.
    pub(super) fn parts(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut at = 0;
        self.list.iter().map(move |window| {
            let gap = window.from - at;
            at = window.to;
            (gap, window.to - window.from)
        })
    }
}

impl Window {
    /// Searches the window in a file of `size` bytes. `false` when its text is not that of the spots, or when what was found cannot
    /// be told for certain from it alone: then the whole file has to be searched.
    pub(super) fn search(
        &self,
        mut text: impl Read,
        size: u64,
        redactor: &Redactor,
        search: &mut Search<'_>,
        is_word: impl Fn(&[u8]) -> bool,
    ) -> Result<bool, WorldError> {
        let begin = self.from * BLOCK;
        let Some(spot) = self.spots.first() else { return Ok(false) };
        let Ok(at) = usize::try_from(spot.offset - begin) else { return Ok(false) };
        let mut head = Vec::new();
        text.by_ref()
            .take(spot.offset - begin + spot.length)
            .read_to_end(&mut head)
            .map_err(|error| WorldError::io("read a file", error))?;
        let Some((before, word)) = head.split_at_checked(at) else { return Ok(false) };
        if !is_word(word) {
            return Ok(false);
        }
        let ends = ends_in(before);
        let Some(base) = spot.line.checked_sub(ends).filter(|base| if self.from == 0 { *base == 1 } else { *base > 1 })
        else {
            return Ok(false);
        };
        let Some(first) = (if self.from == 0 { Some(1) } else { first_line(before, base) }) else { return Ok(false) };
        search.begin(if self.from == 0 { Before::Nothing } else { Before::Unknown });

        let reaches_end = self.to * BLOCK >= size;
        let edge = (!reaches_end).then(|| (self.to - self.from) * BLOCK - EDGE);
        let spots = self.spots.iter().map(|spot| (spot.offset - begin, spot.line)).collect();
        let (behind, is_other) = (Cell::new(None), Cell::new(false));
        let counted = Counted {
            text: head.as_slice().chain(text),
            at: 0,
            line: base,
            edge,
            behind: &behind,
            spots,
            next: 0,
            is_other: &is_other,
        };
        let mut wanted = self.spots.iter().map(|spot| spot.line).peekable();
        let mut is_missed = false;
        for_each_line(counted, redactor, base, &mut |line| {
            let last = line.number + line.covered;
            if line.number < first || behind.get().is_some_and(|behind| last >= behind) {
                return true;
            }
            while let Some(number) = wanted.next_if(|number| *number <= last) {
                is_missed |= number < line.number;
            }
            search.line(line);
            true
        })?;
        Ok(!is_missed && !is_other.get() && wanted.peek().is_none())
    }
}

/// The number of the first line that begins behind the edge of a text whose first byte stands in line `base`.
pub(super) fn first_line(text: &[u8], base: u64) -> Option<u64> {
    let edge = usize::try_from(EDGE).ok()?;
    let end = memchr::memchr(b'\n', text.get(edge..)?)?;
    Some(base + ends_in(text.get(..=edge + end)?))
}

fn ends_in(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// A text that counts its lines on the way: where the last edge begins, and whether every spot is in its line.
struct Counted<'c, R> {
    text: R,
    at: u64,
    line: u64,
    /// Where the edge at the end begins; none when the file ends there.
    edge: Option<u64>,
    /// The line in which the edge begins, as soon as it is known.
    behind: &'c Cell<Option<u64>>,
    spots: Vec<(u64, u64)>,
    next: usize,
    is_other: &'c Cell<bool>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.text.read(buffer)?;
        let mut rest = buffer.get(..count).unwrap_or_default();
        while !rest.is_empty() {
            let spot = self.spots.get(self.next).copied();
            let marks = [spot.map(|(offset, _)| offset), self.edge.filter(|_| self.behind.get().is_none())];
            let mark = marks.into_iter().flatten().min().unwrap_or(u64::MAX);
            let length = usize::try_from(mark.saturating_sub(self.at)).unwrap_or(usize::MAX).min(rest.len());
            let (piece, behind) = rest.split_at(length);
            self.line += ends_in(piece);
            self.at += length as u64;
            rest = behind;
            if self.at == mark && !rest.is_empty() {
                if let Some((offset, line)) = spot
                    && offset == mark
                {
                    self.is_other.set(self.is_other.get() || line != self.line);
                    self.next += 1;
                }
                if self.edge == Some(mark) && self.behind.get().is_none() {
                    self.behind.set(Some(self.line));
                }
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::{Pattern, Query};

    fn spot(offset: u64, line: u64) -> Spot {
        Spot { offset, line, length: 5 }
    }

    #[test]
    fn windows_reach_around_their_spots_and_merge_where_they_meet() {
        let mut windows = Windows::default();
        for (offset, line) in [(10, 1), (100_000, 9), (10_000_000, 700)] {
            windows.add(spot(offset, line)).unwrap();
        }
        let ranges: Vec<(u64, u64, usize)> = windows.list.iter().map(|w| (w.from, w.to, w.spots.len())).collect();
        assert_eq!(ranges, [(0, 11, 2), (606, 615, 1)]);
        assert_eq!(windows.blocks, 20);
        assert_eq!(windows.parts().collect::<Vec<_>>(), [(0, 11), (595, 9)]);
        assert!(windows.add(spot(9_000_000, 800)).is_none(), "not in order");
        assert!(windows.add(spot(10_000_100, 600)).is_none(), "a line before");
        assert!(windows.add(spot(u64::MAX - 1, 900)).is_none(), "too far");
    }

    /// What a host sends of a text for a window.
    fn part<'t>(text: &'t str, window: &Window) -> &'t [u8] {
        let place = |block: u64| usize::try_from(block * BLOCK).unwrap().min(text.len());
        &text.as_bytes()[place(window.from)..place(window.to)]
    }

    /// A file, the spots of `needle` in it, and what a search of its windows makes of it.
    fn search(text: &str, needle: &str, query: &Query) -> (bool, Vec<u64>) {
        let mut windows = Windows::default();
        for (at, _) in text.match_indices(needle) {
            let line = 1 + text[..at].matches('\n').count() as u64;
            windows.add(Spot { offset: at as u64, line, length: needle.len() as u64 }).unwrap();
        }
        let redactor = Redactor::new([]).0;
        let now = crate::domain::time::Time::from_millis(0);
        let mut search = Search::new(query, now, Before::Nothing);
        let mut sound = true;
        for window in &windows.list {
            let part = part(text, window);
            let is_word = |word: &[u8]| word == needle.as_bytes();
            sound &= window.search(part, text.len() as u64, &redactor, &mut search, is_word).unwrap();
        }
        (sound && !search.is_torn, search.found.hits.iter().map(|hit| hit.line).collect())
    }

    #[test]
    fn what_a_window_cannot_tell_is_said() {
        let query = |context| Query { pattern: Pattern::new("wanted", false), limit: 100, context, ..Query::default() };
        let filler = "nothing to see in this line\n".repeat(20_000);
        let text = format!("{filler}wanted one\n{filler}wanted two\n");
        assert_eq!(search(&text, "wanted", &query(0)), (true, vec![20_001, 40_002]));
        assert_eq!(search(&text, "wanted", &query(1)), (true, vec![20_000, 20_001, 20_002, 40_001, 40_002]));
        let one_line = format!("{filler}{} wanted\n{filler}", "x".repeat(100_000));
        assert!(!search(&one_line, "wanted", &query(0)).0, "its line begins before the window");
        let long = format!("{filler}{}\n{}\nwanted\n{filler}", "x".repeat(40_000), "y".repeat(40_000));
        assert!(!search(&long, "wanted", &query(2)).0, "its neighbours reach into the edge");
        assert!(search(&long, "wanted", &query(0)).0);
        let since = Query { since: Some(crate::domain::time::Time::from_millis(0)), ..query(0) };
        assert!(!search(&text, "wanted", &since).0, "no line says when");
    }

    #[test]
    fn another_text_than_that_of_the_spots_is_seen() {
        let filler = "nothing to see in this line\n".repeat(20_000);
        let text = format!("{filler}wanted\n{filler}");
        let at = filler.len() as u64;
        for (offset, line) in [(at + 1, 20_001), (at, 20_000), (at, 20_002), (at, 3)] {
            let window = Window {
                from: (at - AROUND) / BLOCK,
                to: (at + AROUND) / BLOCK + 1,
                spots: vec![Spot { offset, line, length: 6 }],
            };
            let part = part(&text, &window);
            let query = Query { pattern: Pattern::new("wanted", false), limit: 9, ..Query::default() };
            let mut search = Search::new(&query, crate::domain::time::Time::from_millis(0), Before::Nothing);
            let sound =
                window.search(part, text.len() as u64, &Redactor::new([]).0, &mut search, |word| word == b"wanted");
            // One line off cannot be seen from one place; it would be a wrong number, not a wrong line.
            let expected = offset == at && line > 19_000;
            assert_eq!(sound.unwrap(), expected, "{offset} {line}");
        }
    }
}
