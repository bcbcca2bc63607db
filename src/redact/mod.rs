//! Keeping secrets out of everything that leaves the server.
//!
//! Two layers search every text: [`known`] for the values the server holds, in every form, and [`patterns`] for what looks like a secret of someone else.
//! A [`Redactor`] applies both to texts, JSON values and byte streams; what it returns is [`Redacted`], the only kind of value that a reply can hold.

mod blocks;
mod filter;
mod gate;
mod hit;
mod json;
mod known;
mod mask;
mod patch;
mod patterns;
mod redacted;
mod secret;
mod sieve;
mod stream;
mod strength;
mod view;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use serde_json::Value;

pub use filter::filter;
pub use mask::MASK;
pub use redacted::Redacted;
pub use secret::{Secret, WeakSecret, Weakness};
pub use stream::Stream;

use known::Known;
use mask::Span;
use patch::Patch;

/// Masks secrets. Cheap to clone; all clones share the secrets and the counters.
#[derive(Clone)]
pub struct Redactor(Arc<Shared>);

struct Shared {
    known: ArcSwap<Known>,
    total: AtomicU64,
    of_known: AtomicU64,
}

/// What was masked, for the operator's ledger. Never shown to a client: a name next to a mask answers a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that matched; `known` for a value the server holds.
    pub rule: &'static str,
    /// The name of the secret, when it is one the server holds.
    pub name: Option<String>,
    /// Where in the text, in bytes.
    pub range: Range<usize>,
}

/// How often something was masked since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    pub total: u64,
    /// Those of values that the server holds. A burst of them means that someone is probing.
    pub known: u64,
}

/// How often a masked text is searched again for what a mask brought to light.
const PASSES: usize = 3;

/// The rule name of layer 1.
const KNOWN: &str = "known";

impl Redactor {
    /// A redactor for these secrets, with a warning for each that is weak.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> (Self, Vec<WeakSecret>) {
        let secrets: Vec<Secret> = secrets.into_iter().collect();
        let weak = weak(&secrets);
        let shared = Shared {
            known: ArcSwap::from_pointee(Known::new(secrets.into())),
            total: AtomicU64::new(0),
            of_known: AtomicU64::new(0),
        };
        (Self(Arc::new(shared)), weak)
    }

    /// Adds secrets that became known later. Texts redacted from now on are searched for them. One that is known already is not
    /// added again.
    pub fn add(&self, secrets: impl IntoIterator<Item = Secret>) -> Vec<WeakSecret> {
        let known = self.0.known.load();
        let is_known = |secret: &Secret| {
            known.secrets().iter().any(|known| known.name() == secret.name() && known.expose() == secret.expose())
        };
        let added: Vec<Secret> = secrets.into_iter().filter(|secret| !is_known(secret)).collect();
        if added.is_empty() {
            return Vec::new();
        }
        self.0.known.rcu(|known| {
            let all: Vec<Secret> = known.secrets().iter().chain(&added).cloned().collect();
            let known = Known::new(all.into());
            // Ready before anybody searches with it: no answer has to wait.
            known.prepare();
            known
        });
        weak(&added)
    }

    pub fn text(&self, text: &str) -> Redacted<String> {
        Redacted::new(self.masked(text).unwrap_or_else(|| text.to_owned()))
    }

    /// Redacts every string, every key, and whatever a key or a sibling names as secret. Order is kept.
    pub fn json(&self, mut value: Value) -> Redacted<Value> {
        let known = self.0.known.load();
        let own_name = |key: &str| known.secrets().iter().any(|secret| secret.name().eq_ignore_ascii_case(key));
        json::redact(&mut value, &|text| self.masked(text), &own_name);
        Redacted::new(value)
    }

    /// Vouches for what cannot be searched itself, such as a picture: nothing in `shown`, the text that it shows, would be masked,
    /// and `behind`, what it was made from, holds no value that the server holds. `None` when something was found.
    pub fn vouch<T>(&self, value: T, shown: &str, behind: &str) -> Option<Redacted<T>> {
        let clean = self.masked(shown).is_none() && !self.holds_known(behind);
        clean.then(|| Redacted::new(value))
    }

    /// Puts redacted texts together and looks at the joints again.
    pub fn join<'a>(
        &self,
        parts: impl IntoIterator<Item = &'a Redacted<String>>,
        separator: &'static str,
    ) -> Redacted<String> {
        let parts: Vec<&str> = parts.into_iter().map(|part| part.as_str()).collect();
        self.text(&parts.join(separator))
    }

    /// Redacts bytes that need not be UTF-8; whatever is not masked stays as it is.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        stream::whole(self, bytes).map_or(Cow::Borrowed(bytes), Cow::Owned)
    }

    /// Redacts bytes that arrive in pieces. The result is that of [`Redactor::bytes`] over all of them, wherever they are cut.
    pub fn stream(&self) -> Stream {
        Stream::new(self.clone())
    }

    /// Masks known values in serialised JSON, as a last look at an outgoing message. The syntax stays intact.
    pub fn known_only<'a>(&self, json: &'a [u8]) -> Cow<'a, [u8]> {
        let spans = self.known_spans(json);
        if spans.is_empty() { Cow::Borrowed(json) } else { Cow::Owned(gate::mask_json(json, &spans)) }
    }

    /// Whether the text holds a known value, in any form.
    pub fn holds_known(&self, text: &str) -> bool {
        !self.known_spans(text.as_bytes()).is_empty()
    }

    /// Masks known values in any bytes; for bodies that are not JSON and were redacted before.
    pub fn known_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let spans = self.known_spans(bytes);
        if spans.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        mask::write(bytes, 0, bytes.len(), &spans, false, &mut out);
        Cow::Owned(out)
    }

    fn known_spans(&self, text: &[u8]) -> Vec<Span> {
        let known = self.0.known.load();
        let mut spans = Vec::new();
        for (window, _) in stream::windows(text) {
            let hits = known.find(text.get(window.start..window.end).unwrap_or_default());
            spans.extend(hits.iter().map(|hit| Span::new(hit.span.start + window.start, hit.span.end + window.start)));
        }
        mask::settle(text, &mut spans);
        self.count(spans.len(), spans.len());
        spans
    }

    /// What would be masked in this text, by rule and name, in order.
    pub fn find(&self, text: &[u8]) -> Vec<Finding> {
        let known = self.0.known.load();
        let mut findings = Vec::new();
        for (window, block) in stream::windows(text) {
            let searched = text.get(window.start..window.end).unwrap_or_default();
            let mut keep = |start: usize, end: usize, rule, name: Option<String>| {
                let range = (start + window.start).max(block.start)..(end + window.start).min(block.end);
                if !range.is_empty() {
                    findings.push(Finding { rule, name, range });
                }
            };
            for hit in known.find(searched) {
                let name = known.secrets().get(hit.secret as usize).map(|secret| secret.name().to_owned());
                keep(hit.span.start, hit.span.end, KNOWN, name);
            }
            let mut hits = Vec::new();
            patterns::find(searched, &mut hits);
            for hit in hits {
                keep(hit.start, hit.end, hit.rule, None);
            }
        }
        findings.sort_by(|left, right| {
            (left.range.start, left.range.end, left.rule, &left.name).cmp(&(
                right.range.start,
                right.range.end,
                right.rule,
                &right.name,
            ))
        });
        findings.dedup();
        findings
    }

    /// How many secrets it knows. It never forgets one.
    pub fn secrets(&self) -> usize {
        self.0.known.load().secrets().len()
    }

    pub fn hits(&self) -> Hits {
        Hits { total: self.0.total.load(Ordering::Relaxed), known: self.0.of_known.load(Ordering::Relaxed) }
    }

    /// The settled spans of one window, such that another pass over the masked text would find nothing more.
    fn spans(&self, text: &[u8]) -> Vec<Span> {
        let (mut spans, mut of_known) = self.pass(text);
        for _ in 0..PASSES {
            if spans.is_empty() {
                return spans;
            }
            let mut more = Vec::new();
            for patch in Patch::around(text, &spans) {
                let (found, known) = self.pass(&patch.masked);
                of_known += known;
                more.extend(found.into_iter().map(|span| patch.original(span)));
            }
            if more.is_empty() {
                break;
            }
            spans.extend(more);
            mask::settle(text, &mut spans);
        }
        self.count(spans.len(), of_known);
        spans
    }

    fn count(&self, total: usize, of_known: usize) {
        self.0.total.fetch_add(total as u64, Ordering::Relaxed);
        self.0.of_known.fetch_add(of_known as u64, Ordering::Relaxed);
    }

    fn pass(&self, text: &[u8]) -> (Vec<Span>, usize) {
        let known = self.0.known.load().find(text);
        let mut hits = Vec::new();
        patterns::find(text, &mut hits);
        let mut spans: Vec<Span> = known.iter().map(|hit| hit.span).collect();
        mask::settle(text, &mut spans);
        let of_known = spans.len();
        spans.extend(hits.iter().map(|hit| Span::new(hit.start, hit.end.min(text.len()))));
        mask::settle(text, &mut spans);
        (spans, of_known)
    }

    fn masked(&self, text: &str) -> Option<String> {
        // Masks cover whole characters, so valid text stays valid.
        stream::whole(self, text.as_bytes()).map(|masked| String::from_utf8(masked).unwrap_or_else(|_| MASK.to_owned()))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.0.known.load().secrets().len()).finish_non_exhaustive()
    }
}

fn weak(secrets: &[Secret]) -> Vec<WeakSecret> {
    secrets
        .iter()
        .filter_map(|secret| Some(WeakSecret { name: secret.name().to_owned(), weakness: secret.weakness()? }))
        .collect()
}

/// A redactor that knows no secret yet: only what looks like one is masked.
impl Default for Redactor {
    fn default() -> Self {
        Self::new([]).0
    }
}
