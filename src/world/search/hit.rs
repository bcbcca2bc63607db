//! One result of a search: a page, in the words of whoever made it.

use serde::Deserialize;
use url::Url;

use super::super::Reader;

/// How much of a title is kept, characters.
const TITLE: usize = 120;
/// How much of a description is kept, characters.
const DESCRIPTION: usize = 300;
/// A longer address is none that a human reads, bytes.
const ADDRESS: usize = 300;
/// Parameters that follow people and lead nowhere.
const TRACKING: [&str; 10] =
    ["fbclid", "gclid", "gbraid", "wbraid", "msclkid", "yclid", "mc_cid", "mc_eid", "igshid", "_ga"];

/// A page that was found. Others wrote all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its title.
    pub title: String,
    /// Its address: http or https, without credentials.
    pub url: String,
    /// What it is about.
    pub description: String,
}

#[derive(Deserialize)]
pub(super) struct Raw {
    #[serde(default)]
    title: String,
    url: String,
    #[serde(default)]
    description: String,
}

impl Raw {
    /// Nothing for an address that nobody should open.
    pub(super) fn cleaned(self, reader: Reader<'_>) -> Option<Hit> {
        Some(Hit {
            url: reader.line(&address(&self.url)?, ADDRESS),
            title: reader.line(&plain(&self.title), TITLE),
            description: reader.line(&plain(&self.description), DESCRIPTION),
        })
    }
}

fn address(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    let good = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    if !good || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !name.starts_with("utm_") && !TRACKING.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if kept.len() != url.query_pairs().count() {
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
    }
    (url.as_str().len() <= ADDRESS).then(|| url.into())
}

/// The text without its markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        // What does not end, or begins with no letter, is no tag.
        let is_tag = after.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic());
        match after.split_once('>').filter(|_| is_tag) {
            Some((_, behind)) => rest = behind,
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    // The ampersand last: what it makes is not read again.
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
        .iter()
        .fold(out, |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_may_be_opened() {
        for (text, wanted) in [
            ("https://docs.example.org/a?x=1", Some("https://docs.example.org/a?x=1")),
            ("https://example.org/a?utm_source=x&id=7&gclid=1#top", Some("https://example.org/a?id=7#top")),
            ("https://example.org/a?utm_source=x", Some("https://example.org/a")),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("file:///etc/passwd", None),
            ("https://user:word@example.org/", None),
            ("not an address", None),
        ] {
            assert_eq!(address(text).as_deref(), wanted, "{text}");
        }
        assert_eq!(address(&format!("https://example.org/{}", "x".repeat(400))), None);
    }

    #[test]
    fn markup_is_taken_out_and_signs_stay() {
        for (text, wanted) in [
            ("Run <strong>drush updatedb</strong> &amp; wait", "Run drush updatedb & wait"),
            ("a < b and c > d", "a < b and c > d"),
            ("Vec&lt;String&gt; isn&#39;t <em class=\"x\">it", "Vec<String> isn't it"),
            ("&amp;lt;", "&lt;"),
            ("open <strong", "open <strong"),
        ] {
            assert_eq!(plain(text), wanted, "{text}");
        }
    }
}
