//! `[limits]`

use crate::config::{
    defaults,
    raw::{Bounds, Section},
};

const KEYS: &[&str] = &[
    "body_bytes",
    "string_bytes",
    "concurrency",
    "calls_per_minute",
    "plans_per_hour",
    "changes_per_hour",
    "verifies_per_minute",
    "wait_default_s",
    "wait_max_s",
];

/// What the server refuses as too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest request body, bytes.
    pub body_bytes: u32,
    /// The longest text in an argument, bytes.
    pub string_bytes: u32,
    /// Calls that run at the same time.
    pub concurrency: u32,
    /// Calls of one principal per minute.
    pub calls_per_minute: u32,
    /// Dry runs of one principal per hour.
    pub plans_per_hour: u32,
    /// Executed plans of one principal per hour.
    pub changes_per_hour: u32,
    /// Calls of `verify_secret` of one principal per minute, so that nobody learns by asking again and again.
    pub verifies_per_minute: u32,
    /// How long a call waits for its operation when it does not say, seconds.
    pub wait_default_s: u32,
    /// How long a call may wait for its operation, seconds.
    pub wait_max_s: u32,
}

pub(super) fn read(file: &Section<'_>) -> Limits {
    let section = file.optional("limits").and_then(|item| item.section(KEYS));
    let number = |key, bounds: Bounds| section.as_ref().map_or(bounds.default, |section| section.number(key, bounds));
    let wait_max_s = number("wait_max_s", defaults::WAIT_MAX_S);
    let wait_default_s = number(
        "wait_default_s",
        Bounds {
            default: defaults::WAIT_DEFAULT_S.default.min(wait_max_s),
            most: wait_max_s,
            ..defaults::WAIT_DEFAULT_S
        },
    );
    Limits {
        body_bytes: number("body_bytes", defaults::BODY_BYTES),
        string_bytes: number("string_bytes", defaults::STRING_BYTES),
        concurrency: number("concurrency", defaults::CONCURRENCY),
        calls_per_minute: number("calls_per_minute", defaults::CALLS_PER_MINUTE),
        plans_per_hour: number("plans_per_hour", defaults::PLANS_PER_HOUR),
        changes_per_hour: number("changes_per_hour", defaults::CHANGES_PER_HOUR),
        verifies_per_minute: number("verifies_per_minute", defaults::VERIFIES_PER_MINUTE),
        wait_default_s,
        wait_max_s,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("[limits]\nwait_max_s = 41", 2, "limits.wait_max_s: must be from 1 to 40", "use a number"),
            (
                "[limits]\nwait_max_s = 10\nwait_default_s = 20",
                3,
                "limits.wait_default_s: must be from 0 to 10",
                "use a number in that range; 10 is the default",
            ),
            (
                "[limits]\nbody_bytes = 99999999999",
                2,
                "limits.body_bytes: must be from 1024 to 16777216",
                "use a number",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
