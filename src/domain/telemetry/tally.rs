//! Numbers over all operations, as Prometheus text (exposition format 0.0.4).

use std::{collections::BTreeMap, fmt::Write};

use super::word;
use crate::domain::operation::{Operation, OperationKind, OperationState};

/// What operations have in common that are counted together.
type Labels = Vec<(&'static str, String)>;
/// Where something was deployed.
type Place = (String, String);

/// Sums over every operation that has ended. They only grow.
#[derive(Debug, Default)]
pub struct Tally {
    ended: BTreeMap<Labels, Sum>,
    places: BTreeMap<Place, Deployments>,
}

#[derive(Debug, Default)]
struct Sum {
    count: u64,
    duration_ms: u64,
}

#[derive(Debug, Default)]
struct Deployments {
    deployed: u64,
    failures: u64,
    rollbacks: u64,
    last: Option<Operation>,
}

/// How things stand now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// Operations that have not ended.
    pub open: u64,
    /// Operations that wait for a human.
    pub waiting: u64,
    /// Whether the operator has stopped all changes.
    pub halted: bool,
    /// Entries of the ledger.
    pub entries: u64,
    /// Secrets that this process has masked.
    pub masked: u64,
}

impl Tally {
    /// Counts an operation that has ended. Each is to be counted once.
    pub fn add(&mut self, operation: &Operation) {
        let service = operation.service.as_ref().map_or("", |service| service.as_str()).to_owned();
        let environment = operation.environment.to_string();
        let labels = vec![
            ("kind", word(&operation.kind)),
            ("service", service.clone()),
            ("environment", environment.clone()),
            ("state", word(&operation.state)),
        ];
        let sum = self.ended.entry(labels).or_default();
        sum.count += 1;
        sum.duration_ms = sum.duration_ms.saturating_add(operation.metrics.duration_ms);
        if !matches!(operation.kind, OperationKind::Deploy | OperationKind::Rollback) {
            return;
        }
        let place = self.places.entry((service, environment)).or_default();
        place.deployed += operation.metrics.services_deployed;
        place.failures += operation.metrics.failures;
        place.rollbacks += operation.metrics.rollbacks;
        if place.last.as_ref().is_none_or(|last| last.started_at <= operation.started_at) {
            place.last = Some(operation.clone());
        }
    }

    /// The text. What nobody measured has no line: it is not 0.
    pub fn text(&self, now: Now, version: &str) -> String {
        let mut page = Page(String::new());
        page.one("build_info", "gauge", "The version of the server.", [(vec![("version", version.to_owned())], 1.0)]);
        let ended = |read: fn(&Sum) -> f64| self.ended.iter().map(move |(labels, sum)| (labels.clone(), read(sum)));
        page.one("operations_total", "counter", "Operations that have ended.", ended(|sum| float(sum.count)));
        page.one(
            "operation_duration_seconds_total",
            "counter",
            "How long they took, in all.",
            ended(|sum| float(sum.duration_ms) / 1000.0),
        );
        let sums: [(&str, &str, fn(&Deployments) -> u64); 3] = [
            ("services_deployed_total", "Services that went live.", |place| place.deployed),
            ("failures_total", "Steps that failed, and criteria of verdicts that did.", |place| place.failures),
            ("rollbacks_total", "Rollbacks that were done.", |place| place.rollbacks),
        ];
        for (name, help, read) in sums {
            page.one(name, "counter", help, self.places.iter().map(|(place, sum)| (labels(place), float(read(sum)))));
        }
        for (name, help, read) in LAST {
            page.one(name, "gauge", help, self.last().filter_map(|(labels, last)| Some((labels, read(last)?))));
        }
        page.one(
            "last_deployment_lighthouse_score",
            "gauge",
            "Median score per category, 0 to 100.",
            self.last().flat_map(|(labels, last)| {
                let scores = last.metrics.lighthouse_scores.iter();
                scores.map(move |(category, score)| {
                    let category = ("category", category.clone());
                    (labels.iter().cloned().chain([category]).collect(), float(*score))
                })
            }),
        );
        let alone = |value: f64| [(Vec::new(), value)];
        page.one("operations_open", "gauge", "Operations that have not ended.", alone(float(now.open)));
        page.one("operations_waiting", "gauge", "Operations that wait for a human.", alone(float(now.waiting)));
        page.one("halted", "gauge", "Whether the operator has stopped all changes.", alone(of_bool(now.halted)));
        page.one("ledger_entries_total", "counter", "Entries of the ledger.", alone(float(now.entries)));
        page.one("secrets_masked_total", "counter", "Secrets that this process has masked.", alone(float(now.masked)));
        page.0
    }

    /// The last deployment of each place.
    fn last(&self) -> impl Iterator<Item = (Labels, &Operation)> {
        self.places.iter().filter_map(|(place, sum)| Some((labels(place), sum.last.as_ref()?)))
    }
}

/// A number of the last deployment, with its name and what it means.
type OfLast = (&'static str, &'static str, fn(&Operation) -> Option<f64>);

const LAST: [OfLast; 9] = [
    ("last_deployment_end_timestamp_seconds", "When the last deployment ended.", |last| {
        last.finished_at.map(|end| float(u64::try_from(end.as_millis()).unwrap_or_default()) / 1000.0)
    }),
    ("last_deployment_success", "Whether it went well.", |last| {
        Some(of_bool(matches!(last.state, OperationState::Succeeded | OperationState::Accepted)))
    }),
    ("last_deployment_duration_seconds", "How long it took.", |last| Some(float(last.metrics.duration_ms) / 1000.0)),
    ("last_deployment_quality_gates", "Its gates: 2 green, 1 yellow, 0 red.", |last| {
        match last.metrics.quality_gates_status.as_deref() {
            Some("GREEN") => Some(2.0),
            Some("YELLOW") => Some(1.0),
            Some("RED") => Some(0.0),
            _ => None,
        }
    }),
    ("last_deployment_http_200_ratio", "Wanted answers of all HTTP checks.", |last| last.metrics.http_200_rate),
    ("last_deployment_e2e_pass_ratio", "Passed end-to-end tests of all.", |last| last.metrics.e2e_pass_rate),
    ("last_deployment_migrations_applied", "Migrations that were applied.", |last| {
        last.metrics.migrations_applied.map(float)
    }),
    ("last_deployment_backup_duration_seconds", "Time spent on snapshots.", |last| {
        last.metrics.backup_duration_ms.map(|ms| float(ms) / 1000.0)
    }),
    ("last_deployment_restore_tested", "Whether every snapshot was proven by a restore.", |last| {
        last.metrics.restore_tested.map(of_bool)
    }),
];

struct Page(String);

impl Page {
    /// One family; without a sample it is left out.
    fn one(&mut self, name: &str, kind: &str, help: &str, samples: impl IntoIterator<Item = (Labels, f64)>) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "# HELP deploy_ops_{name} {help}\n# TYPE deploy_ops_{name} {kind}");
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(self.0, "deploy_ops_{name}{labels} {value}");
        }
    }
}

fn labels((service, environment): &Place) -> Labels {
    vec![("service", service.clone()), ("environment", environment.clone())]
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds are far below 2^53")]
fn float(value: u64) -> f64 {
    value as f64
}

fn of_bool(value: bool) -> f64 {
    f64::from(u8::from(value))
}
