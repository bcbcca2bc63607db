//! Arguments are parsed once, here.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::domain::{
    name::nearest,
    refusal::{Code, Refusal},
};

/// The refusal names the rule and, where it is one of ours, the argument; it never repeats a value, nor a name that the caller
/// invented: `serde_json` does, so its message is used only for what it says about names and types of ours.
pub(super) fn parse<T: DeserializeOwned>(arguments: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let name = match error.path().iter().next() {
            Some(Segment::Map { key }) => key.clone(),
            _ => String::new(),
        };
        let (message, fix) = explain(&name, &error.inner().to_string());
        Refusal::new(Code::BadArgument, message, fix)
    })
}

/// What is wrong, and what to do: of a message of serde the names we wrote ourselves and the expected types, never the found value.
/// `name` is where it was found; in what is unknown it is the caller's.
fn explain(name: &str, message: &str) -> (String, String) {
    let read = "Read the tool's inputSchema and call it again.".to_owned();
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()).filter(ours) {
        return (format!("The argument {name} is missing."), format!("Call it again with {name}."));
    }
    let known = || -> Vec<&str> {
        let listed = message.rsplit_once("expected").map_or("", |(_, known)| known);
        listed.split('`').skip(1).step_by(2).collect()
    };
    if message.starts_with("unknown field") {
        let known = known();
        let near = nearest(name, known.iter().copied()).into_iter().next();
        let fix = near.map_or(read, |near| format!("Did you mean {near}? The others are told above."));
        let list = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return (format!("There is an argument that the tool does not know. It knows {list}."), fix);
    }
    let argument = if ours(&name) { format!("The argument {name}") } else { "An argument".to_owned() };
    if message.starts_with("unknown variant") {
        let known = known().join(", ");
        return (format!("{argument} has a value that is not one of {known}."), format!("Give one of {known}."));
    }
    if message.starts_with("not a ") {
        // Our own newtypes: fixed texts without the value.
        let fix = match name {
            "path" => {
                "Call list_services section=resources to see the roots and where they are; path begins below one."
                    .to_owned()
            }
            _ => read,
        };
        return (format!("{argument} is {message}."), fix);
    }
    match message.rsplit_once("expected ").and_then(|(_, expected)| kind(expected)) {
        Some(kind) => (format!("{argument} has the wrong type."), format!("Give {kind}.")),
        None => (format!("{argument} cannot be used."), read),
    }
}

/// Whether a name can be one that we gave.
fn ours(name: &&str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A type as a caller who sees JSON calls it.
fn kind(expected: &str) -> Option<&'static str> {
    Some(match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, without quotes",
        "a boolean" => "true or false, without quotes",
        "a string" | "string or map" | "a borrowed string" => "a text, in quotes",
        "a sequence" => "a list, in brackets",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only parsed")]
    struct Arguments {
        service: String,
        #[serde(default)]
        environment: Option<String>,
        #[serde(default)]
        mode: Option<Mode>,
        #[serde(default)]
        names: Vec<String>,
        #[serde(default)]
        wait_s: u32,
        #[serde(default)]
        again: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        DryRun,
        Execute,
    }

    fn check(arguments: Value, message: &str, fix: &str) {
        let refusal = parse::<Arguments>(arguments.clone()).unwrap_err();
        assert_eq!((refusal.message.as_str(), refusal.fix.as_str()), (message, fix), "{arguments}");
    }

    #[test]
    fn a_refusal_names_the_argument_and_the_fix() {
        let read = "Read the tool's inputSchema and call it again.";
        let known = "There is an argument that the tool does not know. It knows service, environment, mode, names, wait_s, again.";
        check(json!({}), "The argument service is missing.", "Call it again with service.");
        check(
            json!({ "service": "a", "wait_s": "20" }),
            "The argument wait_s has the wrong type.",
            "Give a whole number, without quotes.",
        );
        check(
            json!({ "service": "a", "names": "b" }),
            "The argument names has the wrong type.",
            "Give a list, in brackets.",
        );
        check(
            json!({ "service": "a", "names": [5] }),
            "The argument names has the wrong type.",
            "Give a text, in quotes.",
        );
        check(json!({ "service": 5 }), "The argument service has the wrong type.", "Give a text, in quotes.");
        check(
            json!({ "service": "a", "again": "yes" }),
            "The argument again has the wrong type.",
            "Give true or false, without quotes.",
        );
        check(
            json!({ "service": "a", "mode": "apply" }),
            "The argument mode has a value that is not one of dry_run, execute.",
            "Give one of dry_run, execute.",
        );
        check(
            json!({ "service": "a", "wait_s": -1 }),
            "The argument wait_s has the wrong type.",
            "Give a whole number, without quotes.",
        );
        check(
            json!({ "service": "a", "enviroment": "b" }),
            known,
            "Did you mean environment? The others are told above.",
        );
        check(json!({ "service": "a", "zzz": "b" }), known, read);
    }

    #[test]
    fn nothing_of_the_caller_is_repeated() {
        for arguments in [
            json!({ "service": "a", "hunter2": 1 }),
            json!({ "service": "a", "wait_s": "hunter2" }),
            json!({ "service": "a", "mode": "hunter2" }),
            json!({ "service": ["hunter2"] }),
            json!({ "service": { "hunter2": 1 } }),
            json!({ "service": "a", "mode": { "hunter2": 1 } }),
            json!({ "service": "a", "x`hunter2`, expected `y": 1 }),
            json!({ "service": "a", "names": ["b", { "hunter2": "hunter2" }] }),
        ] {
            let refusal = parse::<Arguments>(arguments.clone()).unwrap_err();
            let said = format!("{} {}", refusal.message, refusal.fix);
            assert!(!said.contains("hunter2"), "{arguments}: {said}");
        }
    }
}
