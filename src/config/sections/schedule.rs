//! Windows and freezes of an environment.

use std::sync::LazyLock;

use jiff::{
    civil::{Time as WallTime, Weekday},
    tz::TimeZoneDatabase,
};

use crate::{
    config::raw::Item,
    domain::{
        inventory::{Freeze, Window},
        time::Time,
    },
};

const WINDOW_KEYS: &[&str] = &["days", "from", "to", "zone"];
const FREEZE_KEYS: &[&str] = &["from", "to", "reason"];

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The zones that are compiled in: the same on every machine, and no directory is searched.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

pub(super) fn window(item: &Item<'_>) -> Option<Window> {
    let section = item.section(WINDOW_KEYS)?;
    let days = section.optional("days").map_or_else(|| Some(all_days()), |item| days(&item));
    let from = section.required("from").and_then(|item| wall_time(&item));
    let to = section.required("to").and_then(|item| wall_time(&item));
    let zone = section.required("zone").and_then(|item| zone(&item));
    if from.is_some() && from == to {
        section.item().error(
            "the window begins and ends at the same time",
            "give another end, or leave windows out when deployments may always happen",
        );
        return None;
    }
    Some(Window { days: days?, from: from?, to: to?, zone: zone? })
}

pub(super) fn freeze(item: &Item<'_>) -> Option<Freeze> {
    let section = item.section(FREEZE_KEYS)?;
    let from = section.required("from").and_then(|item| moment(&item));
    let to = section.required("to").and_then(|item| moment(&item));
    let reason = section.required("reason").and_then(|item| item.text());
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        section.item().error("the freeze ends before it begins", "exchange from and to");
        return None;
    }
    Some(Freeze { from: from?, to: to?, reason: reason?.to_owned() })
}

fn all_days() -> Vec<Weekday> {
    DAYS.iter().map(|(_, day)| *day).collect()
}

fn days(list: &Item<'_>) -> Option<Vec<Weekday>> {
    let items = list.list();
    let mut days = Vec::new();
    for item in &items {
        let day = item.choice(&DAYS)?;
        if days.contains(&day) {
            item.error("the day is already given", "name each day once");
        }
        days.push(day);
    }
    if items.is_empty() && list.is_array() {
        list.error(
            "no day is given, so the window never opens",
            "name days such as \"mon\", or leave days out for every day",
        );
    }
    (!days.is_empty()).then_some(days)
}

/// A time of day: the text `"06:00"`, or TOML's own `06:00:00`.
fn wall_time(item: &Item<'_>) -> Option<WallTime> {
    let text = item.datetime_text()?;
    let time = (text.len() == 5 || text.len() == 8).then(|| text.parse::<WallTime>().ok()).flatten();
    if time.is_none() {
        item.error("is not a time of day", "write it as \"06:00\"");
    }
    time
}

/// A moment with its offset: TOML's own `2026-12-20T00:00:00Z`, or the same as a text.
fn moment(item: &Item<'_>) -> Option<Time> {
    let text = item.datetime_text()?;
    let moment = text.parse::<Time>().ok();
    if moment.is_none() {
        item.error(
            "is not a moment in time",
            "write it with its offset, as 2026-12-20T00:00:00Z or 2026-12-20T00:00:00+01:00",
        );
    }
    moment
}

fn zone(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if ZONES.get(text).is_err() {
        item.error("is not a known time zone", "write an IANA name such as Europe/Vienna or UTC");
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[environments.e]
windows = [
{ from = "06:00", to = "06:00", zone = "UTC" }]"#,
                3,
                "environments.e.windows: the window begins and ends",
                "give another end",
            ),
            (
                r#"[environments.e]
windows = [
{ from = "6am", to = "06:00", zone = "UTC" }]"#,
                3,
                "environments.e.windows.from: is not a time of day",
                "write it as",
            ),
            (
                r#"[environments.e]
windows = [
{ from = "05:00", to = "25:00", zone = "UTC" }]"#,
                3,
                "environments.e.windows.to: is not a time of day",
                "write it as",
            ),
            (
                r#"[environments.e]
windows = [
{ from = "05:00", to = "06:00", zone = "Europe/Wien" }]"#,
                3,
                "environments.e.windows.zone: is not a known time zone",
                "write an IANA name",
            ),
            (
                r#"[environments.e]
windows = [
{ from = "05:00", to = "06:00" }]"#,
                3,
                "environments.e.windows: zone is missing",
                "add zone",
            ),
            (
                r#"[environments.e]
windows = [
{ days = [], from = "05:00", to = "06:00", zone = "UTC" }]"#,
                3,
                "environments.e.windows.days: no day is given",
                "name days",
            ),
            (
                r#"[environments.e]
windows = [
{ days = ["monday"], from = "05:00", to = "06:00", zone = "UTC" }]"#,
                3,
                "environments.e.windows.days: is not one of the words",
                "write one of: mon, tue",
            ),
            (
                r#"[environments.e]
windows = [
{ days = ["mon", "mon"], from = "05:00", to = "06:00", zone = "UTC" }]"#,
                3,
                "environments.e.windows.days: the day is already given",
                "name each",
            ),
            (
                r#"[environments.e]
freezes = [{ from = 2026-01-02T00:00:00Z, to = 2026-01-01T00:00:00Z, reason = "r" }]"#,
                2,
                "environments.e.freezes: the freeze ends before it begins",
                "exchange",
            ),
            (
                r#"[environments.e]
freezes = [{ from = 2026-01-02, to = 2026-03-01T00:00:00Z, reason = "r" }]"#,
                2,
                "environments.e.freezes.from: is not a moment in time",
                "write it with its offset",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }

    #[test]
    fn times_are_read_with_and_without_quotes_and_no_days_means_every_day() {
        let text = r#"[environments.e]
            windows = [{ from = 22:00:00, to = "02:00", zone = "Europe/Vienna" }]
            freezes = [{ from = 2026-01-02T00:00:00+01:00, to = "2026-01-03T00:00:00Z", reason = "r" }]"#;
        let config = crate::config::testing::parse(text).unwrap();
        let environment = config.inventory.environments.values().next().unwrap();
        assert_eq!(environment.windows[0].days.len(), 7);
        assert_eq!(environment.windows[0].from, jiff::civil::time(22, 0, 0, 0));
        assert_eq!(environment.freezes[0].from.to_string(), "2026-01-01T23:00:00.000Z");
    }
}
