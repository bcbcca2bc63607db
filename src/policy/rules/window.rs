//! Deployments keep their window. A freeze wins over a window; neither ever blocks a rollback.

use jiff::{civil::Weekday, tz::TimeZoneDatabase};

use super::super::Case;
use crate::domain::{
    inventory::Window,
    plan::{Plan, Purpose},
    refusal::{Code, Refusal},
    time::Time,
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    if plan.body().purpose != Purpose::Deploy {
        return Ok(());
    }
    if let Some(freeze) = case.environment.freezes.iter().find(|f| f.from <= case.now && case.now < f.to) {
        return Err(Refusal::new(
            Code::WindowClosed,
            format!("Deployments to {} are frozen until {}: {}", case.environment.name, freeze.to, freeze.reason),
            "Deploy after the freeze; a rollback is possible at any time.",
        ));
    }
    let windows = &case.environment.windows;
    if windows.is_empty() || windows.iter().any(|window| is_open(window, case.now)) {
        return Ok(());
    }
    let list: Vec<String> = windows
        .iter()
        .map(|w| {
            let days: Vec<String> = w.days.iter().map(|day| format!("{day:?}")).collect();
            format!("{} {}-{} {}", days.join("/"), w.from.strftime("%H:%M"), w.to.strftime("%H:%M"), w.zone)
        })
        .collect();
    Err(Refusal::new(
        Code::WindowClosed,
        format!("{} is outside the deployment windows of {}.", case.now, case.environment.name),
        format!("Deploy inside a window: {}.", list.join("; ")),
    ))
}

/// Whether `now` lies in the window. A window whose zone is unknown is closed.
fn is_open(window: &Window, now: Time) -> bool {
    // The bundled database, as the configuration was checked against: the same answer on every machine.
    let Ok(zone) = TimeZoneDatabase::bundled().get(&window.zone) else { return false };
    let local = now.timestamp().to_zoned_datetime(zone);
    let (day, time) = (local.weekday(), local.time());
    let begins_on = |day: Weekday| window.days.contains(&day);
    if window.from < window.to {
        begins_on(day) && window.from <= time && time < window.to
    } else {
        (begins_on(day) && window.from <= time) || (begins_on(day.previous()) && time < window.to)
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
        is_open(&window, now.parse().unwrap())
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
