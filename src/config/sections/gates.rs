//! `[gates.<name>]`

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    config::{
        defaults,
        raw::{Item, Section},
    },
    domain::{
        inventory::{
            AlertSeverity, AlertSource, AlertsGate, ChecksGate, CommandGate, Gate, GateKind, NoticeGate, RelativePath,
            ReviewGate, SignedTagGate,
        },
        name::GateName,
        results::Format,
    },
};

/// A kind, the keys it has, and how they are read.
type Kind = (&'static [&'static str], fn(&Section<'_>) -> Option<GateKind>);

const COMMAND: Kind =
    (&["kind", "command", "timeout_s", "prepare", "path", "report", "format", "minimum_tests"], command);

pub(super) fn read(gates: &Item<'_>) -> BTreeMap<GateName, Gate> {
    let entries = gates.entries::<GateName>().into_iter();
    entries.filter_map(|(name, item)| Some((name.clone(), gate(name, &item)?))).collect()
}

fn gate(name: GateName, item: &Item<'_>) -> Option<Gate> {
    let kinds: [(&str, Kind); 8] = [
        ("command", COMMAND),
        ("checks", (&["kind", "checks", "workflows"], checks)),
        ("review", (&["kind", "approvals", "code_owners"], review)),
        ("alerts", (&["kind", "severity", "sources"], alerts)),
        ("signed_tag", (&["kind", "allowed_signers"], signed_tag)),
        ("space", (&["kind"], |_| Some(GateKind::Space))),
        ("snapshots", (&["kind"], |_| Some(GateKind::Snapshots))),
        ("notice", (&["kind", "lead_min"], notice)),
    ];
    let (keys, read) = match item.optional_member("kind") {
        Some(kind) => kind.choice(&kinds)?,
        None => COMMAND,
    };
    Some(Gate { name, kind: read(&item.section(keys)?)? })
}

fn command(section: &Section<'_>) -> Option<GateKind> {
    let formats = [
        ("junit", Format::Junit),
        ("tap", Format::Tap),
        ("sarif", Format::Sarif),
        ("playwright", Format::Playwright),
        ("text", Format::Text),
    ];
    Some(GateKind::Command(CommandGate {
        command: section.required("command")?.command()?,
        timeout_s: section.number("timeout_s", defaults::GATE_TIMEOUT_S),
        prepare: given(section, "prepare", Item::command)?,
        path: section.list("path").iter().filter_map(directory).collect(),
        reports: given(section, "report", |item| Some(reports(item)))?.unwrap_or_default(),
        format: given(section, "format", |item| item.choice(&formats))?,
        minimum_tests: given(section, "minimum_tests", |item| item.number(defaults::MINIMUM_TESTS))?,
    }))
}

/// What a key that may be left out says. `None` when it says something that cannot be.
#[expect(clippy::option_option, reason = "left out is not wrong")]
pub(super) fn given<'a, T>(
    section: &Section<'a>,
    key: &'static str,
    read: impl FnOnce(&Item<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match section.optional(key) {
        Some(item) => read(&item).map(Some),
        None => Some(None),
    }
}

/// One path, or several.
fn reports(item: &Item<'_>) -> Vec<RelativePath> {
    if item.is_array() { item.relative_paths() } else { item.relative_path().into_iter().collect() }
}

pub(super) fn directory(item: &Item<'_>) -> Option<PathBuf> {
    if item.text()?.contains(':') {
        item.error("a directory of a search path has no ':' in its name", "write one directory per text");
        return None;
    }
    item.local_path()
}

#[expect(clippy::unnecessary_wraps, reason = "every kind is read by a function of this shape")]
fn checks(section: &Section<'_>) -> Option<GateKind> {
    let texts = |key| section.list(key).iter().filter_map(|item| item.text().map(str::to_owned)).collect();
    Some(GateKind::Checks(ChecksGate { checks: texts("checks"), workflows: texts("workflows") }))
}

#[expect(clippy::unnecessary_wraps, reason = "every kind is read by a function of this shape")]
fn review(section: &Section<'_>) -> Option<GateKind> {
    let approvals = section.number("approvals", defaults::REVIEW_APPROVALS);
    Some(GateKind::Review(ReviewGate { approvals, code_owners: section.boolean("code_owners", false) }))
}

fn alerts(section: &Section<'_>) -> Option<GateKind> {
    let severities = [
        ("low", AlertSeverity::Low),
        ("medium", AlertSeverity::Medium),
        ("high", AlertSeverity::High),
        ("critical", AlertSeverity::Critical),
    ];
    let known = [
        ("dependabot", AlertSource::Dependabot),
        ("code_scanning", AlertSource::CodeScanning),
        ("secret_scanning", AlertSource::SecretScanning),
    ];
    let severity = match section.optional("severity") {
        Some(item) => item.choice(&severities)?,
        None => AlertSeverity::High,
    };
    let sources = match section.optional("sources") {
        Some(item) => item.list().iter().filter_map(|item| item.choice(&known)).collect(),
        None => known.iter().map(|(_, source)| *source).collect(),
    };
    Some(GateKind::Alerts(AlertsGate { severity, sources }))
}

#[expect(clippy::unnecessary_wraps, reason = "every kind is read by a function of this shape")]
fn notice(section: &Section<'_>) -> Option<GateKind> {
    Some(GateKind::Notice(NoticeGate { lead_min: section.number("lead_min", defaults::NOTICE_LEAD_MIN) }))
}

fn signed_tag(section: &Section<'_>) -> Option<GateKind> {
    let allowed_signers = section.required("allowed_signers")?.local_path()?;
    Some(GateKind::SignedTag(SignedTagGate { allowed_signers }))
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[gates.quality]
command = """#,
                2,
                "gates.quality.command: must be one line",
                "shorten",
            ),
            ("[gates.quality]\ncommand = []", 2, "gates.quality.command: the command is empty", "give the program"),
            (
                r#"[gates.quality]
command = "npm test | tee log""#,
                2,
                "gates.quality.command: the command needs a shell",
                "put it into a script",
            ),
            (
                r#"[gates.quality]
command = "npm 'test""#,
                2,
                "gates.quality.command: a quote is not closed",
                "close it",
            ),
            (
                r#"[gates.quality]
command = "true"
timeout_s = 0"#,
                3,
                "gates.quality.timeout_s: must be from 1 to 21600",
                "use a number",
            ),
            (
                r#"[gates.quality]
command = "true"
timeout_s = "9""#,
                3,
                "gates.quality.timeout_s: must be an integer, not a text",
                "write digits",
            ),
            (
                r#"[gates.quality]
command = "true"
timeout = 9"#,
                3,
                "unknown key timeout in gates.quality",
                "did you mean timeout_s? Known keys: kind, command, timeout_s, prepare",
            ),
            (
                "[gates.quality]\ncommand = \"true\"\nreport = \"../report.xml\"",
                3,
                "gates.quality.report: not a path below the root",
                "write it relative",
            ),
            (
                "[gates.quality]\ncommand = \"true\"\nformat = \"xunit\"",
                3,
                "gates.quality.format: is not one of",
                "write one of: junit, tap, sarif, playwright, text",
            ),
            (
                "[gates.quality]\ncommand = \"true\"\nminimum_tests = 0",
                3,
                "gates.quality.minimum_tests: must be from 1",
                "use a number",
            ),
            (
                "[gates.quality]\ncommand = \"true\"\nprepare = \"npm ci && npm run build\"",
                3,
                "gates.quality.prepare: the command needs a shell",
                "put it into a script",
            ),
            (
                "[gates.quality]\ncommand = \"true\"\npath = [\"/opt/node/bin:/opt/php/bin\"]",
                3,
                "gates.quality.path: a directory of a search path",
                "write one directory per text",
            ),
            (
                "[gates.review]\nkind = \"reviews\"",
                2,
                "gates.review.kind: is not one of",
                "write one of: command, checks, review, alerts, signed_tag, space, snapshots, notice",
            ),
            (
                "[gates.review]\nkind = \"review\"\napprovals = 0",
                3,
                "gates.review.approvals: must be from 1 to 20",
                "use a number",
            ),
            (
                "[gates.alerts]\nkind = \"alerts\"\nsources = [\"dependabot\", \"codescanning\"]",
                3,
                "gates.alerts.sources: is not one of",
                "write one of: dependabot, code_scanning",
            ),
            (
                "[gates.ci]\nkind = \"checks\"\ncommand = \"true\"",
                3,
                "unknown key in gates.ci",
                "Known keys: kind, checks, workflows",
            ),
            (
                "[gates.signed]\nkind = \"signed_tag\"",
                1,
                "gates.signed: allowed_signers is missing",
                "add allowed_signers",
            ),
            ("[gates.quality]\ntimeout_s = 9", 1, "gates.quality: command is missing", "add command"),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
