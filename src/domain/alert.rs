//! Alerts of monitors, and what they mean for whoever has to know whether all is well. Pure.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    evidence::Outcome,
    name::{EnvironmentName, MonitorName, ServiceName},
    time::Time,
};

/// What becomes of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// People are told.
    Firing,
    /// Its condition holds, not yet for long enough.
    Pending,
    /// Somebody silenced it, or a maintenance is on.
    Silenced,
    /// Another alert explains it.
    Inhibited,
}

/// An alert. Others wrote its name and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What becomes of it.
    pub state: AlertState,
    /// Its name.
    pub name: String,
    /// How severe it is, in lower case; none when nobody said it in a plain word.
    pub severity: Option<String>,
    /// The service that its labels name.
    pub service: Option<String>,
    /// The environment that its labels name.
    pub environment: Option<String>,
    /// Since when (UTC).
    pub since: Option<Time>,
    /// What people are told about it.
    pub about: String,
}

/// What a monitor said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The monitor.
    pub monitor: MonitorName,
    /// The severities that block, in lower case.
    pub blocks: Vec<String>,
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Why more alerts may be there than these, each in a few words of ours.
    pub doubts: Vec<String>,
}

/// Whose alerts count. An alert whose labels name no service, or no environment, may be about any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// These services; all, when empty.
    pub services: &'a [ServiceName],
    /// This environment; all, when absent.
    pub environment: Option<&'a EnvironmentName>,
}

impl Scope<'_> {
    fn holds(&self, alert: &Alert) -> bool {
        let service = alert.service.as_deref();
        let of_service = self.services.is_empty()
            || service.is_none_or(|name| self.services.iter().any(|wanted| wanted.as_str() == name));
        let environment = alert.environment.as_deref();
        of_service && self.environment.is_none_or(|wanted| environment.is_none_or(|name| name == wanted.as_str()))
    }
}

/// An alert with where it comes from and whether it blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The monitor that knows it.
    pub monitor: MonitorName,
    /// Whether it fires and is as severe as the monitor's entry says that none may be.
    pub blocks: bool,
    /// The alert.
    pub alert: Alert,
}

/// What all monitors together mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `Fail`: an alert blocks. `Inconclusive`: none is seen to, and not everything could be seen.
    pub outcome: Outcome,
    /// The alerts that count: those that block, those that fire, the others; of the same the oldest first.
    pub alerts: Vec<Judged>,
    /// Why it is not certain that there are no others, with the monitor's name.
    pub doubts: Vec<String>,
}

impl Standing {
    /// How many alerts block.
    pub fn blocking(&self) -> usize {
        self.alerts.iter().filter(|judged| judged.blocks).count()
    }

    /// How many alerts are in that state.
    pub fn count(&self, state: AlertState) -> usize {
        self.alerts.iter().filter(|judged| judged.alert.state == state).count()
    }
}

/// What the readings mean. Silence that nobody vouches for is none: without a reading, with a doubt, or with an alert that fires and
/// says not how severe it is, the outcome is no better than `Inconclusive`.
pub fn judge(readings: Vec<Reading>, scope: Scope<'_>) -> Standing {
    let mut doubts = Vec::new();
    let mut alerts = Vec::new();
    if readings.is_empty() {
        doubts.push("no monitor was asked".to_owned());
    }
    for Reading { monitor, blocks, alerts: read, doubts: its } in readings {
        doubts.extend(its.into_iter().map(|doubt| format!("{monitor}: {doubt}")));
        let counting = read.into_iter().filter(|alert| scope.holds(alert));
        let mut unrated = 0;
        alerts.extend(counting.map(|alert| {
            let firing = alert.state == AlertState::Firing;
            unrated += usize::from(firing && alert.severity.is_none());
            let blocks = firing && alert.severity.as_ref().is_some_and(|severity| blocks.contains(severity));
            Judged { monitor: monitor.clone(), blocks, alert }
        }));
        if unrated > 0 {
            doubts.push(format!("{monitor}: {unrated} firing without a severity"));
        }
    }
    alerts.sort_by(|one, other| {
        let rank =
            |judged: &Judged| (!judged.blocks, judged.alert.state, judged.alert.since.is_none(), judged.alert.since);
        rank(one).cmp(&rank(other)).then_with(|| one.alert.name.cmp(&other.alert.name))
    });
    let outcome = match () {
        () if alerts.iter().any(|judged| judged.blocks) => Outcome::Fail,
        () if doubts.is_empty() => Outcome::Pass,
        () => Outcome::Inconclusive,
    };
    Standing { outcome, alerts, doubts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(state: AlertState, severity: &str, service: &str, environment: &str) -> Alert {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Alert {
            state,
            name: "A".to_owned(),
            severity: given(severity),
            service: given(service),
            environment: given(environment),
            since: None,
            about: String::new(),
        }
    }

    fn outcome(alerts: Vec<Alert>, doubts: &[&str]) -> Outcome {
        let (shop, production) = (["shop".parse().unwrap()], "production".parse().unwrap());
        let reading = Reading {
            monitor: "m".parse().unwrap(),
            blocks: vec!["critical".to_owned()],
            alerts,
            doubts: doubts.iter().map(|doubt| (*doubt).to_owned()).collect(),
        };
        judge(vec![reading], Scope { services: &shop, environment: Some(&production) }).outcome
    }

    #[test]
    fn only_a_firing_alert_that_is_severe_and_may_be_ours_blocks() {
        use AlertState::{Firing, Inhibited, Pending, Silenced};
        for (state, severity, service, environment, wanted) in [
            (Firing, "critical", "shop", "production", Outcome::Fail),
            (Firing, "critical", "shop", "", Outcome::Fail),
            (Firing, "critical", "", "production", Outcome::Fail),
            (Firing, "critical", "", "", Outcome::Fail),
            (Firing, "critical", "forum", "production", Outcome::Pass),
            (Firing, "critical", "shop", "staging", Outcome::Pass),
            (Firing, "warning", "shop", "production", Outcome::Pass),
            (Firing, "", "shop", "production", Outcome::Inconclusive),
            (Firing, "", "forum", "production", Outcome::Pass),
            (Pending, "critical", "shop", "production", Outcome::Pass),
            (Silenced, "critical", "shop", "production", Outcome::Pass),
            (Inhibited, "critical", "shop", "production", Outcome::Pass),
        ] {
            let seen = outcome(vec![alert(state, severity, service, environment)], &[]);
            assert_eq!(seen, wanted, "{state:?} {severity} {service} {environment}");
        }
    }

    #[test]
    fn silence_that_nobody_vouches_for_is_none() {
        assert_eq!(outcome(Vec::new(), &[]), Outcome::Pass);
        assert_eq!(outcome(Vec::new(), &["it cannot be reached"]), Outcome::Inconclusive);
        let severe = alert(AlertState::Firing, "critical", "shop", "");
        assert_eq!(outcome(vec![severe], &["it cannot be reached"]), Outcome::Fail);
        assert_eq!(judge(Vec::new(), Scope::default()).outcome, Outcome::Inconclusive);
    }
}
