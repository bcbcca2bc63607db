//! Answers that GitHub may confirm by their ETag, which costs no call of the hourly limit
//! (<https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

/// How much is kept, bytes.
const ROOM: usize = 32 * 1024 * 1024;

/// An answer that may be asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) etag: String,
    pub(super) body: Bytes,
    /// The `Link` header: where the next page is.
    pub(super) link: Option<String>,
}

/// The newest answers, by their whole URL and by whose token asked.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<String, (u64, Kept)>,
    bytes: usize,
    turn: u64,
}

impl Cache {
    pub(super) fn get(&self, key: &str) -> Option<Kept> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let turn = inner.turn;
        inner.entries.get_mut(key).map(|(used, kept)| {
            *used = turn;
            kept.clone()
        })
    }

    pub(super) fn put(&self, key: String, kept: Kept) {
        let size = key.len() + kept.body.len();
        if size > ROOM / 4 {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let turn = inner.turn;
        inner.bytes += size;
        if let Some((_, old)) = inner.entries.insert(key.clone(), (turn, kept)) {
            inner.bytes = inner.bytes.saturating_sub(key.len() + old.body.len());
        }
        while inner.bytes > ROOM {
            let Some(oldest) = inner.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone())
            else {
                return;
            };
            if let Some((_, old)) = inner.entries.remove(&oldest) {
                inner.bytes = inner.bytes.saturating_sub(oldest.len() + old.body.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(size: usize) -> Kept {
        Kept { etag: "\"1\"".to_owned(), body: vec![0; size].into(), link: None }
    }

    #[test]
    fn the_least_used_makes_room() {
        let cache = Cache::default();
        for n in 0..5 {
            cache.put(format!("{n}"), kept(ROOM / 5));
            let _ = cache.get("0");
        }
        assert!(cache.get("0").is_some() && cache.get("1").is_none() && cache.get("4").is_some());
        cache.put("huge".to_owned(), kept(ROOM));
        assert!(cache.get("huge").is_none() && cache.get("0").is_some());
        for _ in 0..100 {
            cache.put("0".to_owned(), kept(ROOM / 5));
        }
        assert!(cache.get("4").is_some(), "what replaces counts once");
    }
}
