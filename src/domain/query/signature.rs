//! What an error is called, without what makes it somebody's own: a query that others may have asked.

/// How many words it keeps.
const WORDS: usize = 14;
/// Words that make a line one about an error.
const TELLING: [&str; 16] = [
    "error",
    "exception",
    "fatal",
    "panic",
    "failed",
    "failure",
    "cannot",
    "can't",
    "denied",
    "refused",
    "undefined",
    "not found",
    "does not exist",
    "doesn't exist",
    "duplicate",
    "timed out",
];
/// What is left of the mask that stands where a secret stood.
const MASKED: &str = "redacted";
/// Words that say how loud a line is, not what it says.
const LEVELS: [&str; 12] =
    ["error", "err", "fatal", "warning", "warn", "notice", "info", "debug", "critical", "crit", "emerg", "alert"];

/// The query for the most telling line of what programs wrote; none when no line tells an error in at least three words.
pub fn signature(text: &str) -> Option<String> {
    let telling = |line: &&str| {
        let line = line.to_lowercase();
        TELLING.iter().any(|word| line.contains(word))
    };
    // What is thrown last is what went wrong.
    text.lines().rev().filter(telling).find_map(of_line)
}

fn of_line(line: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut after_code = false;
    for piece in without_quoted(line)
        .split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | ',' | ';' | '|'))
    {
        let word = class(piece.trim_matches([':', '.', '!', '?', '-', '#', '*', '<', '>', '=']));
        if !is_general(word, after_code) || (words.is_empty() && LEVELS.contains(&word.to_lowercase().as_str())) {
            continue;
        }
        after_code = ["error", "code", "errno", "status", "http", "sqlstate", "signal"]
            .contains(&word.to_lowercase().as_str())
            || word.to_uppercase().starts_with("SQLSTATE")
            || (after_code && word.bytes().any(|b| b.is_ascii_digit()));
        words.push(word.to_owned());
        if words.len() == WORDS {
            break;
        }
    }
    let said = words.iter().filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1).count();
    (said >= 3).then(|| words.join(" "))
}

/// The last part of a dotted name when that is the class of an error.
fn class(word: &str) -> &str {
    let last = word.rsplit('.').next().unwrap_or(word);
    if last.ends_with("Error") || last.ends_with("Exception") { last } else { word }
}

/// Whether a word may be in the same error elsewhere: no path, no host, no id, no number but a code.
fn is_general(word: &str, after_code: bool) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    if word.is_empty() || word == MASKED || word.len() > 60 || digits + letters == 0 {
        return false;
    }
    if letters == 0 {
        return after_code && digits == word.len() && digits <= 5;
    }
    let hexadecimal = digits > 0 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') && word.len() > 7;
    // A dot between letters is a host, a file, or a name of the program's own.
    let dotted = word.contains('.');
    let plain =
        word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'\\' | b'\'' | b'+'));
    // HY000, 42S02, E1101, P3009: codes have few digits, ids many.
    !hexadecimal && !dotted && plain && digits <= 5 && (digits <= letters + 4)
}

/// The line without what stands in quotes: names and values of somebody's own.
fn without_quoted(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut open: Option<char> = None;
    let mut before = ' ';
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        match open {
            Some(quote) if c == quote && !next.is_alphanumeric() => open = None,
            Some(_) => {}
            // An apostrophe in a word opens nothing.
            None if matches!(c, '"' | '`') || (c == '\'' && !before.is_alphanumeric()) => open = Some(c),
            None => out.push(c),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_called_what_it_is_called_elsewhere() {
        for (text, wanted) in [
            (
                "[2026-01-15T09:30:00.123Z] ERROR sqlalchemy.exc.ProgrammingError: relation \"crm.users\" does not exist",
                Some("ProgrammingError relation does not exist"),
            ),
            (
                "PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [1045] Access denied for user 'd0123'@'10.0.0.5' (using password: YES)",
                Some("PHP Fatal error Uncaught PDOException SQLSTATE HY000 1045 Access denied for user using password"),
            ),
            (
                "Traceback\n  File \"/srv/api/env.py\", line 88\nalembic.util.exc.CommandError: Can't locate revision identified by 'a1b2c3d4e5f6'",
                Some("CommandError Can't locate revision identified by"),
            ),
            (
                "connect ECONNREFUSED 10.1.2.3:5432 failed at TCPConnectWrap",
                Some("connect ECONNREFUSED failed at TCPConnectWrap"),
            ),
            (
                "Error: P3009 migrate found failed migrations in the target database, 20260115093000_users failed",
                Some("P3009 migrate found failed migrations in the target database failed"),
            ),
            (
                "request 7f3e9a52-1c4b-4e0a-9d7e-0123456789ab to https://crm.example.org/x failed with HTTP 502 after 30123 ms",
                Some("request to failed with HTTP 502 after ms"),
            ),
            ("Login failed for [redacted] with password [redacted]", Some("Login failed for with password")),
            ("all is well", None),
            ("error", None),
            ("ERROR 10.0.0.1 /srv/x 77", None),
        ] {
            assert_eq!(signature(text).as_deref(), wanted, "{text}");
        }
    }
}
