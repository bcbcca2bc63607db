//! Layer 1: the values that the server itself holds, in every form a text can carry them.
//!
//! An unbroken form (plain, reversed, base64, hex, base32) is found directly, by [`seeds`]. Around places where something may be hidden — a line break that cuts
//! through a value, an escape, a colour code, a list of numbers — the text is decoded ([`unescape`], [`squeeze`], [`numbers`]) and the decoded view is searched
//! for the same strings. The fast path therefore pays only for noticing such places.

mod atoms;
#[cfg(test)]
mod differential;
mod encode;
mod escaped;
mod gaps;
mod numbers;
mod probe;
mod rows;
mod runs;
mod scan;
mod seeds;
mod squeeze;
mod unescape;
mod view;

use std::sync::{Arc, OnceLock};

use encode::Needle;
use numbers::Lists;
use probe::Stretch;
use rows::Least;
use scan::{Found, scan};
use seeds::Seeds;
use view::View;

use super::mask::Span;
use super::secret::Secret;

/// A known value in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownHit {
    pub span: Span,
    /// Index of the secret in the list given at construction.
    pub secret: u32,
}

/// The search for a fixed set of secrets. Built on first use, if not before.
pub(super) struct Known {
    secrets: Arc<[Secret]>,
    index: OnceLock<Index>,
}

struct Index {
    needles: Vec<Needle>,
    seeds: Seeds,
    /// How far around a suspicious place the text is decoded, in bytes.
    reach: usize,
    /// How densely the text is looked at for lists of numbers; see [`probe::step`].
    step: usize,
    /// What lists of numbers must hold.
    least: Least,
}

impl Known {
    pub(super) fn new(secrets: Arc<[Secret]>) -> Self {
        Self { secrets, index: OnceLock::new() }
    }

    pub(super) fn secrets(&self) -> &Arc<[Secret]> {
        &self.secrets
    }

    /// Builds the search now.
    pub(super) fn prepare(&self) {
        self.index();
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.secrets))
    }

    /// All occurrences, unsorted; they may overlap.
    pub(super) fn find(&self, text: &[u8]) -> Vec<KnownHit> {
        let index = self.index();
        if index.needles.is_empty() { Vec::new() } else { index.find(text) }
    }
}

impl Index {
    fn new(secrets: &[Secret]) -> Self {
        let mut needles = Vec::new();
        let mut shortest = usize::MAX / 8;
        for (secret, number) in secrets.iter().zip(0..) {
            for atom in atoms::atoms(secret.expose()) {
                shortest = shortest.min(atom.bytes.len());
                encode::needles(&atom, number, &mut needles);
            }
        }
        let longest = needles.iter().map(|needle| needle.text.len()).max().unwrap_or(0);
        Self {
            seeds: Seeds::new(&needles),
            least: Least::of(&needles),
            needles,
            reach: (longest * 2).clamp(192, 2048),
            step: probe::step(shortest),
        }
    }

    fn find(&self, text: &[u8]) -> Vec<KnownHit> {
        let mut hits = Vec::new();
        let mut found = Found::default();
        scan(&self.needles, &self.seeds, text, &mut found);
        hits.extend(
            found.matches.iter().map(|one| KnownHit { span: Span::new(one.start, one.end), secret: one.secret }),
        );

        let mut places: Vec<Span> = found.partial.iter().map(|at| Span::new(*at, *at)).collect();
        gaps::suspicious(&self.seeds, text, &mut places);
        for region in self.regions(text, &mut places) {
            self.decoded(&View::of(text, region.start, region.end), 0, &mut hits);
        }
        let (lists, runs) = stretches(text, self.step, self.least);
        for view in lists {
            self.view(&view, &mut hits);
        }
        for view in runs {
            self.decoded(&view, 1, &mut hits);
        }
        hits
    }

    /// Suspicious places with what surrounds them, merged where they meet.
    fn regions(&self, text: &[u8], places: &mut Vec<Span>) -> Vec<Span> {
        places.sort_unstable();
        let mut regions: Vec<Span> = Vec::new();
        for place in places.drain(..) {
            let region =
                Span::new(place.start.saturating_sub(self.reach), place.end.saturating_add(self.reach).min(text.len()));
            match regions.last_mut() {
                Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
                _ => regions.push(region),
            }
        }
        regions
    }

    /// Searches what is left when gaps and up to three levels of escaping are taken away.
    fn decoded(&self, view: &View, depth: usize, hits: &mut Vec<KnownHit>) {
        if depth > 0 {
            self.view(view, hits);
            let (lists, runs) = stretches(&view.bytes, 1, self.least);
            for inner in lists.into_iter().chain(runs) {
                self.view(&inner.within(view), hits);
            }
        }
        if let Some(plain) = squeeze::strip_controls(view) {
            self.view(&plain, hits);
        }
        if let Some(squeezed) = squeeze::squeeze(view) {
            self.view(&squeezed, hits);
            if squeezed.bytes.iter().any(|byte| unescape::starts_escape(*byte))
                && let Some(unescaped) = unescape::unescape(&squeezed)
            {
                self.view(&unescaped, hits);
            }
        }
        if let Some(narrow) = squeeze::narrow(view) {
            self.view(&narrow, hits);
        }
        if let Some(squeezed) = squeeze::squeeze_escaped(view) {
            self.view(&squeezed, hits);
        }
        if depth >= 4 {
            return;
        }
        if view.bytes.iter().any(|byte| unescape::starts_escape(*byte))
            && let Some(unescaped) = unescape::unescape(view)
        {
            self.decoded(&unescaped, depth + 1, hits);
        }
        if depth == 0
            && view.bytes.contains(&b'=')
            && let Some(joined) = unescape::quoted_printable(view)
        {
            self.view(&joined, hits);
        }
    }

    fn view(&self, view: &View, hits: &mut Vec<KnownHit>) {
        let mut found = Found::default();
        scan(&self.needles, &self.seeds, &view.bytes, &mut found);
        hits.extend(
            found.matches.iter().map(|one| KnownHit { span: view.span(one.start, one.end), secret: one.secret }),
        );
    }
}

/// The decoded lists of numbers and the decoded runs of the text.
fn stretches(text: &[u8], step: usize, least: Least) -> (Vec<View>, Vec<View>) {
    let (mut lists, mut runs) = (Lists::default(), Vec::new());
    let (mut listed, mut coded) = (0, 0);
    probe::stretches(text, step, |stretch| match stretch {
        Stretch::Numbers(at) if at >= listed => listed = lists.read(text, at, least),
        Stretch::Coded(at) if at >= coded => coded = runs::views(text, at, &mut runs),
        _ => {}
    });
    (lists.views, runs)
}
