//! Redacting structured values: by key name, by name/value siblings, and by the text of every string and key.

use serde_json::{Map, Value};

use super::mask::MASK;
use super::patterns::{is_secret_name, is_variable};

/// Redacts the value in place; `text` redacts one string.
pub(super) fn redact(value: &mut Value, text: &impl Fn(&str) -> Option<String>, secret_key: &impl Fn(&str) -> bool) {
    Walk { text, secret_key }.value(value, false);
}

struct Walk<'a, T, K> {
    text: &'a T,
    secret_key: &'a K,
}

impl<T: Fn(&str) -> Option<String>, K: Fn(&str) -> bool> Walk<'_, T, K> {
    /// `secret` says that the key above asks for masking.
    fn value(&self, value: &mut Value, secret: bool) {
        match value {
            Value::String(text) if secret => {
                if !is_reference(text) {
                    MASK.clone_into(text);
                }
            }
            Value::String(text) => self.string(text),
            Value::Number(_) if secret => *value = Value::String(MASK.to_owned()),
            Value::Number(number) => {
                // A numeric secret may be known as its digits.
                if (self.text)(&number.to_string()).is_some() {
                    *value = Value::String(MASK.to_owned());
                }
            }
            Value::Array(items) => self.array(items, secret),
            Value::Object(map) => self.object(map),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn string(&self, text: &mut String) {
        if let Some(redacted) = (self.text)(text) {
            *text = redacted;
        }
    }

    fn array(&self, items: &mut [Value], secret: bool) {
        if !secret && self.split_value(items) {
            return;
        }
        let mut after_flag = false;
        // A name and its value; but two names of variables are a list of names.
        let pair = items.len() == 2 && !items.iter().all(|item| item.as_str().is_some_and(is_variable));
        for item in items.iter_mut() {
            let flag = item
                .as_str()
                .is_some_and(|text| (pair || text.starts_with('-')) && self.is_secret(text.trim_start_matches('-')));
            self.value(item, secret || after_flag && item.is_string());
            after_flag = flag;
        }
    }

    /// A value spread over the numbers or strings of an array: bytes, characters, lines. Masks all of them.
    fn split_value(&self, items: &mut [Value]) -> bool {
        if items.len() < 2 {
            return false;
        }
        let mut joined = String::new();
        for item in items.iter() {
            match item {
                Value::Number(number) => {
                    joined.push_str(&number.to_string());
                    joined.push(',');
                }
                Value::String(text) => {
                    if text.len() > 4 {
                        return false;
                    }
                    joined.push_str(text);
                }
                _ => return false,
            }
        }
        if (self.text)(&joined).is_none() {
            return false;
        }
        for item in items {
            *item = Value::String(MASK.to_owned());
        }
        true
    }

    fn object(&self, map: &mut Map<String, Value>) {
        let named =
            map.iter().any(|(key, value)| is_name_key(key) && value.as_str().is_some_and(|name| self.is_secret(name)));
        for (key, value) in map.iter_mut() {
            let secret = self.is_secret(key) || named && is_value_key(key);
            self.value(value, secret);
        }
        if map.keys().any(|key| (self.text)(key).is_some()) {
            let renamed = std::mem::take(map);
            for (key, value) in renamed {
                let mut key = (self.text)(&key).unwrap_or(key);
                while map.contains_key(&key) {
                    key.push('_');
                }
                map.insert(key, value);
            }
        }
    }

    fn is_secret(&self, name: &str) -> bool {
        name.len() <= 128 && (is_secret_name(name) || (self.secret_key)(name))
    }
}

/// Keys whose string names what a sibling holds: Kubernetes env, SSM, CloudFormation, HAR headers, form fields.
fn is_name_key(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "name"
            | "key"
            | "parameterkey"
            | "parametername"
            | "variable"
            | "var"
            | "header"
            | "field"
            | "param"
            | "id"
            | "option"
    )
}

fn is_value_key(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "value"
            | "parametervalue"
            | "val"
            | "content"
            | "data"
            | "default"
            | "stringvalue"
            | "secretvalue"
            | "current"
            | "values"
    )
}

/// A reference to a secret or an empty setting is no secret.
fn is_reference(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text == MASK
        || (text.starts_with("${") || text.starts_with("{{") && text.ends_with("}}") || text.starts_with("$("))
            && text.ends_with(['}', ')'])
        || text.starts_with('<') && text.ends_with('>') && !text.contains(' ')
        || text.len() >= 3 && text.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(mut value: Value, expected: &Value) {
        redact(
            &mut value,
            &|text| text.contains("kV9wq27LmZxpR").then(|| text.replace("kV9wq27LmZxpR", MASK)),
            &|_| false,
        );
        assert_eq!(&value, expected);
    }

    #[test]
    fn secrets_go_by_key_by_sibling_and_by_text() {
        check(
            json!({"password": "x", "port": 1, "db_password": 12_345_678}),
            &json!({"password": MASK, "port": 1, "db_password": MASK}),
        );
        check(
            json!([{"name": "DB_PASSWORD", "value": "x"}, {"name": "PORT", "value": "1"}]),
            &json!([{"name": "DB_PASSWORD", "value": MASK}, {"name": "PORT", "value": "1"}]),
        );
        check(
            json!({"a": ["say kV9wq27LmZxpR"], "kV9wq27LmZxpR": null}),
            &json!({"a": [format!("say {MASK}")], MASK: null}),
        );
        check(json!(["mysql", "--password", "hunter2"]), &json!(["mysql", "--password", MASK]));
        check(json!(["DB_PASSWORD", "hunter2"]), &json!(["DB_PASSWORD", MASK]));
        check(json!(["DB_PASSWORD", "SHOP_API_KEY"]), &json!(["DB_PASSWORD", "SHOP_API_KEY"]));
        check(json!({"password": "${DB_PASSWORD}"}), &json!({"password": "${DB_PASSWORD}"}));
    }
}
