//! What a page says: what can be read on it, and everything that stands in it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::wire::Fault;

/// Attributes that are shown.
const SHOWN: [&str; 2] = ["alt", "placeholder"];
/// Kinds of fields that show nothing of what is in them.
const BLIND: [&str; 2] = ["hidden", "password"];
/// A page that says more is not searched, and so not shown, bytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// The text of a page with all its frames.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct PageText {
    /// What can be read, line by line and without a break, so that neither a break nor its absence hides anything.
    pub(super) shown: String,
    /// Every text, attribute and script.
    pub(super) all: BTreeSet<String>,
    /// Whether it is too long to be searched.
    pub(super) too_long: bool,
}

#[derive(Deserialize)]
struct Snapshot {
    documents: Vec<Document>,
    strings: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    nodes: Nodes,
    layout: Layout,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Nodes {
    #[serde(default)]
    attributes: Vec<Vec<i64>>,
    #[serde(default)]
    text_value: Values,
    #[serde(default)]
    input_value: Values,
}

/// Values of some nodes, each with the node's number.
#[derive(Default, Deserialize)]
struct Values {
    index: Vec<usize>,
    value: Vec<i64>,
}

#[derive(Deserialize)]
struct Layout {
    text: Vec<i64>,
    styles: Vec<Vec<i64>>,
}

impl PageText {
    /// The text in an answer of `DOMSnapshot.captureSnapshot` that was asked for `visibility`.
    pub(super) fn of(snapshot: Value) -> Result<Self, Fault> {
        let Snapshot { documents, strings } = serde_json::from_value(snapshot).map_err(|_| Fault::Unreadable)?;
        let string = |index: &i64| usize::try_from(*index).ok().and_then(|index| strings.get(index));
        let mut shown: Vec<&str> = Vec::new();
        for document in &documents {
            for (text, styles) in document.layout.text.iter().zip(&document.layout.styles) {
                let visible = styles.first().and_then(string).is_none_or(|visibility| visibility == "visible");
                shown.extend(string(text).filter(|_| visible).map(String::as_str));
            }
            let Nodes { attributes, text_value, input_value } = &document.nodes;
            let holds = |of_node: &[i64], names: &[&str]| {
                let pairs =
                    of_node.chunks_exact(2).filter_map(|pair| Some((string(pair.first()?)?, string(pair.get(1)?)?)));
                pairs
                    .filter(|(name, _)| names.contains(&name.as_str()))
                    .map(|(_, value)| value.as_str())
                    .collect::<Vec<_>>()
            };
            shown.extend(attributes.iter().flat_map(|of_node| holds(of_node, &SHOWN)));
            for Values { index, value } in [text_value, input_value] {
                for (node, value) in index.iter().zip(value) {
                    let kind = attributes.get(*node).map(|of_node| holds(of_node, &["type"])).unwrap_or_default();
                    let blind = kind.iter().any(|kind| BLIND.contains(&kind.to_ascii_lowercase().as_str()));
                    shown.extend(string(value).filter(|_| !blind).map(String::as_str));
                }
            }
        }
        let too_long = strings.iter().map(String::len).sum::<usize>() > LONGEST;
        let shown = if too_long { String::new() } else { format!("{}\n{}", shown.join("\n"), shown.concat()) };
        let all = if too_long { BTreeSet::new() } else { strings.into_iter().collect() };
        Ok(Self { shown, all, too_long })
    }

    /// And what it said another time.
    pub(super) fn add(&mut self, other: Self) {
        if self.shown != other.shown {
            self.shown.push('\n');
            self.shown.push_str(&other.shown);
        }
        self.all.extend(other.all);
        self.too_long |= other.too_long;
    }

    /// Everything, for a search.
    pub(super) fn behind(&self) -> String {
        self.all.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_hidden_is_not_shown_but_stands_there() {
        let snapshot = json!({
            "strings": ["visible", "hidden", "Hello", "secret", "placeholder", "Your name", "href", "/x", "typed", "type", "Hidden", "csrf"],
            "documents": [{
                "nodes": { "attributes": [[4, 5], [6, 7], [], [9, 10]], "inputValue": { "index": [2, 3], "value": [8, 11] } },
                "layout": { "text": [2, -1, 3], "styles": [[0], [0], [1]] },
            }],
        });
        let text = PageText::of(snapshot).unwrap();
        assert_eq!(text.shown, "Hello\nYour name\ntyped\nHelloYour nametyped");
        assert!(["secret", "csrf"].iter().all(|behind| text.behind().contains(behind)) && text.behind().contains("/x"));
    }
}
