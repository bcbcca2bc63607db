//! `search_logs`: lines of logs below the roots of the inventory, by pattern, level and time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Context, Describe, Query, Toolset, bounds::Limit};
use crate::{
    domain::{
        effect::Effect,
        inventory::{Inventory, RelativePath, Root},
        name::{EnvironmentName, RootName, ServiceName},
        refusal::{Code, NextCall, Refusal},
        time::Time,
    },
    world::files::{self, Level, LogFile},
};

/// The most files that one call searches.
const FILES: usize = 50;
const DAY_S: i64 = 24 * 60 * 60;

/// The tool.
#[derive(Debug)]
pub(super) struct SearchLogs;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// A root of list_services section=resources.
    #[serde(default)]
    root: Option<RootName>,
    /// A log file below the root, searched with its rotated and gzipped parts; default every log in it.
    #[serde(default)]
    path: Option<RelativePath>,
    /// Instead of a root: the logs of this service.
    #[serde(default)]
    service: Option<ServiceName>,
    /// With service: where it runs; may be left out when there is only one.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// Only lines of that level or worse.
    #[serde(default)]
    level: Option<Level>,
    /// Regular expression; default every line.
    #[serde(default)]
    #[schemars(length(max = 300))]
    pattern: Option<String>,
    /// Match upper and lower case alike.
    #[serde(default)]
    case_insensitive: bool,
    /// From then on: a moment (2025-01-15T09:30:00Z), or how long ago (90s, 15m, 24h, 7d).
    #[serde(default)]
    since: Option<Since>,
    /// Up to then.
    #[serde(default)]
    until: Option<Since>,
    /// Matches to show.
    #[serde(default)]
    limit: Limit,
    /// Matches to skip.
    #[serde(default)]
    offset: u64,
    /// Lines around each match.
    #[serde(default)]
    #[schemars(range(max = 10))]
    context: u8,
}

/// A moment, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
enum Since {
    At(Time),
    Ago(i64),
}

impl TryFrom<String> for Since {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        const RULE: &str = "not a valid moment: use 2025-01-15T09:30:00Z, or 90s, 15m, 24h, 7d";
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        let unit = match text.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            Some(b'd') => 86_400,
            _ => return Err(RULE),
        };
        let digits =
            text.get(..text.len() - 1).filter(|d| (1..=6).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()));
        let number: i64 = digits.and_then(|digits| digits.parse().ok()).ok_or(RULE)?;
        Ok(Self::Ago(number * unit))
    }
}

impl JsonSchema for Since {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Since".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "maxLength": 40 })
    }
}

impl Since {
    fn moment(self, now: Time) -> Time {
        match self {
            Self::At(time) => time,
            Self::Ago(seconds) => now.plus_s(-seconds),
        }
    }
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Matches in all files.
    matches: u64,
    /// Lines that match but for their time, which cannot be read.
    #[serde(skip_serializing_if = "is_zero")]
    undated: u64,
    /// Lines that were looked at here; of files that the host preselected only those around what it found.
    lines: u64,
    /// Matches per file, the last written file first.
    files: Vec<FileCount>,
    /// Files that were left out: last written more than a day before `since`, or more than a call can search.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: u64,
    /// The matches, `>` before the line number; their neighbours without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<String>,
    /// Whether there are more matches than shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

/// Matches in one file.
#[derive(Debug, Serialize, JsonSchema)]
struct FileCount {
    path: String,
    matches: u64,
    bytes: u64,
    /// Whether the host looked through all of it for the words of the pattern first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    preselected: bool,
    /// Why not all of it was searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Describe for SearchLogs {
    const NAME: &'static str = "search_logs";
    const TITLE: &'static str = "Search logs";
    const DESCRIPTION: &'static str = "Searches log files below a root or of a service, here or on its host, rotated and gzipped ones \
        too, the newest file first, by regular expression, level and time window (ISO, Apache, nginx, PHP, syslog, JSON); counts \
        first, then the matching lines with context. Secrets are masked before matching. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Inspect;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for SearchLogs {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        super::bounds::at_most("context", usize::from(arguments.context), 10)?;
        let places = places(&arguments, context.reader.inventory())?;
        let now = context.reader.now();
        let pattern = match &arguments.pattern {
            Some(text) => Some(compile(text, arguments.case_insensitive)?),
            None => None,
        };
        let (since, until) =
            (arguments.since.map(|since| since.moment(now)), arguments.until.map(|until| until.moment(now)));
        let mut output = Output {
            matches: 0,
            undated: 0,
            lines: 0,
            files: Vec::new(),
            left_out: 0,
            untrusted_text: None,
            more: false,
        };
        let mut found = Vec::new();
        for place in &places {
            match context.reader.logs(place.root, place.path).await {
                Ok(logs) => found.extend(logs.into_iter().map(|log| (place, log))),
                // One place that cannot be read does not hide the others.
                Err(error) if places.len() > 1 => {
                    output.files.push(FileCount::unread(place.label.clone().unwrap_or_default(), error.problem));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if places.len() > 1 {
            found.sort_by_key(|(_, log)| std::cmp::Reverse(log.modified));
        }
        let unread = output.files.len();
        let (files, all) = (in_reach(&found, since), found.len());
        if all + unread == 0 {
            return Err(no_logs());
        }
        let limit = usize::try_from(arguments.limit.get()).unwrap_or(usize::MAX);
        let mut text = String::new();
        let (mut shown, mut skip, mut budget) = (0, arguments.offset, files::Budget::of_a_call());
        for (place, LogFile { path, .. }) in files {
            let name = place.label.as_ref().map_or_else(|| path.to_string(), |root| format!("{root}/{path}"));
            if budget.is_spent() {
                break;
            }
            let query = files::Query {
                pattern: pattern.clone(),
                level: arguments.level,
                since,
                until,
                offset: skip,
                limit: limit - shown,
                context: usize::from(arguments.context.min(10)),
            };
            let found = match context.reader.search_file(place.root, path, &query, budget).await {
                Ok(found) => found,
                // One file that cannot be read does not hide the others.
                Err(error) if all + unread > 1 => {
                    output.files.push(FileCount::unread(name, error.problem));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            budget = budget.without(found.read);
            output.matches += found.matches;
            output.undated += found.undated;
            output.lines += found.lines;
            skip = skip.saturating_sub(found.matches);
            if !found.hits.is_empty() {
                text.push_str(&format!("== {name}\n"));
            }
            for hit in found.hits {
                shown += usize::from(hit.matched);
                text.push_str(&format!("{}{}: {}\n", if hit.matched { ">" } else { " " }, hit.line, hit.text));
            }
            output.files.push(FileCount {
                path: name,
                matches: found.matches,
                bytes: found.bytes,
                preselected: found.preselected,
                problem: found.problem.map(str::to_owned),
            });
        }
        output.left_out = u64::try_from(all + unread - output.files.len()).unwrap_or(u64::MAX);
        let seen = arguments.offset + u64::try_from(shown).unwrap_or(u64::MAX);
        output.more = output.matches > seen;
        output.untrusted_text = (!text.is_empty()).then_some(text);
        let by_host =
            if output.files.iter().any(|file| file.preselected) { " looked at behind the host's grep" } else { "" };
        let mut status = format!(
            "{} matches in {} files ({} lines{by_host}), {shown} shown.",
            output.matches,
            output.files.len(),
            output.lines
        );
        if output.undated > 0 {
            status.push_str(&format!(
                " {} more may match: their time cannot be read; ask without since and until to see them.",
                output.undated
            ));
        }
        let partly = output.files.iter().filter(|file| file.problem.is_some()).count();
        if partly > 0 {
            status.push_str(&format!(" {partly} files were not searched to the end."));
        }
        if output.left_out > 0 {
            status.push_str(&format!(" {} files were left out.", output.left_out));
        }
        let next = if output.more {
            let call = serde_json::json!({
                "root": arguments.root, "service": arguments.service, "environment": arguments.environment, "offset": seen,
            });
            let call = super::read_file::without_null(call);
            vec![NextCall::new("search_logs", call, "see more, with the same pattern and window")]
        } else {
            Vec::new()
        };
        Ok(Answer { status, output, next })
    }
}

impl FileCount {
    fn unread(path: String, problem: String) -> Self {
        Self { path, matches: 0, bytes: 0, preselected: false, problem: Some(problem) }
    }
}

/// Where logs are looked for.
struct Place<'a> {
    root: &'a Root,
    path: Option<&'a RelativePath>,
    /// The root's name, when there may be files of several.
    label: Option<String>,
}

fn places<'a>(arguments: &'a Arguments, inventory: &'a Inventory) -> Result<Vec<Place<'a>>, Refusal> {
    match (&arguments.root, &arguments.service) {
        (Some(name), None) => {
            Ok(vec![Place { root: inventory.root(name)?, path: arguments.path.as_ref(), label: None }])
        }
        (None, Some(name)) if arguments.path.is_none() => {
            let (.., target) = inventory.target(name, arguments.environment.as_ref())?;
            if target.logs.is_empty() {
                return Err(Refusal::new(
                    Code::NotFound,
                    format!("It is not said where the logs of service {name} are."),
                    "The operator adds logs to the service's target in deploy-ops.toml; until then give root.",
                ));
            }
            let place = |place: &'a crate::domain::inventory::LogPlace| {
                let root = inventory.root(&place.root)?;
                Ok(Place { root, path: place.path.as_ref(), label: Some(place.root.to_string()) })
            };
            target.logs.iter().map(place).collect()
        }
        _ => Err(Refusal::new(
            Code::BadArgument,
            "Give either root, perhaps with path, or service.",
            "Call list_services section=resources to see the roots.",
        )),
    }
}

fn compile(text: &str, case_insensitive: bool) -> Result<files::Pattern, Refusal> {
    let too_long = text.len() > 300;
    let built = files::Pattern::new(text, case_insensitive);
    built.filter(|_| !too_long).ok_or_else(|| {
        Refusal::new(
            Code::BadArgument,
            "pattern is not a regular expression that can be used.",
            "Use at most 300 characters of regular expression; escape special characters with a backslash.",
        )
    })
}

/// The files that may hold lines of the window, at most [`FILES`]. Clocks and zones may be off by up to a day.
fn in_reach<P>(found: &[(P, LogFile)], since: Option<Time>) -> impl Iterator<Item = &(P, LogFile)> {
    let reaches = move |(_, file): &&(P, LogFile)| match (file.modified, since) {
        (Some(modified), Some(since)) => modified.plus_s(DAY_S) >= since,
        _ => true,
    };
    found.iter().filter(reaches).take(FILES)
}

fn no_logs() -> Refusal {
    Refusal::new(
        Code::NotFound,
        "There is no log file directly below that root.",
        "Call read_file with that root to see what is there, and give path.",
    )
}
