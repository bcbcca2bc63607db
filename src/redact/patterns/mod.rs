//! Layer 2: secrets nobody told the server about, found by pattern and structure.
//!
//! One pass over needles finds where a secret may be announced (a key name, an issuer's prefix,
//! `://`, `-----BEGIN`, a program's flag); hand-written checks at each hit decide. A second,
//! strided pass looks for generated strings that nothing announces. Lines with terminal control
//! sequences, escapes, percent or base64 encoding are read once more in decoded form.

mod assign;
mod block;
mod bytes;
mod calls;
mod cli;
mod codes;
mod commands;
mod dialog;
mod directive;
#[cfg(test)]
mod examples;
mod harmless;
mod hashes;
mod header;
mod identifiers;
mod judge;
mod names;
mod needle_table;
mod needles;
mod pairs;
mod pem;
mod prefix;
mod programs;
mod prose;
mod public;
mod random;
mod rules;
mod runs;
mod scan;
mod sentence;
mod shapes;
mod siblings;
mod stream;
mod table;
mod url;
mod value;
mod verdict;
mod views;
mod vocabulary;

use super::hit::Hit;
use scan::Scan;

/// Finds the byte ranges of `text` to mask: the secrets only, not their keys. Sorted by start,
/// without overlaps.
pub(crate) fn find(text: &[u8], hits: &mut Vec<Hit>) {
    let mut found = views::find(text);
    merge(&mut found);
    hits.append(&mut found);
}

/// True if `name` (a JSON key, environment variable, header or argument name) promises a secret,
/// so that its value is masked whatever it looks like.
pub(crate) fn is_secret_name(name: &str) -> bool {
    names::promise(name.as_bytes()) == names::Promise::Secret
}

/// True if `segment` ends inside a construct that the following lines continue: an armoured
/// block, a name that waits for its value, a table, a block scalar, a continued line.
pub(crate) fn open_construct(segment: &[u8]) -> bool {
    stream::open_construct(segment)
}

/// All hits in the text as it stands, and its runs that may be encoded text.
fn direct(text: &[u8]) -> Direct {
    let mut scan = Scan::new(text);
    rules::needles().scan(text, |start, end, rule| rules::apply(&mut scan, start, end, rule));
    rules::at_signs(&mut scan);
    calls::signed_words(&mut scan);
    calls::closing_signs(&mut scan);
    pairs::pairs(&mut scan);
    runs::scan_runs(&mut scan);
    Direct { hits: scan.hits, encoded: scan.encoded }
}

#[derive(Debug)]
struct Direct {
    hits: Vec<Hit>,
    encoded: Vec<(usize, usize)>,
}

fn merge(hits: &mut Vec<Hit>) {
    hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    hits.dedup_by(|next, kept| {
        let overlaps = next.start <= kept.end;
        if overlaps {
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
}
