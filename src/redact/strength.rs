//! How hard a value is to guess, estimated from its characters.

/// How a value may be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// About 64 bits or more: masked whole, in any letter case, and in fragments.
    Strong,
    /// At least 8 bytes and no common word: masked whole.
    Guessable,
    /// Fewer than 8 bytes.
    Short,
    /// A word, a word with digits around it, a run of one character, or a number.
    Common,
}

/// The shortest value that is searched for, in bytes.
pub(super) const SHORTEST: usize = 8;

/// From here on a mask tells a guesser nothing useful, in bits.
const STRONG_BITS: usize = 64;

/// Words that people build weak passwords from, and words of this trade that fill harmless text.
const COMMON: &[&str] = &[
    "access",
    "admin",
    "administrator",
    "apache",
    "backup",
    "changeit",
    "changeme",
    "database",
    "default",
    "deploy",
    "deployment",
    "development",
    "disabled",
    "docker",
    "drupal",
    "enabled",
    "example",
    "grafana",
    "letmein",
    "localhost",
    "login",
    "mariadb",
    "monitoring",
    "mysql",
    "mysqladmin",
    "nginx",
    "passphrase",
    "passwd",
    "password",
    "postgres",
    "postgresql",
    "private",
    "prod",
    "production",
    "public",
    "qwerty",
    "qwertyuiop",
    "readonly",
    "redacted",
    "redis",
    "root",
    "sandbox",
    "secret",
    "server",
    "service",
    "staging",
    "support",
    "symfony",
    "system",
    "test",
    "testing",
    "token",
    "undefined",
    "unknown",
    "user",
    "username",
    "welcome",
    "wordpress",
    "www",
];

pub(super) fn strength(value: &[u8]) -> Strength {
    if value.len() < SHORTEST {
        return Strength::Short;
    }
    if is_common(value) {
        return Strength::Common;
    }
    if bits(value) >= STRONG_BITS { Strength::Strong } else { Strength::Guessable }
}

/// Whether a piece of text looks drawn at random: its characters change class often.
///
/// Keeps fragments made of words (`production-d`) from masking harmless text.
pub(super) fn looks_random(piece: &[u8]) -> bool {
    let mut changes = 0;
    let mut last = None;
    for &byte in piece {
        let class = match byte {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            b'-' | b'_' | b'.' | b'/' | b':' | b' ' => {
                last = None;
                continue;
            }
            _ => 3,
        };
        if last.is_some_and(|before| before != class) {
            changes += 1;
        }
        last = Some(class);
    }
    changes >= 3
}

/// Length times the size of the alphabet the value seems drawn from, in bits; repeated characters count less.
fn bits(value: &[u8]) -> usize {
    let mut seen = [false; 256];
    let mut distinct = 0;
    for &byte in value {
        if let Some(slot) = seen.get_mut(usize::from(byte))
            && !*slot
        {
            *slot = true;
            distinct += 1;
        }
    }
    let any = |test: fn(&u8) -> bool| value.iter().any(test);
    let mut alphabet = 0;
    if any(u8::is_ascii_lowercase) {
        alphabet += 26;
    }
    if any(u8::is_ascii_uppercase) {
        alphabet += 26;
    }
    if any(u8::is_ascii_digit) {
        alphabet += 10;
    }
    if any(|byte| !byte.is_ascii_alphanumeric()) {
        alphabet += 32;
    }
    // Hundredths of a bit per character keep this in integers.
    let per_character = if alphabet <= 10 {
        332
    } else if alphabet <= 26 {
        470
    } else if alphabet <= 36 {
        517
    } else if alphabet <= 62 {
        595
    } else {
        655
    };
    let effective = value.len().min(distinct * 4);
    effective * per_character / 100
}

fn is_common(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    if lower.iter().all(u8::is_ascii_digit) {
        return value.len() < 20;
    }
    if lower.iter().all(|byte| lower.first() == Some(byte)) {
        return true;
    }
    // One word, perhaps capitalised: whoever reads a log reads words.
    let letters_only = value.iter().all(u8::is_ascii_alphabetic);
    let one_case = value.iter().skip(1).all(u8::is_ascii_lowercase) || value.iter().all(u8::is_ascii_uppercase);
    if letters_only && one_case && value.len() < 12 {
        return true;
    }
    let plain: Vec<u8> = lower.iter().map(|byte| unleet(*byte)).collect();
    [&lower, &plain].into_iter().any(|text| {
        let words = text.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty());
        let mut letters = 0;
        let mut all_common = true;
        for word in words {
            letters += word.len();
            all_common &= COMMON.iter().any(|common| common.as_bytes() == word);
        }
        all_common && letters > 0 && value.len() - letters <= 5
    })
}

fn unleet(byte: u8) -> u8 {
    match byte {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other,
    }
}
