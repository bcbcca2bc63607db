//! When deployments to an environment may happen.

use jiff::{
    civil::{Time as WallTime, Weekday},
    tz::TimeZoneDatabase,
};
use serde::Serialize;

use super::{super::time::Time, environment::Environment};

/// A weekly window, in the local time of its zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The days it begins on.
    #[serde(serialize_with = "days_as_text")]
    pub days: Vec<Weekday>,
    /// Its begin on those days.
    pub from: WallTime,
    /// Its end; at or before `from` means on the next day.
    pub to: WallTime,
    /// The IANA time zone, for example `Europe/Vienna`.
    pub zone: String,
}

fn days_as_text<S: serde::Serializer>(days: &[Weekday], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(days.iter().map(|day| day.to_monday_one_offset()))
}

/// A span of time without deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// Begin (UTC), inclusive.
    pub from: Time,
    /// End (UTC), exclusive.
    pub to: Time,
    /// Why, for the refusal.
    pub reason: String,
}

/// Why nothing may be deployed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// What stands in the way, as a sentence.
    pub why: String,
    /// What to do, as a sentence.
    pub fix: String,
}

impl Environment {
    /// Why nothing may be deployed at `now`; none when it may. A freeze wins over a window.
    pub fn closed_at(&self, now: Time) -> Option<Closed> {
        if let Some(freeze) = self.freezes.iter().find(|freeze| freeze.from <= now && now < freeze.to) {
            return Some(Closed {
                why: format!("Deployments to {} are frozen until {}: {}", self.name, freeze.to, freeze.reason),
                fix: "Deploy after the freeze; a rollback is possible at any time.".to_owned(),
            });
        }
        if self.windows.is_empty() || self.windows.iter().any(|window| window.is_open(now)) {
            return None;
        }
        let windows: Vec<String> = self.windows.iter().map(Window::describe).collect();
        Some(Closed {
            why: format!("{now} is outside the deployment windows of {}.", self.name),
            fix: format!("Deploy inside a window: {}.", windows.join("; ")),
        })
    }
}

impl Window {
    /// Whether `now` lies in it. A window whose zone is unknown is closed.
    fn is_open(&self, now: Time) -> bool {
        // The bundled database, as the configuration was checked against: the same answer on every machine.
        let Ok(zone) = TimeZoneDatabase::bundled().get(&self.zone) else { return false };
        let local = now.timestamp().to_zoned_datetime(zone);
        let (day, time) = (local.weekday(), local.time());
        let begins_on = |day: Weekday| self.days.contains(&day);
        if self.from < self.to {
            begins_on(day) && self.from <= time && time < self.to
        } else {
            (begins_on(day) && self.from <= time) || (begins_on(day.previous()) && time < self.to)
        }
    }

    /// Its days, times and zone in one line.
    pub fn describe(&self) -> String {
        let days: Vec<String> = self.days.iter().map(|day| format!("{day:?}")).collect();
        format!("{} {}-{} {}", days.join("/"), self.from.strftime("%H:%M"), self.to.strftime("%H:%M"), self.zone)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn open(days: &[Weekday], from: (i8, i8), to: (i8, i8), now: &str) -> bool {
        let window = Window {
            days: days.to_vec(),
            from: time(from.0, from.1, 0, 0),
            to: time(to.0, to.1, 0, 0),
            zone: "Europe/Vienna".to_owned(),
        };
        window.is_open(now.parse().unwrap())
    }

    #[test]
    fn windows_follow_local_time_through_daylight_saving() {
        // 09:00 in Vienna is 08:00 UTC in winter and 07:00 UTC in summer.
        assert!(open(&[Weekday::Wednesday], (9, 0), (16, 0), "2025-01-15T08:00:00Z"));
        assert!(!open(&[Weekday::Wednesday], (9, 0), (16, 0), "2025-01-15T07:59:59Z"));
        assert!(open(&[Weekday::Wednesday], (9, 0), (16, 0), "2025-07-16T07:00:00Z"));
        assert!(!open(&[Weekday::Wednesday], (9, 0), (16, 0), "2025-07-16T14:00:00Z"));
    }

    #[test]
    fn a_window_may_cross_midnight() {
        assert!(open(&[Weekday::Friday], (22, 0), (2, 0), "2025-01-17T21:30:00Z"));
        assert!(open(&[Weekday::Friday], (22, 0), (2, 0), "2025-01-18T00:59:00Z"));
        assert!(!open(&[Weekday::Friday], (22, 0), (2, 0), "2025-01-18T01:00:00Z"));
        assert!(!open(&[Weekday::Friday], (22, 0), (2, 0), "2025-01-17T00:30:00Z"));
    }
}
