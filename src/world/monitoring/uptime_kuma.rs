//! Uptime Kuma's status page: what it shows to everybody, as its own page asks for it
//! (<https://github.com/louislam/uptime-kuma/wiki/API-Documentation>). It is called internal there and may change; then it is unreadable
//! and so a doubt.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Found, Labels, Session};
use crate::domain::{
    alert::{Alert, AlertState},
    time::Time,
};

/// A page whose newest sign of life is older tells nothing about now, s.
const STALE_S: u64 = 60 * 60;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    public_group_list: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    monitor_list: Vec<Watched>,
}

#[derive(Deserialize)]
struct Watched {
    id: u64,
    #[serde(default)]
    name: String,
    /// As far as the page shows them.
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Beats {
    heartbeat_list: BTreeMap<String, Vec<Beat>>,
}

#[derive(Deserialize)]
struct Beat {
    status: u8,
    time: String,
}

impl Beat {
    /// `2026-01-15 09:30:00.123`, in UTC.
    fn at(&self) -> Option<Time> {
        format!("{}Z", self.time.replacen(' ', "T", 1)).parse().ok()
    }

    fn means(&self) -> Option<AlertState> {
        match self.status {
            1 => None,
            2 => Some(AlertState::Pending),
            3 => Some(AlertState::Silenced),
            _ => Some(AlertState::Firing),
        }
    }
}

pub(super) async fn look(session: &Session<'_>, page: &str) -> Found {
    let (shown, beats) = (format!("api/status-page/{page}"), format!("api/status-page/heartbeat/{page}"));
    let asked = tokio::join!(session.json::<Page>(&shown, None), session.json::<Beats>(&beats, None));
    match asked {
        (Ok(shown), Ok(beats)) => read(session, shown, &beats, session.reader.now()),
        (Err(fault), _) | (_, Err(fault)) => (Vec::new(), vec![fault.to_string()]),
    }
}

fn read(session: &Session<'_>, page: Page, beats: &Beats, now: Time) -> Found {
    let watched: Vec<Watched> = page.public_group_list.into_iter().flat_map(|group| group.monitor_list).collect();
    let mut doubts = Vec::new();
    if watched.is_empty() {
        doubts.push("its page shows no monitor".to_owned());
    }
    let (mut alerts, mut silent, mut newest) = (Vec::new(), 0, None);
    let count = watched.len();
    for one in watched {
        let beats = beats.heartbeat_list.get(&one.id.to_string()).map(Vec::as_slice).unwrap_or_default();
        let Some(last) = beats.last() else {
            silent += 1;
            continue;
        };
        newest = newest.max(last.at());
        if let Some(state) = last.means() {
            // Since the last beat of another kind, as far back as the page goes.
            let run = beats.iter().rev().take_while(|beat| beat.status == last.status);
            alerts.push(alert(session, one, state, run.last().and_then(Beat::at)));
        }
    }
    if silent > 0 {
        doubts.push(format!("{silent} of {count} monitors were never asked"));
    }
    if count > silent && newest.is_none_or(|at| now.seconds_since(at) > STALE_S) {
        doubts.push("its newest look is too old".to_owned());
    }
    (alerts, doubts)
}

fn alert(session: &Session<'_>, watched: Watched, state: AlertState, since: Option<Time>) -> Alert {
    let labels: Labels = watched.tags.into_iter().map(|tag| (tag.name, tag.value.unwrap_or_default())).collect();
    let about = if state == AlertState::Firing { "is down" } else { "" };
    let severity = session.monitor.blocks.first().cloned();
    let alert = session.alert(state, labels, &Labels::new(), None);
    Alert { name: watched.name, severity: alert.severity.or(severity), since, about: about.to_owned(), ..alert }
}
