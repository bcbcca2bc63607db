//! The state of one scan: the text, what was found, and what is known to be public.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::bytes::slice;
use super::harmless::MASK;
use super::names::{self, Promise};
use crate::redact::hit::Hit;

/// One pass over one text.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub text: &'a [u8],
    pub hits: Vec<Hit>,
    /// Ranges that only look secret: certificates, public keys.
    pub public: Vec<(usize, usize)>,
    /// End of the last identifier judged, so that none is judged twice.
    pub judged: usize,
    /// Runs that may be base64 of a text.
    pub encoded: Vec<(usize, usize)>,
    names: HashMap<&'a [u8], Promise, BuildHasherDefault<Fnv>>,
}

/// Names remembered per scan; beyond it they are judged anew.
const REMEMBERED: usize = 4096;

/// FNV-1a: names are short, and the map is small and bounded, so flooding it gains nothing.
#[derive(Debug, Default)]
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = (self.0 ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, hits: Vec::new(), public: Vec::new(), judged: 0, encoded: Vec::new(), names: HashMap::default() }
    }

    /// Reports a range; empty ranges and the mask itself are dropped.
    pub(super) fn mask(&mut self, start: usize, end: usize, rule: &'static str) {
        let end = end.min(self.text.len());
        if start >= end {
            return;
        }
        let found = slice(self.text, start, end);
        if found.first() == Some(&b'[') || memchr::memmem::find(found, MASK).is_some() {
            self.mask_around(start, end, rule);
            return;
        }
        self.hits.push(Hit { start, end, rule });
    }

    /// What `name` promises, remembered.
    pub(super) fn promise(&mut self, name: &'a [u8]) -> Promise {
        if let Some(promise) = self.names.get(name) {
            return *promise;
        }
        let promise = names::promise(name);
        if self.names.len() < REMEMBERED {
            self.names.insert(name, promise);
        }
        promise
    }

    /// Masks the pieces between masks that are already there, so that a second run changes nothing.
    fn mask_around(&mut self, start: usize, end: usize, rule: &'static str) {
        let mut from = start;
        while from < end {
            let next = memchr::memmem::find(slice(self.text, from, end), MASK).map_or(end, |p| from + p);
            let piece = slice(self.text, from, next);
            if piece.iter().filter(|b| b.is_ascii_alphanumeric()).count() >= 4 {
                self.hits.push(Hit { start: from, end: next, rule });
            }
            from = next + MASK.len();
        }
    }
}
