//! What an Alembic revision file says about itself.

use std::sync::LazyLock;

use regex::Regex;

/// `name = value` at the beginning of a line, with or without an annotation; the value is a string, a tuple, a list, or None.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let value = r#"(None|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|"[^"\n]*"|'[^'\n]*')"#;
    Regex::new(&format!(r"(?m)^(revision|down_revision|depends_on)[ \t]*(?::[^=\n]+)?=[ \t]*{value}")).ok()
});

/// The revision and what it comes after; none when the file is no revision.
pub(super) fn revision(text: &str) -> Option<(String, Vec<String>)> {
    let mut id = None;
    let mut parents = Vec::new();
    for found in ASSIGNED.as_ref()?.captures_iter(text) {
        let (Some(name), Some(value)) = (found.get(1), found.get(2)) else { continue };
        if name.as_str() == "revision" {
            id = quoted(value.as_str()).into_iter().next();
        } else {
            parents.extend(quoted(value.as_str()));
        }
    }
    Some((id?, parents))
}

/// The strings in a Python literal.
pub(super) fn quoted(literal: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = literal;
    while let Some(at) = rest.find(['"', '\'']) {
        let Some((quote, tail)) = rest.get(at..).and_then(|text| text.split_at_checked(1)) else { break };
        let Some((text, after)) = tail.split_once(quote) else { break };
        found.push(text.to_owned());
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_of_every_shape() {
        let check = |text: &str, id: &str, parents: &[&str]| {
            let (found, before) = revision(text).unwrap();
            assert_eq!((found.as_str(), before), (id, parents.iter().map(|p| (*p).to_owned()).collect()), "{text}");
        };
        check("revision = 'a1'\ndown_revision = None\n", "a1", &[]);
        check("revision: str = \"b2\"\ndown_revision: Union[str, None] = \"a1\"\n", "b2", &["a1"]);
        check("revision = 'm'\ndown_revision = (\n    'b2',\n    'c3',\n)\n", "m", &["b2", "c3"]);
        check("revision = 'd'\ndown_revision = 'm'\ndepends_on = ('x',)\n", "d", &["m", "x"]);
        assert_eq!(revision("import os\n"), None);
    }
}
