//! Open security alerts of the repository on GitHub.

use super::{
    super::{Reader, github::alerts},
    Judged, Unseen,
};
use crate::domain::{
    evidence::Outcome,
    inventory::{AlertSeverity, AlertSource, AlertsGate, Service},
};

/// What a source says: how severe its open alerts are, or why it could not be asked.
type Said = (AlertSource, Result<Vec<Option<AlertSeverity>>, String>);

impl Reader<'_> {
    /// Asks every source that the gate names.
    pub(super) async fn alerts_of(&self, service: &Service, gate: &AlertsGate) -> Result<Judged, Unseen> {
        let github = self.github(service)?;
        let ask = async |source: AlertSource| {
            let found = github.alerts(source).await;
            let said = found.map(|alerts| alerts.iter().map(|alert| alert.severity).collect());
            (source, said.map_err(|error| alerts::unseen(source, &error)))
        };
        Ok(judge(gate, &futures::future::join_all(gate.sources.iter().map(|source| ask(*source))).await))
    }
}

fn judge(gate: &AlertsGate, said: &[Said]) -> Judged {
    if said.is_empty() {
        return Judged::unclear("the gate names no source of alerts");
    }
    let open = || said.iter().filter_map(|(_, said)| said.as_ref().ok()).flatten();
    let blocking: Vec<AlertSeverity> =
        open().flatten().copied().filter(|severity| *severity >= gate.severity).collect();
    let unknown = open().filter(|severity| severity.is_none()).count();
    let unseen = said.iter().filter_map(|(source, said)| Some((source, said.as_ref().err()?)));
    let unseen: Vec<String> = unseen.map(|(source, why)| format!("{}: {why}", source.title())).collect();
    let count = |wanted: AlertSeverity| blocking.iter().filter(|severity| **severity == wanted).count();
    let counts = AlertSeverity::ALL.iter().rev().map(|severity| (count(*severity), severity.word()));
    let counts = counts.filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}"));
    let mut parts = Vec::new();
    if !blocking.is_empty() {
        parts.push(format!("open alerts: {}", counts.collect::<Vec<_>>().join(", ")));
    }
    if unknown > 0 {
        parts.push(format!("open alerts of a severity that is not known: {unknown}"));
    }
    parts.extend(unseen.iter().cloned());
    Judged {
        outcome: match () {
            () if !blocking.is_empty() => Outcome::Fail,
            () if unknown > 0 || !unseen.is_empty() => Outcome::Inconclusive,
            () => Outcome::Pass,
        },
        why: parts.join("; "),
        counters: vec![
            ("open", open().count()),
            ("blocking", blocking.len()),
            ("sources", said.len()),
            ("sources_unseen", unseen.len()),
        ],
        details: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_severe_blocks_and_what_was_not_seen_is_not_green() {
        use AlertSeverity::{Critical, High, Low, Medium};
        let gate = AlertsGate { severity: High, sources: Vec::new() };
        let saw = |severities: &[Option<AlertSeverity>]| (AlertSource::Dependabot, Ok(severities.to_vec()));
        let unseen = || (AlertSource::CodeScanning, Err("GitHub cannot be reached".to_owned()));
        for (said, outcome, why) in [
            (vec![saw(&[])], Outcome::Pass, ""),
            (vec![saw(&[Some(Low), Some(Medium)])], Outcome::Pass, ""),
            (vec![saw(&[Some(High)])], Outcome::Fail, "open alerts: 1 high"),
            (vec![saw(&[Some(High), Some(Critical), Some(High)])], Outcome::Fail, "open alerts: 1 critical, 2 high"),
            (vec![saw(&[None])], Outcome::Inconclusive, "open alerts of a severity that is not known: 1"),
            (vec![saw(&[]), unseen()], Outcome::Inconclusive, "code scanning: GitHub cannot be reached"),
            (
                vec![saw(&[Some(High)]), unseen()],
                Outcome::Fail,
                "open alerts: 1 high; code scanning: GitHub cannot be reached",
            ),
            (vec![], Outcome::Inconclusive, "the gate names no source of alerts"),
        ] {
            let judged = judge(&gate, &said);
            assert_eq!((judged.outcome, judged.why.as_str()), (outcome, why), "{said:?}");
        }
    }
}
