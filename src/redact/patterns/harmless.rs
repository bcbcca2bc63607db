//! Values that are no secrets whatever their key is called: variables, placeholders, types, remarks.

use super::bytes::{at, ends_with, find_word, starts_with};
use super::identifiers::names_something;
use super::names;

/// The mask itself; never a secret.
pub(super) const MASK: &[u8] = b"[redacted]";

/// True if `value` cannot be a secret.
pub(super) fn is_harmless(value: &[u8]) -> bool {
    let value = unpunctuated(value);
    let label = value.iter().rposition(|&b| b != b' ').is_some_and(|p| at(value, p) == b':');
    if label && !value.iter().any(u8::is_ascii_digit) || is_version(value) {
        return true;
    }
    let first = at(value, 0);
    if value.is_empty() || starts_with(value, MASK) {
        return true;
    }
    is_reference(value, first)
        || is_filler(value)
        || is_bracketed(value, first)
        || is_remark(value)
        || is_code(value)
        || is_path(value)
        || is_notation(value)
        || names_something(value)
}

/// `super::Win32::Foundation::LUID`, `OnceLock<Vec<u8>>`, `0xC00002F2`.
fn is_type(value: &[u8]) -> bool {
    let named = |v: &[u8]| v.iter().all(|&b| b.is_ascii_alphanumeric() || b"_:<>,&![]*".contains(&b));
    let name = value.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    find_word(value, b"::").is_some() && named(value) && value.iter().any(u8::is_ascii_alphabetic)
        || name > 1 && at(value, name) == b'<' && at(value, 0).is_ascii_uppercase() && named(value)
        || value.strip_prefix(b"0x").is_some_and(|hex| hex.len() <= 16 && hex.iter().all(u8::is_ascii_hexdigit))
}

/// `Username:` and `Password:` as SMTP servers ask for them.
const PROMPTS: &[&[u8]] = &[b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"];

/// Types, symbols, cmdlets, validation rules and manual markup, which have digits and signs but hold nothing.
fn is_notation(value: &[u8]) -> bool {
    // `&Type`, `_ZNSt6localeC2Ev`, `\fBname\fR`, `\-\-flag`.
    let symbol = matches!(value, [b'&', b'A'..=b'Z', rest @ ..] if rest.iter().all(|&b| b.is_ascii_alphanumeric() || b"_<>,:".contains(&b)))
        || matches!(value, [b'_', b'Z', b'0'..=b'9' | b'N' | b'S' | b'T' | b'L' | b'K', ..] if value.len() > 5 && value.iter().all(|&b| b.is_ascii_alphanumeric() || b"_.@".contains(&b)))
        || value.windows(2).any(|w| w == b"\\-" || w == b"\\f" || w == b"\\&")
        || matches!(value, [b'&', b'[' | b'\'', ..])
        || matches!(value, [b'&', rest @ ..] if rest.len() > 2 && rest.iter().all(|&b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.')))
        || matches!(value, [b'\\', b'e'])
        || value.starts_with(b"SHA256:")
        || value.starts_with(b"MD5:")
        || matches!(value, [b'(' | b'[', rest @ ..] if rest.iter().all(|b| b.is_ascii_digit() || b".:)]".contains(b)))
        || is_type(value)
        || PROMPTS.contains(&value);
    // `Read-Host`, `Get-Credential`.
    let cmdlet = ["Read-", "Get-", "New-", "Import-", "ConvertTo-", "ConvertFrom-", "Invoke-"].iter().any(|verb| {
        value.strip_prefix(verb.as_bytes()).is_some_and(|noun| {
            noun.first().is_some_and(u8::is_ascii_uppercase)
                && noun.len() > 3
                && noun.iter().all(u8::is_ascii_alphabetic)
        })
    });
    symbol || cmdlet || is_validation(value)
}

/// `required|min:8|confirmed`.
fn is_validation(value: &[u8]) -> bool {
    let mut rules = value.split(|&b| b == b'|');
    let first = rules.next().unwrap_or_default();
    matches!(first, b"required" | b"nullable" | b"string" | b"sometimes" | b"present" | b"filled")
        && rules.all(|rule| {
            let name = rule.iter().position(|&b| b == b':').unwrap_or(rule.len());
            name > 1 && rule.iter().take(name).all(|b| b.is_ascii_lowercase() || *b == b'_')
        })
}

/// True for `path/to/file`, `/run/secrets/x`, `./x`, `~/x`, `C:\x`, `https://host/…`.
pub(super) fn is_path(value: &[u8]) -> bool {
    if starts_with(value, b"http://")
        || starts_with(value, b"https://")
        || starts_with(value, b"file:")
        || starts_with(value, b"/run/")
        || starts_with(value, b"vault:")
        || is_typed_path(value)
        || is_source_file(value)
    {
        return true;
    }
    let rooted = [&b"/"[..], b"./", b"../", b"~/"].iter().any(|p| starts_with(value, p));
    rooted
        && value.len() > 2
        && value.iter().all(|&b| b.is_ascii_alphanumeric() || b"/._-~@%+:*{}$".contains(&b))
        && (value.iter().filter(|&&b| b == b'/').count() > 1 || value.contains(&b'.') || starts_with(value, b"~/"))
        && !value.split(|&b| b == b'/').any(|part| super::random::is_random(part, 12))
}

/// `unix:/run/x.sock`, `hash:/etc/postfix/sasl_passwd`: a kind of file, then an absolute path.
fn is_typed_path(value: &[u8]) -> bool {
    let Some(colon) = value.iter().position(|&b| b == b':').filter(|p| (3..=8).contains(p)) else { return false };
    let path = value.get(colon + 1..).unwrap_or_default();
    value.iter().take(colon).all(u8::is_ascii_lowercase)
        && path.first() == Some(&b'/')
        && path.iter().filter(|&&b| b == b'/').count() > 1
        && path.iter().all(|&b| b.is_ascii_alphanumeric() || b"/._-@".contains(&b))
}

/// `tests/ui/multi_line.rs`, `src/t-keys.c:`: a relative path whose last part has an extension.
fn is_source_file(value: &[u8]) -> bool {
    let value = value.strip_suffix(b":").unwrap_or(value);
    let Some(slash) = value.iter().rposition(|&b| b == b'/') else { return false };
    let file = value.get(slash + 1..).unwrap_or_default();
    let Some(dot) = file.iter().rposition(|&b| b == b'.').filter(|p| *p > 0) else { return false };
    let extension = file.get(dot + 1..).unwrap_or_default();
    (1..=4).contains(&extension.len())
        && extension.iter().all(u8::is_ascii_lowercase)
        && at(value, 0).is_ascii_alphanumeric()
        && value.iter().all(|&b| b.is_ascii_alphanumeric() || b"/._-".contains(&b))
        && !value.split(|&b| b == b'/').any(|part| super::random::is_random(part, 12))
}

/// `^7.1.0`, `>=2.0`, `1.2.3-rc.1`, `10.0.0.1:3306`.
fn is_version(value: &[u8]) -> bool {
    let core: &[u8] = match value.iter().position(|b| !b"^~>=<v ".contains(b)) {
        Some(p) => value.get(p..).unwrap_or_default(),
        None => return false,
    };
    at(core, 0).is_ascii_digit()
        && core.contains(&b'.')
        && core.iter().all(|b| b.is_ascii_digit() || b".x*-: <>=^~|".contains(b))
        && core.contains(&b'.')
        || value.first().is_some_and(|b| b"^~".contains(b)) && core.contains(&b'.') && at(core, 0).is_ascii_digit()
}

/// Two function words make running text.
pub(super) fn is_sentence(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value).to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let function =
        words.iter().filter(|w| names::is_function_word(w.trim_matches(|c: char| !c.is_alphanumeric()))).count();
    words.len() >= 3 && (function >= 2 || (function >= 1 && words.len() <= 6))
}

fn unpunctuated(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [rest @ .., b',' | b';'] = value {
        value = rest;
    }
    value
}

/// `$VAR`, `${VAR}`, `$(cmd)`, `{{ x }}`, `%VAR%`, `%u`, `@param`, `!Ref`, `arn:…`.
fn is_reference(value: &[u8], first: u8) -> bool {
    let is_ident = |v: &[u8]| {
        !v.is_empty()
            && v.iter().all(|&b| {
                b.is_ascii_alphanumeric()
                    || b == b'_'
                    || b == b':'
                    || b == b'.'
                    || b == b'-'
                    || b == b'>'
                    || b == b'['
                    || b == b']'
            })
    };
    match first {
        b'$' => {
            let rest = value.get(1..).unwrap_or_default();
            matches!(at(rest, 0), b'{' | b'(')
                || (is_ident(rest) && !at(rest, 0).is_ascii_digit() && !rest.iter().any(u8::is_ascii_digit))
                || (is_ident(rest) && at(rest, 0).is_ascii_uppercase() && !rest.iter().any(u8::is_ascii_lowercase))
                || rest.is_empty()
                || matches!(rest, [b'0'..=b'9' | b'#' | b'@' | b'*' | b'?' | b'!' | b'$'])
        }
        b'{' => {
            at(value, 1) == b'{'
                || at(value, 1) == b'%'
                || (at(value, value.len() - 1) == b'}' && is_ident(value.get(1..value.len() - 1).unwrap_or_default()))
        }
        b'%' => {
            (at(value, value.len() - 1) == b'%' && value.len() > 2)
                || matches!(value, [b'%', letter] if letter.is_ascii_alphabetic())
                || at(value, 1) == b'('
                || at(value, 1) == b'{'
        }
        b'!' => [
            &b"!Ref"[..],
            b"!Sub",
            b"!GetAtt",
            b"!ImportValue",
            b"!reference",
            b"!secret",
            b"!vault",
            b"!env",
            b"!Join",
            b"!Select",
        ]
        .iter()
        .any(|p| starts_with(value, p)),
        b'#' => at(value, 1) == b'{' || value.len() == 1,
        b'?' => value.len() == 1,
        b':' => value.len() > 1 && value.iter().skip(1).all(|&b| b.is_ascii_lowercase() || b == b'_'),
        b'@' => value.len() > 1 && value.iter().skip(1).all(|&b| b.is_ascii_lowercase() || b == b'_'),
        _ => {
            starts_with(value, b"arn:")
                || value.starts_with(b"ENC[")
                || starts_with(value, b"env:")
                || value.strip_prefix(b"command:").is_some_and(|command| at(command, 0).is_ascii_lowercase())
                || value
                    .strip_prefix(b"credential:")
                    .is_some_and(|name| name.iter().all(|&b| b.is_ascii_lowercase() || b == b'_' || b == b'-'))
                || starts_with(value, b"ref+")
                || starts_with(value, b"op://")
                || starts_with(value, b"secretref:")
                || starts_with(value, b"keyring:")
                || starts_with(value, b"sm://")
                || starts_with(value, b"secret://")
        }
    }
}

/// `****`, `xxxxx`, `…`, `...`, `----`, `____`, `••••`, `000000`.
fn is_filler(value: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(value) {
        let mut chars = text.chars();
        if let Some(first) = chars.next()
            && (!first.is_alphanumeric() || matches!(first, 'x' | 'X' | '0'))
            && chars.all(|c| c == first)
        {
            return true;
        }
    }
    value.iter().all(|&b| !b.is_ascii_alphanumeric() && b < 0x80 && !b"!@#$%^&".contains(&b))
        || value.windows(4).any(|w| w == b"****" || w == b"....")
        || find_word(value, "•••".as_bytes()).is_some()
        || find_word(value, b"xxxxxx").is_some()
        || value.starts_with(b"***")
        || value.ends_with(b"...")
        || value.ends_with("…".as_bytes())
}

/// `<password>`, `[hidden]`, `(none)`, `«…»`, `__TOKEN__`, `@@TOKEN@@`.
fn is_bracketed(value: &[u8], first: u8) -> bool {
    let inner = value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
    let worded = inner.iter().all(|&b| b.is_ascii_alphabetic() || b" _-./:|'`*,".contains(&b) || b >= 0x80);
    match (first, at(value, value.len() - 1)) {
        (b'<', b'>') => inner.iter().all(|&b| b != b'<') && !super::random::is_random(inner, 16),
        (b'<', _) => worded && !inner.contains(&b'/') || starts_with(value, b"<%") || starts_with(value, b"<?"),
        (b'[', b']') | (b'(', b')') | (b'{', b'}') => worded,
        (b'[', _)
            if value
                .iter()
                .position(|&b| b == b'=')
                .is_some_and(|p| value.get(1..p).is_some_and(|n| n.iter().all(u8::is_ascii_lowercase))) =>
        {
            true
        }
        (b'(' | b'[' | b'{', _) => inner.iter().chain(value.last()).all(|&b| b.is_ascii_lowercase()),
        (b'_', b'_') => value.starts_with(b"__") && value.ends_with(b"__"),
        (b'@', b'@') => value.starts_with(b"@@") && value.ends_with(b"@@"),
        _ => false,
    }
}

/// Remarks, truth values, types, sizes and sample words.
fn is_remark(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let lower = text.to_lowercase();
    let word = lower.trim_matches(|c: char| {
        matches!(c, '.' | '!' | ',' | ')' | '(' | '?' | ':' | '`' | '*' | '…' | '[' | ']' | '{' | '}')
    });
    if names::is_status(word) || word.is_empty() || matches!(lower.as_str(), "-" | "--" | "—") {
        return true;
    }
    let sample = [
        "your",
        "<your",
        "my-secret-name",
        "replace",
        "changeme",
        "change_me",
        "change-me",
        "insert",
        "enter-",
        "enter_",
        "put-your",
        "put_your",
        "xxxx",
        "example",
        "placeholder",
        "dummy",
        "todo",
        "fixme",
        "redacted",
        "sample",
        "some-secret",
        "process.env",
        "os.environ",
        "env.",
        "secrets.",
        "vars.",
        "settings.",
        "config.",
        "data.",
        "var.",
        "local.",
        "module.",
        "self.",
        "this.",
        "request.",
        "req.",
        "params.",
        "args.",
        "opts.",
        "options.",
        "props.",
        "state.",
        "ctx.",
        "context.",
    ];
    if sample.iter().any(|s| lower.starts_with(s))
        || lower.ends_with("_here")
        || lower.ends_with("-here")
        || lower.ends_with(".example")
    {
        return true;
    }
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let unit = word.get(digits..).unwrap_or("").trim();
    digits > 0
        && matches!(
            unit,
            "bytes"
                | "byte"
                | "b"
                | "kb"
                | "chars"
                | "characters"
                | "zeichen"
                | "s"
                | "ms"
                | "min"
                | "m"
                | "h"
                | "d"
                | "days"
                | "hours"
                | "minutes"
                | "seconds"
        )
}

/// Expressions that fetch or compute a value: `getenv("X")`, `getpass()`, `os.environ["X"]`, `a.b.c`, `Foo::bar`.
fn is_code(value: &[u8]) -> bool {
    if let Some(open) = value.iter().position(|&b| b == b'(' || b == b'[') {
        let callee = value.get(..open).unwrap_or_default();
        let named = !callee.is_empty()
            && (at(callee, 0).is_ascii_alphabetic() || at(callee, 0) == b'_')
            && callee.iter().all(|&b| b.is_ascii_alphanumeric() || b"_.:>-$&<'!".contains(&b));
        let closed = matches!(
            at(value, value.len() - 1),
            b')' | b']' | b';' | b'}' | b'?' | b'{' | b'\'' | b'"' | b'`' | b'(' | b'['
        );
        let inner = value.get(open + 1..).unwrap_or_default();
        let associated = find_word(callee, b"::").is_some() && !inner.contains(&b'"');
        if named
            && (closed || associated || !inner.iter().any(u8::is_ascii_digit))
            && !super::random::is_random(callee, 12)
            && callee.iter().filter(|b| b.is_ascii_digit()).count() < 3
        {
            return true;
        }
    }
    // A chain of identifiers (`user.password`, `Type::new`, `obj->field`) without a digit.
    let chain = |v: &[u8]| {
        v.iter().all(|&b| b.is_ascii_alphabetic() || b"_.:>-&*?".contains(&b)) && at(v, 0).is_ascii_alphabetic()
    };
    if (find_word(value, b"::").is_some() || find_word(value, b"->").is_some() || find_word(value, b"?.").is_some())
        && chain(value)
        && !ends_with(value, b"::")
    {
        return true;
    }
    let dotted = value.split(|&b| b == b'.').collect::<Vec<_>>();
    dotted.len() >= 2
        && at(value, 0).is_ascii_alphabetic()
        && dotted.iter().all(|part| !part.is_empty() && part.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_'))
        && value.iter().filter(|b| b.is_ascii_digit()).count() == 0
        && !super::random::is_random(value, 16)
        || starts_with(value, b"&self")
        || starts_with(value, b"&str")
        || starts_with(value, b"&mut")
        || starts_with(value, b"Option<")
        || starts_with(value, b"Vec<")
        || starts_with(value, b"Box<")
        || starts_with(value, b"Arc<")
}
