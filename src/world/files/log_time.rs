//! When a log line was written, for the usual formats.

use jiff::civil::DateTime;

use crate::domain::time::Time;

/// A moment is looked for in that many bytes at the begin of a line.
const REACH: usize = 160;

/// The moment that a line begins with, or holds near its begin; `None` when it has none. Times without a zone count as UTC.
///
/// Known: ISO 8601 / RFC 3339 (also inside JSON), Apache and nginx access (`[15/Jan/2025:09:30:00 +0100]`), nginx error
/// (`2025/01/15 09:30:00`), PHP (`[15-Jan-2025 09:30:00 UTC]`), syslog (`Jan 15 09:30:00`, in the year before `now`).
pub fn moment_of(line: &str, now: Time) -> Option<Time> {
    let mut end = REACH.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let head = line.get(..end)?;
    let bytes = head.as_bytes();
    for at in 0..bytes.len() {
        let begins = at == 0 || !bytes.get(at - 1)?.is_ascii_alphanumeric();
        if !begins {
            continue;
        }
        let rest = head.get(at..).unwrap_or_default();
        let found = match bytes.get(at)? {
            b'0'..=b'9' => year_first(rest).or_else(|| day_first(rest)),
            b'A'..=b'Z' => syslog(rest, now),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// `2025-01-15T09:30:00.123+01:00`, `2025-01-15 09:30:00,123`, `2025/01/15 09:30:00`.
fn year_first(text: &str) -> Option<Time> {
    let year = number(text, 0..4)?;
    let separator = text.as_bytes().get(4)?;
    if !matches!(separator, b'-' | b'/') || text.as_bytes().get(7)? != separator {
        return None;
    }
    let (month, day) = (number(text, 5..7)?, number(text, 8..10)?);
    if !matches!(text.as_bytes().get(10)?, b'T' | b' ' | b't') {
        return None;
    }
    let clock = clock(text.get(11..)?)?;
    build(year, month, day, clock, zone(text.get(19..)?))
}

/// `15/Jan/2025:09:30:00 +0100`, `15-Jan-2025 09:30:00 UTC`.
fn day_first(text: &str) -> Option<Time> {
    let day = number(text, 0..2)?;
    let month = month(text.get(3..6)?)?;
    let year = number(text, 7..11)?;
    if !matches!(text.as_bytes().get(2)?, b'/' | b'-') || !matches!(text.as_bytes().get(11)?, b':' | b' ') {
        return None;
    }
    let clock = clock(text.get(12..)?)?;
    build(year, month, day, clock, zone(text.get(20..)?))
}

/// `Jan 15 09:30:00`: no year, so the last one that is not in the future.
fn syslog(text: &str, now: Time) -> Option<Time> {
    let month = month(text.get(0..3)?)?;
    let day = text.get(4..6)?.trim_start().parse().ok()?;
    if text.as_bytes().get(3)? != &b' ' || text.as_bytes().get(6)? != &b' ' {
        return None;
    }
    let clock = clock(text.get(7..)?)?;
    let year: i64 = now.date().get(..4)?.parse().ok()?;
    let found = build(year, month, day, clock, 0)?;
    if found <= now.plus_s(86_400) { Some(found) } else { build(year - 1, month, day, clock, 0) }
}

fn number(text: &str, range: std::ops::Range<usize>) -> Option<i64> {
    let digits = text.get(range)?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn month(text: &str) -> Option<i64> {
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    names.iter().position(|name| *name == text).and_then(|index| i64::try_from(index + 1).ok())
}

/// Seconds since midnight of `09:30:00`.
fn clock(text: &str) -> Option<i64> {
    let colons = text.as_bytes().get(2)? == &b':' && text.as_bytes().get(5)? == &b':';
    let (hours, minutes, seconds) = (number(text, 0..2)?, number(text, 3..5)?, number(text, 6..8)?);
    (colons && hours < 24 && minutes < 60 && seconds < 61).then_some(hours * 3600 + minutes * 60 + seconds)
}

/// The offset east of UTC in seconds, behind an optional fraction: `+0100`, `+01:00`, `Z`; anything else counts as UTC.
fn zone(text: &str) -> i64 {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',').trim_start_matches(' ');
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let hours = number(text, 1..3);
    let minutes = number(text, 3..5).or_else(|| number(text, 4..6));
    match (hours, minutes) {
        (Some(hours), Some(minutes)) => sign * (hours * 3600 + minutes * 60),
        _ => 0,
    }
}

fn build(year: i64, month: i64, day: i64, clock: i64, zone: i64) -> Option<Time> {
    let (year, month, day) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let midnight = DateTime::new(year, month, day, 0, 0, 0, 0).ok()?;
    let timestamp = jiff::tz::TimeZone::UTC.to_timestamp(midnight).ok()?;
    Some(Time::from(timestamp).plus_s(clock - zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_formats_are_understood() {
        let now: Time = "2025-01-20T00:00:00Z".parse().unwrap();
        for (line, wanted) in [
            ("2025-01-15T09:30:00Z ERROR x", "2025-01-15T09:30:00.000Z"),
            ("2025-01-15T09:30:00.250+01:00 x", "2025-01-15T08:30:00.000Z"),
            ("2025-01-15 09:30:00,123 - x", "2025-01-15T09:30:00.000Z"),
            (r#"{"level":"error","time":"2025-01-15T09:30:00Z"}"#, "2025-01-15T09:30:00.000Z"),
            (r#"192.0.2.1 - - [15/Jan/2025:09:30:00 +0100] "GET / HTTP/1.1" 500"#, "2025-01-15T08:30:00.000Z"),
            ("2025/01/15 09:30:00 [error] 12#12: x", "2025-01-15T09:30:00.000Z"),
            ("[15-Jan-2025 09:30:00 UTC] PHP Fatal error", "2025-01-15T09:30:00.000Z"),
            ("Jan 15 09:30:00 host php[1]: x", "2025-01-15T09:30:00.000Z"),
            ("Dec  5 09:30:00 host php[1]: x", "2024-12-05T09:30:00.000Z"),
        ] {
            assert_eq!(moment_of(line, now).map(|time| time.to_string()).as_deref(), Some(wanted), "{line}");
        }
        for line in ["", "ERROR without a time", "version 2025-01-15", "12345678901234567890", "May the force"] {
            assert_eq!(moment_of(line, now), None, "{line}");
        }
    }
}
