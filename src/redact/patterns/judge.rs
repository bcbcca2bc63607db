//! Whether what stands after a name is its secret: the name's promise and the value's looks together.

use super::bytes::{at, before, find_word, line_start, skip_blanks, skip_while, slice, trim};
use super::calls::is_password_shaped;
use super::harmless::{is_harmless, is_sentence};
use super::names::{self, Promise};
use super::prose;
use super::random::{self, is_random};
use super::scan::Scan;
use super::value::{Link, Value};

/// The decision itself.
pub(super) fn judge(scan: &mut Scan<'_>, name: (usize, usize), found: Value, link: Link, promise: Promise) {
    let text = scan.text;
    let content = slice(text, found.start, found.end);
    if is_harmless(content)
        || is_markup(content)
        || link == Link::Equals && !found.quoted && is_comparison(text, name.1, content)
    {
        return;
    }
    let name_text = slice(text, name.0, name.1);
    if found.quoted && before(text, found.start) == b'`' && is_snake_case(content)
        || is_named_otherwise(name_text, content, link)
        || same_words(name_text, content)
        || is_license_name(name_text, content)
        || is_serial_number(name_text, content)
        || is_expression(text, name.0, found, link)
    {
        return;
    }
    let digits = content.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == content.len() && is_count(slice(text, name.0, name.1), content) {
        return;
    }
    let sentence = content.contains(&b' ') && is_sentence(content);
    let secret = match promise {
        Promise::Secret => {
            !sentence && (found.quoted && content.len() > 2 || plausible(content, link, at(text, found.end)))
        }
        _ => {
            !sentence && (looks_generated(content) || is_password_shaped(content))
                || link != Link::Blank && content.len() >= 8 && names::is_code(name_text) && prose::is_told(content)
                || one_time(slice(text, name.0, name.1), content)
        }
    };
    if secret {
        scan.mask(found.start, found.end, "assignment");
    }
}

/// Strong enough for a name that only might hold a secret.
pub(super) fn looks_generated(content: &[u8]) -> bool {
    let (start, end) = trim(content, 0, content.len());
    let content = slice(content, start, end);
    if content.len() < 8 || random::is_uuid(content) && content.len() < 36 {
        return false;
    }
    let made = random::makeup(content);
    let constant = content.contains(&b'_')
        && content.iter().all(|&b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && content.split(|&b| b == b'_').all(|part| part.len() < 10);
    let signs = content.iter().filter(|b| b.is_ascii_punctuation()).count();
    if content.len() >= 40 && signs >= 6 && made.classes() == 3 && made.oddness > 0.4 {
        return true;
    }
    if constant || content.contains(&b' ') || content.contains(&b'/') && made.oddness < 0.3 {
        return false;
    }
    let dated = made.digit + made.other == content.len();
    // The serial number of a certificate.
    let pairs =
        content.len() > 8 && content.split(|&b| b == b':').all(|p| p.len() == 2 && p.iter().all(u8::is_ascii_hexdigit));
    if dated || pairs {
        return false;
    }
    is_random(content, 12)
        || random::is_uuid(content)
        || made.is_hex() && content.len() >= 16 && made.digit > 1
        || made.classes() == 3
            && made.other > 0
            && made.oddness >= 0.25
            && content.iter().any(|b| b"!@#$%^&*?~".contains(b))
        || made.alnum() >= 16 && made.digit >= 3 && made.oddness >= 0.3
}

/// A bare value of a secret name: anything but words that begin a remark.
fn plausible(content: &[u8], link: Link, next: u8) -> bool {
    let made = random::makeup(content);
    if link == Link::Equals
        || made.digit > 0
        || made.other > 0
        || made.upper > 0 && made.lower > 0 && !content.first().is_some_and(u8::is_ascii_uppercase)
    {
        return content.len() >= 3 || made.digit == content.len();
    }
    if content.len() < 4 {
        return false;
    }
    // A lower-case word: a value if nothing follows it on the line, else the beginning of a remark.
    matches!(
        next,
        b'\n' | b'\r' | 0 | b',' | b'}' | b'\\' | b'"' | b'\'' | b'<' | b')' | b';' | b'.' | b'&' | 0x1b | b'|'
    ) || made.oddness > 0.3
}

/// Counters, ports and sizes under names like `tokens` or `pass`.
fn is_count(name: &[u8], content: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let counted = [&b"tokens"[..], b"keys", b"secrets", b"passwords", b"credentials", b"passes", b"codes"]
        .iter()
        .any(|s| name.ends_with(s));
    counted
        || content.len() < 4
        || (content.len() < 6
            && (name.ends_with(b"token") || name.ends_with(b"key") || name.ends_with(b"auth") || name == b"pass"))
}

/// Numeric codes: `pin: 4821`, `otp=123456`, `TAN: 918 273`.
fn one_time(name: &[u8], content: &[u8]) -> bool {
    let digits = content.iter().filter(|b| b.is_ascii_digit()).count();
    let coded = content.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'));
    coded
        && (4..=12).contains(&digits)
        && names::words(name).last().is_some_and(|w| {
            matches!(
                w.trim_end_matches(|c: char| c.is_ascii_digit()),
                "pin" | "otp" | "totp" | "tan" | "puk" | "cvv" | "cvc" | "mfa" | "passcode" | "einmalcode" | "hotp"
            ) || names::is_code(name)
        })
        || (coded && digits == 6
            || content.len() >= 6
                && content.len() <= 10
                && random::makeup(content).classes() >= 2
                && digits > 0
                && random::makeup(content).lower == 0)
            && names::words(name).iter().any(|w| {
                matches!(
                    w.as_str(),
                    "verification"
                        | "otp"
                        | "totp"
                        | "mfa"
                        | "2fa"
                        | "einmalcode"
                        | "recovery"
                        | "confirmation"
                        | "code"
                        | "tan"
                        | "login"
                        | "zugangscode"
                )
            })
            && !name.eq_ignore_ascii_case(b"code")
            && !name.eq_ignore_ascii_case(b"codes")
}

/// `token == other`, `self.token += x`, `password = new_password`: code, not data.
fn is_comparison(text: &[u8], name_end: usize, content: &[u8]) -> bool {
    let operator = skip_blanks(text, name_end);
    let compared = matches!(slice(text, operator, operator + 2), b"==" | b"+=");
    let identifier =
        content.iter().all(|&b| b.is_ascii_alphabetic() || matches!(b, b'_' | b':' | b';' | b')' | b',' | b'.'));
    let named = identifier && content.contains(&b'_') && names::promise(content) != Promise::Nothing;
    compared && !content.iter().any(u8::is_ascii_digit) || named
}

/// `authkey=authkey`, `PrivateKey => "PRIVATE KEY"`: the name again.
fn same_words(name: &[u8], content: &[u8]) -> bool {
    let letters = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80).map(u8::to_ascii_lowercase).collect()
    };
    let field = name.rsplit(|&b| b == b'.').next().unwrap_or(name);
    content.len() <= name.len() + 4 && (letters(name) == letters(content) || letters(field) == letters(content))
}

/// `serial=0A1B…` of a certificate; those of licences have other letters.
fn is_serial_number(name: &[u8], content: &[u8]) -> bool {
    super::bytes::ends_with(name, b"serial") && content.iter().all(u8::is_ascii_hexdigit)
}

/// `License: LGPL-3+`.
fn is_license_name(name: &[u8], content: &[u8]) -> bool {
    (find_word(name, b"license").is_some() || find_word(name, b"licence").is_some())
        && [&b"gpl"[..], b"mit", b"bsd", b"apache", b"mpl", b"cc-by", b"cc0", b"isc"].iter().any(|l| {
            super::bytes::starts_with(content, l)
                || find_word(content, b"gpl").is_some()
                || find_word(content, b"fdl").is_some()
        })
}

/// Source code that hands a value on: `let secret = suite`, `token: node.second_token,`, `` PASSWORD=`pwgen 24 1` ``.
fn is_expression(text: &[u8], name_start: usize, found: Value, link: Link) -> bool {
    let content = slice(text, found.start, found.end);
    if found.quoted {
        return link == Link::Equals && before(text, found.start) == b'`' && content.contains(&b' ');
    }
    let (start, end) = trim(text, line_start(text, name_start), name_start);
    // Comments hold examples of code.
    let start = skip_while(text, start, |b| b"/!*# ".contains(&b)).min(end);
    let lead = slice(text, start, end);
    // Literals of such languages are quoted.
    let declared = [&b"let"[..], b"const", b"pub const", b"static", b"pub static", b"var", b"val", b"final", b"auto"]
        .iter()
        .any(|w| lead.starts_with(w) && matches!(at(lead, w.len()), b' ' | 0));
    let handle = matches!(at(text, found.end), b',' | b')')
        && content.len() > 5
        && content.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
        && link == Link::Colon;
    let handed_on = handle
        || matches!(at(text, found.end), b',' | b')' | b';')
            && content.contains(&b'_')
            && content.iter().all(|&b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'&'))
            && names::promise(content) != Promise::Nothing;
    let variable = at(text, found.end) == b';' && matches!(content, b"pass" | b"passwd" | b"pw" | b"pwd");
    declared && link != Link::Blank || handed_on || variable
}

/// Names that mean something else beside their secret meaning: `PWD=/srv`, `PASS: test_x`, types.
fn is_named_otherwise(name: &[u8], content: &[u8], link: Link) -> bool {
    let typed = link == Link::Colon
        && content.iter().all(u8::is_ascii_alphabetic)
        && content.first().is_some_and(u8::is_ascii_uppercase)
        && content.iter().any(u8::is_ascii_lowercase)
        && random::makeup(content).oddness < 0.2
        && content.iter().filter(|b| b.is_ascii_uppercase()).count() > 1;
    matches!(name, b"PWD" | b"OLDPWD") && content.first() == Some(&b'/')
        // `credential:idp_db`: where systemd keeps it.
        || name == b"credential" && link == Link::Colon && content.iter().all(|&b| b.is_ascii_lowercase() || b == b'_')
        || name.eq_ignore_ascii_case(b"pass")
            && link == Link::Colon
            && (!prose::is_told(content) && content.iter().any(|b| b"_:/.(".contains(b))
                || content.contains(&b'/')
                    && content.iter().all(|&b| b.is_ascii_alphanumeric() || b"_:/.-".contains(&b)))
        || typed
}

/// The name of something in code: `plan_id`.
fn is_snake_case(content: &[u8]) -> bool {
    content.contains(&b'_') && content.iter().all(|&b| b.is_ascii_lowercase() || b == b'_')
}

fn is_markup(content: &[u8]) -> bool {
    content.first() == Some(&b'<')
        && content.get(1).is_some_and(|b| *b == b'/' || b.is_ascii_alphabetic() || *b == b'%' || *b == b'?')
        && !content.iter().any(u8::is_ascii_digit)
        || content.iter().all(|b| b"{}[](),;:".contains(b))
        || matches!(content.first(), Some(b'{' | b'[')) && content.len() < 3
}
