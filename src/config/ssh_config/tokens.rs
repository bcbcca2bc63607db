//! `~`, `%h` and the other tokens of ssh_config(5).

use std::path::{Path, PathBuf};

/// What the tokens stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens<'a> {
    pub(super) host: &'a str,
    pub(super) port: Option<&'a str>,
    pub(super) user: Option<&'a str>,
    pub(super) home: Option<&'a str>,
}

/// The text with its tokens replaced; `None` when there is one that means nothing here, or a variable.
pub(super) fn expand(text: &str, tokens: Tokens<'_>) -> Option<String> {
    if text.contains("${") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match characters.next()? {
            '%' => out.push('%'),
            'h' => out.push_str(tokens.host),
            'p' => out.push_str(tokens.port?),
            'r' => out.push_str(tokens.user?),
            'd' => out.push_str(tokens.home?),
            _ => return None,
        }
    }
    Some(out)
}

/// The path with `~/` replaced.
pub(super) fn home_of(text: &str, home: &Path) -> PathBuf {
    match text.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => PathBuf::from(text),
    }
}
