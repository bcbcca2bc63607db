//! Arguments are parsed once, here.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::refusal::{Code, Refusal};

/// The refusal names the rule and, where it is one of ours, the argument; it never repeats a value: `serde_json` does, so its
/// message is used only for what it says about names and types.
pub(super) fn parse<T: DeserializeOwned>(arguments: Value) -> Result<T, Refusal> {
    serde_json::from_value(arguments).map_err(|error| {
        Refusal::new(Code::BadArgument, explain(&error.to_string()), "Read the tool's inputSchema and call it again.")
    })
}

/// What may be repeated of a serde message: the field names we wrote ourselves and the expected types, never the found value.
fn explain(message: &str) -> String {
    let ours = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next())
        && ours(name)
    {
        return format!("The argument {name} is missing.");
    }
    if message.starts_with("unknown field") {
        let known = message.split_once("expected").map_or("", |(_, known)| known.trim());
        return format!("There is an argument that the tool does not know. It knows{}.", known_names(known));
    }
    if message.starts_with("unknown variant") {
        let known = message.split_once("expected").map_or("", |(_, known)| known.trim());
        return format!("An argument has a value that is not one of{}.", known_names(known));
    }
    if message.starts_with("not a ") {
        // Our own newtypes: fixed texts without the value.
        return format!("An argument is {message}.");
    }
    if let Some((_, expected)) = message.rsplit_once("expected ") {
        let plain =
            expected.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'-' | b'.' | b'`'));
        if plain && expected.len() < 80 {
            return format!("An argument has the wrong type: expected {expected}.");
        }
    }
    "An argument cannot be used.".to_owned()
}

fn known_names(known: &str) -> String {
    let names: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    if names.is_empty() { " none".to_owned() } else { format!(" {}", names.join(", ")) }
}
