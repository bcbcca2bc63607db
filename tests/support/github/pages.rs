//! Lists a page at a time.

use std::sync::Arc;

use serde_json::Value;

use super::call::{Call, write_query};

/// One page, and what the header says of the others.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Arc<Value>>,
    pub(super) link: Option<String>,
}

/// A page by its number.
pub(super) fn numbered(all: &[Arc<Value>], call: &Call, address: &str) -> Page {
    let size = size(call);
    let last = all.len().div_ceil(size).max(1);
    let page = call.asked("page").and_then(|it| it.parse().ok()).filter(|it| *it > 0).unwrap_or(1);
    let to = |page: usize| with(call, address, "page", &page.to_string());
    let mut links = Vec::new();
    if page > 1 {
        links.push((to(page - 1), "prev"));
    }
    if page < last {
        links.extend([(to(page + 1), "next"), (to(last), "last")]);
    }
    if page > 1 {
        links.push((to(1), "first"));
    }
    Page { items: slice(all, (page - 1) * size, size), link: written(&links) }
}

/// A page by a cursor: nobody can know the next one but from the page before.
pub(super) fn by_cursor(all: &[Arc<Value>], call: &Call, address: &str) -> Page {
    let size = size(call);
    let start = call.asked("after").and_then(|it| it.strip_prefix(CURSOR)?.parse().ok()).unwrap_or(0);
    let next = start + size;
    let link = (next < all.len()).then(|| (with(call, address, "after", &format!("{CURSOR}{next}")), "next"));
    Page { items: slice(all, start, size), link: written(link.as_slice()) }
}

const CURSOR: &str = "Y3Vyc29yOnYy";

fn size(call: &Call) -> usize {
    call.asked("per_page").and_then(|it| it.parse().ok()).filter(|it| *it > 0).unwrap_or(30).min(100)
}

fn slice(all: &[Arc<Value>], start: usize, size: usize) -> Vec<Arc<Value>> {
    all.iter().skip(start).take(size).cloned().collect()
}

/// The same question with one value of the query changed.
fn with(call: &Call, address: &str, name: &str, value: &str) -> String {
    let mut query = call.query.clone();
    query.retain(|(key, _)| key != name);
    query.push((name.to_owned(), value.to_owned()));
    format!("{address}?{}", write_query(&query))
}

fn written(links: &[(String, &str)]) -> Option<String> {
    let links: Vec<_> = links.iter().map(|(url, rel)| format!("<{url}>; rel=\"{rel}\"")).collect();
    (!links.is_empty()).then(|| links.join(", "))
}
