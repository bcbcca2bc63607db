//! How bad a log line says that something is, for the usual formats.

use schemars::JsonSchema;
use serde::Deserialize;

use super::pattern::Words;

/// The level of a log line; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Error, critical, alert, emergency, fatal; HTTP 5xx.
    Error,
    /// Warning; HTTP 4xx.
    Warning,
    /// Notice and information; other HTTP statuses.
    Info,
    /// Debug and trace.
    Debug,
}

/// A level's word stands in that many bytes at the begin of a line.
const REACH: usize = 200;

const WORDS: &[(&str, Level)] = &[
    ("emerg", Level::Error),
    ("emergency", Level::Error),
    ("alert", Level::Error),
    ("crit", Level::Error),
    ("critical", Level::Error),
    ("fatal", Level::Error),
    ("panic", Level::Error),
    ("severe", Level::Error),
    ("error", Level::Error),
    ("err", Level::Error),
    ("warning", Level::Warning),
    ("warn", Level::Warning),
    ("notice", Level::Info),
    ("info", Level::Info),
    ("debug", Level::Debug),
    ("trace", Level::Debug),
];

impl Level {
    /// Words of which every line of this level or worse holds one, in upper or lower case; none when there are no such.
    pub(super) fn words(self) -> Option<Words> {
        let numbers: &[&str] = match self {
            Self::Error => &["4", "5", "6"],
            Self::Warning => &["3", "4", "5", "6"],
            Self::Info | Self::Debug => return None,
        };
        let statuses: &[&str] = if self == Self::Error { &["\" 5"] } else { &["\" 4", "\" 5"] };
        let mut list: Vec<String> =
            ["emerg", "alert", "crit", "fatal", "panic", "severe", "err"].map(str::to_owned).into();
        list.extend((self == Self::Warning).then(|| "warn".to_owned()));
        list.extend(statuses.iter().map(|&status| status.to_owned()));
        list.extend(numbers.iter().flat_map(|number| [format!("\"level\":{number}"), format!("\"level\": {number}")]));
        Some(Words { list, any_case: true })
    }
}

/// The level that a line has; `None` when it says none.
///
/// Known: the first word for a level near the begin (`[error]`, `ERROR`, `level=warn`, `PHP Fatal error:`, `[php:notice]`), the
/// field `level`, `severity` or `level_name` of a JSON line (also the numbers of Bunyan, Pino and Monolog), and the status of access
/// logs.
pub(super) fn level_of(line: &str) -> Option<Level> {
    if let Some(level) = status(line) {
        return Some(level);
    }
    if line.starts_with('{')
        && let Some(level) = field(line)
    {
        return Some(level);
    }
    let mut end = REACH.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end)?.split(|c: char| !c.is_ascii_alphanumeric()).find_map(word)
}

fn word(text: &str) -> Option<Level> {
    WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, level)| *level)
}

/// `"GET / HTTP/1.1" 503 …`
fn status(line: &str) -> Option<Level> {
    let (_, behind) = line.split_once(" HTTP/")?;
    let (version, behind) = behind.split_once("\" ")?;
    let code = behind.get(..3).filter(|code| version.len() <= 3 && code.bytes().all(|b| b.is_ascii_digit()))?;
    Some(match code.as_bytes().first()? {
        b'5' => Level::Error,
        b'4' => Level::Warning,
        _ => Level::Info,
    })
}

/// `"level":"error"`, `"level": 50`.
fn field(line: &str) -> Option<Level> {
    let text = [
        "\"level\":\"",
        "\"level\": \"",
        "\"severity\":\"",
        "\"severity\": \"",
        "\"level_name\":\"",
        "\"level_name\": \"",
    ]
    .iter()
    .find_map(|key| line.split_once(key)?.1.split(|c: char| !c.is_ascii_alphanumeric()).next());
    if let Some(text) = text {
        return word(text);
    }
    let number = ["\"level\":", "\"level\": "].iter().find_map(|key| {
        let behind = line.split_once(key)?.1;
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        behind.get(..digits)?.parse::<u32>().ok()
    })?;
    let tenth = if number >= 100 { number / 100 + 1 } else { number / 10 };
    Some(match tenth {
        5.. => Level::Error,
        4 => Level::Warning,
        3 => Level::Info,
        _ => Level::Debug,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_formats_are_understood() {
        for (line, wanted) in [
            ("2025-01-15T09:30:00Z ERROR quota", Some(Level::Error)),
            ("2025/01/15 09:30:00 [error] 12#12: *1 open() failed", Some(Level::Error)),
            ("[Wed Jan 15 09:30:00 2025] [core:notice] [pid 1] resuming", Some(Level::Info)),
            ("[15-Jan-2025 09:30:00 UTC] PHP Fatal error:  Uncaught", Some(Level::Error)),
            ("[15-Jan-2025 09:30:00 UTC] PHP Warning:  Undefined", Some(Level::Warning)),
            ("time=x level=warn msg=\"no error\"", Some(Level::Warning)),
            ("INFO 0 errors, error rate 0", Some(Level::Info)),
            (r#"{"msg":"error page served","level":"info"}"#, Some(Level::Info)),
            (r#"{"level":50,"msg":"x"}"#, Some(Level::Error)),
            (r#"{"level": 30,"msg":"x"}"#, Some(Level::Info)),
            (r#"{"message":"x","level":400,"level_name":"ERROR"}"#, Some(Level::Error)),
            (r#"{"message":"x","level":300}"#, Some(Level::Warning)),
            (r#"192.0.2.1 - - [15/Jan/2025:09:30:00 +0100] "GET /error HTTP/1.1" 200 5"#, Some(Level::Info)),
            (r#"192.0.2.1 - - [15/Jan/2025:09:30:00 +0100] "GET / HTTP/2.0" 503 5"#, Some(Level::Error)),
            ("Jan 15 09:30:00 host app[1]: terrible terror", None),
            ("#0 /srv/index.php(12): main()", None),
        ] {
            assert_eq!(level_of(line), wanted, "{line}");
            for level in [Level::Error, Level::Warning] {
                if wanted.is_some_and(|found| found <= level) {
                    let words = level.words().unwrap().list;
                    let lower = line.to_ascii_lowercase();
                    assert!(words.iter().any(|word| lower.contains(word.as_str())), "{level:?}: {line}");
                }
            }
        }
    }
}
