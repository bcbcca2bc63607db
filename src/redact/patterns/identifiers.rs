//! Names of things that stand where a value could: variables of the environment, mechanisms, packages, links, queries.

use super::bytes::{at, starts_with};
use super::names::{self, Promise};
use super::random::is_random;

/// True if `value` names something instead of being it.
pub(super) fn names_something(value: &[u8]) -> bool {
    is_variable(value)
        || is_mechanism(value)
        || is_package(value)
        || is_link(value)
        || is_statement(value)
        || is_extension(value)
        || is_path_of_variable(value)
        || is_spoken_of(value)
}

/// `SHOP_API_KEY`: where a secret is to be found.
pub(super) fn is_variable(value: &[u8]) -> bool {
    (5..=64).contains(&value.len())
        && value.contains(&b'_')
        && at(value, 0).is_ascii_uppercase()
        && value.iter().all(|&b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && value.iter().filter(|b| b.is_ascii_digit()).count() < 3
        && names::promise(value) != Promise::Nothing
}

/// `scram-sha-256`, `base32`: how a login is made, how a password is kept or written.
fn is_mechanism(value: &[u8]) -> bool {
    const FAMILIES: &[&[u8]] = &[b"scram-sha-", b"cram-md5", b"digest-md5", b"argon2", b"pbkdf2", b"bcrypt", b"scrypt"];
    if matches!(
        value,
        b"base32" | b"base64" | b"base64url" | b"base58" | b"md5" | b"sha1" | b"sha256" | b"sha512" | b"utf8"
    ) {
        return true;
    }
    let family = FAMILIES.iter().find(|family| starts_with(value, family));
    let rest = family.map(|family| value.get(family.len()..).unwrap_or_default());
    rest.is_some_and(|rest| {
        let rest = rest.strip_suffix(b"-plus").or_else(|| rest.strip_suffix(b"-PLUS")).unwrap_or(rest);
        matches!(
            rest,
            b"" | b"1" | b"256" | b"384" | b"512" | b"i" | b"d" | b"id" | b"-sha256" | b"-sha512" | b"_sha256"
        )
    })
}

/// `@scope/name` of npm, `dep:name` of Cargo.
fn is_package(value: &[u8]) -> bool {
    let plain = |name: &[u8]| {
        name.len() > 1
            && at(name, 0).is_ascii_lowercase()
            && name.iter().all(|&b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'0'..=b'9'))
            && name.iter().filter(|b| b.is_ascii_digit()).count() < 3
            && !is_random(name, 12)
    };
    match value {
        [b'@', name @ ..] => plain(name) && name.iter().filter(|&&b| b == b'/').count() == 1,
        _ => value.strip_prefix(b"dep:").is_some_and(plain),
    }
}

/// `([#599](https:…` of Markdown; `//host/…`, the rest of a URL whose scheme was taken for a label.
fn is_link(value: &[u8]) -> bool {
    match value {
        [b'(', b'[', ..] => value.starts_with(b"([#") || value.windows(3).any(|w| w == b"](h"),
        [b'/', b'/', rest @ ..] => {
            let host = rest.split(|&b| b == b'/').next().unwrap_or_default();
            host.contains(&b'.') && host.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
        }
        _ => false,
    }
}

/// The first word of an SQL statement.
fn is_statement(value: &[u8]) -> bool {
    matches!(value, b"SELECT" | b"INSERT" | b"UPDATE" | b"DELETE" | b"REPLACE")
}

/// `.command` behind `<token>`.
fn is_extension(value: &[u8]) -> bool {
    matches!(value, [b'.', rest @ ..] if (2..=12).contains(&rest.len()) && rest.iter().all(u8::is_ascii_lowercase))
}

/// `$dir/private/ca.pem`.
fn is_path_of_variable(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"$") else { return false };
    let mut parts = rest.split(|&b| b == b'/');
    let name = parts.next().unwrap_or_default();
    !name.is_empty()
        && name.iter().all(|&b| b.is_ascii_alphabetic() || b == b'_')
        && rest.contains(&b'/')
        && parts
            .all(|part| part.iter().all(|&b| b.is_ascii_alphanumeric() || b"._-#".contains(&b)) && !is_random(part, 12))
}

/// `deploy-ops secret`, a command; `Credential`: words about secrets.
fn is_spoken_of(value: &[u8]) -> bool {
    let mut words = value.rsplit(|&b| b == b' ');
    let last = words.next().unwrap_or_default();
    if words.next().is_none() {
        let word = last.strip_suffix(b"s").unwrap_or(last).to_ascii_lowercase();
        return matches!(
            word.as_slice(),
            b"passwd" | b"credential" | b"passphrase" | b"passwort" | b"kennwort" | b"environment"
        );
    }
    value.contains(&b'-')
        && value.iter().all(|&b| b.is_ascii_lowercase() || matches!(b, b' ' | b'-'))
        && names::promise(last) == Promise::Secret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_values() {
        for name in [
            "SHOP_API_KEY",
            "DB_PASSWORD2",
            "scram-sha-256",
            "SCRAM-SHA-1-PLUS",
            "argon2id",
            "base32",
            "@octokit/auth-token",
            "dep:password-hash",
            "([#599](https://example.org/pull/599))",
            "//example.org/pull/599",
            "SELECT",
            ".command",
            "$dir/private/cakey.pem",
            "deploy-ops secret",
            "Credentials",
        ] {
            assert!(names_something(name.as_bytes()), "{name}");
        }
        for value in [
            "KV9WQ_27LMZX",
            "HUNTER2_SUMMER",
            "argon2-summer",
            "@kV9wq/27LmZx",
            "dep:kV9wq27LmZx",
            "//kV9wq27LmZx",
            "(kV9wq27LmZx",
            "([kV9wq27LmZx",
            "SELECTED",
            ".kV9wq",
            "$kV9wq/27LmZxQr81tYpW",
            "my secret garden",
            "my awesome password",
        ] {
            assert!(!names_something(value.as_bytes()), "{value}");
        }
    }
}
