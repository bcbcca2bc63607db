//! Migrations: how their versions are ordered.

use std::cmp::Ordering;

/// Orders versions as migration tools do: part by part as numbers, so that 9 is before 10 and `1.0` is `1`.
pub fn version_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (parts(a), parts(b));
    let longest = left.len().max(right.len());
    left.resize(longest, "");
    right.resize(longest, "");
    let number = |part: &str| (part.len(), part.to_owned());
    left.into_iter().map(number).cmp(right.into_iter().map(number))
}

/// The parts without leading zeros, and without empty ones at the end.
fn parts(version: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = version.split(['.', '_']).map(|part| part.trim_start_matches('0')).collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_not_texts() {
        assert_eq!(version_order("9", "10"), Ordering::Less);
        assert_eq!(version_order("1.2", "1.10"), Ordering::Less);
        assert_eq!(version_order("1_1", "1.1"), Ordering::Equal);
        assert_eq!(version_order("001", "1.0"), Ordering::Equal);
        assert_eq!(version_order("20260101120000", "20251231235959"), Ordering::Greater);
        assert_eq!(version_order("1", "1.0.1"), Ordering::Less);
    }
}
