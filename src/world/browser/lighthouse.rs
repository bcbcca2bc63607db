//! Lighthouse, run by its own program against a browser that we started: so the browser reaches only whom it may, and ends with us.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder},
    io::Read as _,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{
    super::{
        Reader, WorldError,
        blocking::blocking,
        detached::write_durably,
        kept::forget_oldest,
        process::{self, Ending, Environment, Invocation},
        smoke::below,
    },
    chromium::Door,
    url_of,
};
use crate::domain::{
    digest::Digest,
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{Lighthouse, Page, Service, Target},
    lighthouse::{CATEGORIES, METRICS, Measured, Metric, faults, median, read},
    name::EnvironmentName,
    refusal::Code,
};

/// A larger report is not read, bytes.
const LARGEST: u64 = 16 * 1024 * 1024;
/// How many reports are kept.
const KEPT: usize = 100;
/// How many faults of a page are told.
const FAULTS: usize = 8;
/// What a report holds that is no text: it cannot be redacted.
const PICTURES: [&str; 2] = ["final-screenshot", "screenshot-thumbnails"];
/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked whether the browser listens.
const LOOK: Duration = Duration::from_millis(20);
/// What is always asked for.
const OPTIONS: [&str; 5] = [
    "--quiet",
    "--output=json",
    "--disable-full-page-screenshot",
    "--no-enable-error-reporting",
    "--only-categories=performance,accessibility,best-practices,seo",
];

/// What was measured of a page.
#[derive(Debug)]
pub struct Measurement {
    /// What it proves. Counters: the median of each category that was measured, `runs`, `duration_ms`. The digest is that of the
    /// report of the run in the middle, which is kept.
    pub evidence: Evidence,
    /// What is below its least score or above its budget, in words.
    pub missed: Vec<String>,
    /// What Lighthouse says is wrong; the page's words may be in it.
    pub untrusted_text: Option<String>,
}

impl Reader<'_> {
    /// Measures pages of a service, one after another.
    pub async fn measure_pages(
        &self,
        service: &Service,
        environment: &EnvironmentName,
        target: &Target,
        pages: &[&Page],
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Vec<Measurement>, WorldError> {
        let doing = format!("measure {} in {environment}", service.name);
        let Some(lighthouse) = &self.inventory().lighthouse else {
            let fix =
                "Name it in deploy-ops.toml: [lighthouse] command = [\"node\", \"/path/of/lighthouse/cli/index.js\"].";
            return Err(WorldError::new(Code::Unsupported, doing, "Lighthouse is not configured", fix));
        };
        let url = url_of(target, &doing)?;
        let reach = self.reach_of(target, url).await?;
        let limit = Duration::from_secs(u64::from(lighthouse.timeout_s) + 10);
        let mut measurements = Vec::new();
        for page in pages {
            let mut runs = Vec::new();
            let mut why = None;
            let begun = Instant::now();
            for run in 1..=lighthouse.runs {
                progress(format!("{} {}: run {run} of {}", service.name, page.name, lighthouse.runs));
                let url = below(url, &page.path);
                let door = Door::Port;
                let measured = self.with_chromium(&reach, limit, door, async |_, scratch| {
                    Ok(self.run(lighthouse, &url, scratch).await)
                });
                match measured.await? {
                    Ok(run) => runs.push(run),
                    Err(unmeasured) => {
                        why = Some(unmeasured);
                        break;
                    }
                }
            }
            let subject = format!("{} {} in {environment}", service.name, page.name);
            let mut measurement = self.measured(lighthouse, &subject, runs, why).await?;
            let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            measurement.evidence.counters.insert("duration_ms".to_owned(), took);
            progress(measurement.evidence.summary.clone());
            measurements.push(measurement);
        }
        Ok(measurements)
    }

    /// One run. The inner error says why it measured nothing.
    async fn run(&self, lighthouse: &Lighthouse, url: &Url, scratch: &Path) -> Result<(Measured, Value), String> {
        let told = |error: WorldError| format!("could not {}: {}", error.doing, error.problem);
        let active = scratch.join("profile/DevToolsActivePort");
        let port = loop {
            let text = fs::read_to_string(&active).unwrap_or_default();
            // Two lines: the port, and an address that we do not need.
            if let Some(port) = text.split_once('\n').and_then(|(port, _)| port.parse::<u16>().ok()) {
                break port;
            }
            tokio::time::sleep(LOOK).await;
        };
        let file = scratch.join("report.json");
        let timeout = Duration::from_secs(u64::from(lighthouse.timeout_s));
        let mut invocation = Invocation::of(&lighthouse.command, scratch, timeout).map_err(told)?;
        invocation.environment = Environment::default().ours("HOME", scratch).ours("TMPDIR", scratch).ours("CI", "1");
        invocation.grace = GRACE;
        let invocation = invocation
            .args(&[url.as_str()])
            .args(&OPTIONS)
            .args(&[format!("--output-path={}", file.display()), format!("--port={port}")])
            .confined(&self.world.runner);
        let run = process::run(invocation).await.map_err(told)?;
        if run.ending == Ending::TimedOut {
            return Err(format!("it took longer than {} s", lighthouse.timeout_s));
        }
        let report = blocking(move || {
            let mut bytes = Vec::new();
            let read = fs::File::open(&file).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
            Ok(read.ok().and_then(|_| serde_json::from_slice::<Value>(&bytes).ok()))
        });
        let Some(report) = report.await.map_err(told)? else {
            return Err(format!("Lighthouse wrote no report and ended by {}", run.ending.describe()));
        };
        match read(&report) {
            // A run that ended badly proves nothing, whatever its report says.
            Ok(_) if !run.ending.is_success() => Err(format!("Lighthouse ended by {}", run.ending.describe())),
            Ok(measured) => Ok((measured, report)),
            Err(unmeasured) => Err(unmeasured.to_string()),
        }
    }

    /// What all runs of a page prove.
    async fn measured(
        &self,
        lighthouse: &Lighthouse,
        subject: &str,
        runs: Vec<(Measured, Value)>,
        why: Option<String>,
    ) -> Result<Measurement, WorldError> {
        let mut evidence = self.evidence(EvidenceKind::Lighthouse, subject, Outcome::Inconclusive, 0);
        evidence.collector.push_str("run_lighthouse");
        evidence.counters.insert("runs".to_owned(), runs.len() as u64);
        if let Some(why) = why {
            let run = runs.len() + 1;
            evidence.summary = format!("{subject}: run {run} of {} measured nothing: {why}.", lighthouse.runs);
            return Ok(Measurement { evidence, missed: Vec::new(), untrusted_text: None });
        }
        let (mut said, mut missed) = (Vec::new(), Vec::new());
        for category in CATEGORIES {
            let scores: Vec<u64> = runs.iter().filter_map(|(run, _)| run.scores.get(&category).copied()).collect();
            let each: Vec<String> = scores.iter().map(u64::to_string).collect();
            let Some(score) = median(scores) else { continue };
            let least = lighthouse.minimum.get(&category).copied().unwrap_or(100);
            if score < u64::from(least) {
                missed.push(format!("{} {score} is below {least}", category.name()));
            }
            evidence.counters.insert(category.name().to_owned(), score);
            said.push(format!("{} {score} ({})", category.name(), each.join(", ")));
        }
        for metric in METRICS {
            let values = runs.iter().filter_map(|(run, _)| run.metrics.get(&metric).copied()).collect();
            let Some(value) = median(values) else { continue };
            if let Some(most) = lighthouse.budgets.get(&metric).filter(|most| value > u64::from(**most)) {
                missed.push(format!("{} is above {}", metric.say(value), metric.say(u64::from(*most))));
            }
            said.push(metric.say(value));
        }
        // What has a budget and no value was not kept to it.
        let without = |metric: &&Metric| runs.iter().all(|(run, _)| !run.metrics.contains_key(*metric));
        let unknown = lighthouse.budgets.keys().find(without);
        evidence.outcome = match (missed.is_empty(), unknown) {
            (false, _) => Outcome::Fail,
            (true, Some(_)) => Outcome::Inconclusive,
            (true, None) => Outcome::Pass,
        };
        let middle = in_the_middle(runs);
        let untrusted_text =
            middle.as_ref().map(|report| faults(report).into_iter().take(FAULTS).collect::<Vec<_>>().join("\n"));
        if let Some(report) = middle {
            let digest = self.keep_report(report).await?;
            said.push(format!("report deploy-ops://lighthouse/{digest}"));
            evidence.raw_digest = Some(digest);
        }
        evidence.summary = format!("{subject}: {}.", said.join(", "));
        Ok(Measurement { evidence, missed, untrusted_text: untrusted_text.filter(|text| !text.is_empty()) })
    }

    /// Keeps a report, redacted and without its pictures, by its digest.
    async fn keep_report(&self, mut report: Value) -> Result<Digest, WorldError> {
        if let Some(report) = report.as_object_mut() {
            report.remove("fullPageScreenshot");
        }
        if let Some(audits) = report.get_mut("audits").and_then(Value::as_object_mut) {
            audits.retain(|name, _| !PICTURES.contains(&name.as_str()));
        }
        let (redactor, store) = (self.world.redactor.clone(), self.world.paths.lighthouse());
        blocking(move || {
            let io = |error| WorldError::io("keep a report of Lighthouse", error);
            let bytes = redactor.json(report).to_json().into_bytes();
            let digest = Digest::of(&bytes);
            DirBuilder::new().recursive(true).mode(0o700).create(&store).map_err(io)?;
            write_durably(&store.join(format!("{digest}.json")), &bytes)?;
            forget_oldest(&store, KEPT);
            Ok(digest)
        })
        .await
    }

    /// A report that was kept; `None` when it is not there any more, or is not what it was.
    pub async fn lighthouse_report(&self, digest: &Digest) -> Result<Option<Value>, WorldError> {
        let (file, wanted) = (self.world.paths.lighthouse().join(format!("{digest}.json")), *digest);
        blocking(move || {
            let bytes = fs::read(file).unwrap_or_default();
            Ok(if Digest::of(&bytes) == wanted { serde_json::from_slice(&bytes).ok() } else { None })
        })
        .await
    }
}

/// The report of the run whose performance is the median.
fn in_the_middle(runs: Vec<(Measured, Value)>) -> Option<Value> {
    let mut by_score: BTreeMap<(u64, usize), Value> = BTreeMap::new();
    for (index, (run, report)) in runs.into_iter().enumerate() {
        by_score.insert((run.scores.values().next().copied().unwrap_or(0), index), report);
    }
    let middle = by_score.len().checked_sub(1)? / 2;
    by_score.into_values().nth(middle)
}
