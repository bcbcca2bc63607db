//! Which files are one log: `app.log`, `app.log.1`, `app.log-20251101`, `app-20251101.log`, each perhaps with `.gz`.

use std::cmp::Reverse;

use super::Entry;
use crate::domain::{inventory::RelativePath, time::Time};

/// A log file that can be searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its path below the root.
    pub path: RelativePath,
    /// When it was last written (UTC).
    pub modified: Option<Time>,
}

/// Whether a name is that of a log, rotated or not.
pub(super) fn is_log(name: &str) -> bool {
    name.contains(".log")
}

/// Whether a name is that of a rotated or compressed part of the log `live`.
pub(super) fn is_rotated(name: &str, live: &str) -> bool {
    name != live && mark(name, live).is_some()
}

/// What rotation put into the name: nothing, `.1`, `-20251101`.
fn mark<'n>(name: &'n str, live: &str) -> Option<&'n str> {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let behind = name.strip_prefix(live);
    let inside = || name.strip_prefix(live.strip_suffix(".log")?)?.strip_suffix(".log");
    behind.or_else(inside).filter(|mark| is_mark(mark))
}

fn is_mark(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        None => true,
        Some('.' | '-' | '_') => {
            let rest = characters.as_str();
            !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '_' | ':' | 'T'))
        }
        Some(_) => false,
    }
}

/// The logs among the entries of a directory, the last written one first; of those written in the same second, in the order of their
/// names' numbers.
pub(super) fn newest_first(entries: Vec<Entry>, directory: &str) -> Vec<LogFile> {
    let mut entries: Vec<Entry> = entries.into_iter().filter(|entry| entry.kind == "file").collect();
    entries.sort_by_cached_key(|entry| (Reverse(entry.modified), age(&entry.name), entry.name.clone()));
    entries
        .into_iter()
        .filter_map(|entry| {
            let path = format!("{directory}{}", entry.name).parse().ok()?;
            Some(LogFile { path, modified: entry.modified })
        })
        .collect()
}

/// A number that is the higher the older a rotated file is: its number, or how long ago its date was.
fn age(name: &str) -> u64 {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let name = name.strip_suffix(".log").unwrap_or(name);
    let begin = name.rfind(|c: char| c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let digits: String = name.get(begin..).unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    match (digits.len(), digits.parse()) {
        (1..=5, Ok(number)) => number,
        (_, Ok(date)) => u64::MAX - date,
        (_, Err(_)) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_log_are_known_by_their_names() {
        for name in [
            "app.log.1",
            "app.log.12.gz",
            "app.log-20251101",
            "app.log-20251101.gz",
            "app.log.2025-11-01",
            "app.log.2025-11-01T10:00",
            "app.log.gz",
            "app-20251101.log",
            "app-2025-11-01.log.gz",
            "app_3.log",
        ] {
            assert!(is_rotated(name, "app.log"), "{name}");
        }
        for name in [
            "app.log",
            "app.log.old",
            "app.log1",
            "apple.log",
            "app-error.log",
            "app.log.1.xz",
            "other.log.1",
            "app.log.",
        ] {
            assert!(!is_rotated(name, "app.log"), "{name}");
        }
        assert!(is_rotated("messages-20251101", "messages") && is_rotated("syslog.2.gz", "syslog"));
        assert!(!is_rotated("app.log.1", "app.log.2"));
    }

    #[test]
    fn the_last_written_comes_first_and_then_the_name_tells() {
        let entry = |name: &str, seconds: i64| Entry {
            name: name.to_owned(),
            kind: "file",
            bytes: 1,
            modified: Some(Time::from_millis(seconds * 1000)),
            mode: 0o644,
        };
        let entries = vec![
            entry("app.log.10", 5),
            entry("app.log.2.gz", 5),
            entry("app.log.1", 5),
            entry("app.log", 5),
            entry("app.log-20251101", 5),
            entry("app.log-20251102.gz", 5),
            entry("new.log.9", 9),
            entry("old.log", 1),
        ];
        let order: Vec<String> = newest_first(entries, "sub/").into_iter().map(|file| file.path.to_string()).collect();
        assert_eq!(
            order,
            [
                "sub/new.log.9",
                "sub/app.log",
                "sub/app.log.1",
                "sub/app.log.2.gz",
                "sub/app.log.10",
                "sub/app.log-20251102.gz",
                "sub/app.log-20251101",
                "sub/old.log",
            ]
        );
    }
}
