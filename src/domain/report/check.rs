//! Whether a report is as it was written: the first value in it that is not what it should be.

use serde_json::Value;

use super::{Form, Signed};

/// What stands around the data in Markdown. The data is one line, so no line of it can end the block.
pub(super) const DATA_BEGIN: &str = "```json report-data\n";
pub(super) const DATA_END: &str = "\n```";
/// What stands around the data in HTML. The data has no bare `<`.
pub(super) const PRE_BEGIN: &str = "<pre id=\"report-data\">";
pub(super) const PRE_END: &str = "</pre>";

/// A value that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where, for example `operation.metrics.failures` or `Metrics, Failures`.
    pub place: String,
    /// What the report says there.
    pub says: String,
    /// What it should say.
    pub should: String,
}

/// A file that holds no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is no block of data.
    #[error("it holds no data of a report")]
    NoData,
    /// The data is not what a report has.
    #[error("its data cannot be read as that of a report")]
    NotReport,
}

impl Form {
    /// The form of a text.
    pub fn of(text: &str) -> Self {
        if text.trim_start().starts_with('<') { Self::Html } else { Self::Markdown }
    }
}

/// What people read of a report in Markdown, without its data.
pub fn readable(markdown: &str) -> &str {
    markdown.rsplit_once("\n<details>").map_or(markdown, |(readable, _)| readable)
}

/// The data that a report carries, as it stands there, and read.
///
/// # Errors
/// [`Unreadable`] when there is none, or when it is not that of a report.
pub fn data_of(text: &str) -> Result<(Value, Signed), Unreadable> {
    let (begin, end) = match Form::of(text) {
        Form::Markdown => (DATA_BEGIN, DATA_END),
        Form::Html => (PRE_BEGIN, PRE_END),
    };
    // It is the last thing in the file; whatever looks like it before is somebody's text.
    let (_, rest) = text.rsplit_once(begin).ok_or(Unreadable::NoData)?;
    let (data, _) = rest.split_once(end).ok_or(Unreadable::NoData)?;
    let data = match Form::of(text) {
        Form::Markdown => data.to_owned(),
        Form::Html => data.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
    };
    let value: Value = serde_json::from_str(&data).map_err(|_| Unreadable::NotReport)?;
    let signed = serde_json::from_value(value.clone()).map_err(|_| Unreadable::NotReport)?;
    Ok((value, signed))
}

/// The first value, in the order of the keys, that differs.
pub fn first_of_data(says: &Value, should: &Value) -> Option<Difference> {
    differs(String::new(), says, should)
}

fn differs(place: String, says: &Value, should: &Value) -> Option<Difference> {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match (says, should) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let null = Value::Null;
            keys.into_iter()
                .find_map(|key| differs(below(key), one.get(key).unwrap_or(&null), other.get(key).unwrap_or(&null)))
        }
        (Value::Array(one), Value::Array(other)) => {
            let null = Value::Null;
            (0..one.len().max(other.len())).find_map(|index| {
                differs(format!("{place}[{index}]"), one.get(index).unwrap_or(&null), other.get(index).unwrap_or(&null))
            })
        }
        _ if same(says, should) => None,
        _ => Some(Difference { place, says: shown(says), should: shown(should) }),
    }
}

/// A number has several ways to be written; canonical JSON has 1 where a value in memory has 1.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The first piece of the visible text that differs, with the heading and the name of the row that it stands under.
pub fn first_of_text(form: Form, says: &str, should: &str) -> Option<Difference> {
    let split: fn(&str) -> Vec<Piece<'_>> = match form {
        Form::Markdown => of_markdown,
        Form::Html => of_html,
    };
    let (says, should) = (split(says), split(should));
    let end = says.len().max(should.len());
    let (mut heading, mut row) = (String::new(), String::new());
    for index in 0..end {
        let (one, other) = (says.get(index), should.get(index));
        if one.map(|piece| piece.text) == other.map(|piece| piece.text) {
            match one.map(|piece| (piece.role, piece.text)) {
                Some((Role::Heading, text)) => (heading, row) = (text.to_owned(), String::new()),
                Some((Role::Row, text)) => text.clone_into(&mut row),
                _ => {}
            }
            continue;
        }
        let place: Vec<&str> = [heading.as_str(), row.as_str()].into_iter().filter(|name| !name.is_empty()).collect();
        let place = if place.is_empty() { "the head".to_owned() } else { place.join(", ") };
        let text = |piece: Option<&Piece<'_>>| piece.map_or("nothing", |piece| piece.text).to_owned();
        return Some(Difference { place, says: text(one), should: text(other) });
    }
    None
}

/// What a piece of text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Heading,
    Row,
    Text,
}

#[derive(Debug, Clone, Copy)]
struct Piece<'t> {
    role: Role,
    text: &'t str,
}

/// Headings, cells and lines; nothing between them is left out.
fn of_markdown(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for line in text.split('\n') {
        if let Some(heading) = line.strip_prefix("## ") {
            pieces.push(Piece { role: Role::Heading, text: heading });
        } else if let Some(cells) = line.strip_prefix("| ").and_then(|cells| cells.strip_suffix(" |")) {
            let roles = std::iter::once(Role::Row).chain(std::iter::repeat(Role::Text));
            pieces.extend(cells.split(" | ").zip(roles).map(|(text, role)| Piece { role, text }));
        } else {
            pieces.push(Piece { role: Role::Text, text: line });
        }
    }
    pieces
}

/// Tags and the texts between them; nothing is left out.
fn of_html(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for part in text.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or((part, ""));
        pieces.push(Piece { role: Role::Text, text: tag });
        let role = match tag.split([' ', '\n']).next().unwrap_or_default() {
            "h2" => Role::Heading,
            "th" | "dt" => Role::Row,
            "p" if tag.contains("\"what\"") => Role::Row,
            // What is marked within a name or a heading does not name anything.
            _ => Role::Text,
        };
        pieces.push(Piece { role, text: after });
    }
    pieces
}
