//! `read_file`: a text file below a root of the inventory, or of a service's repository at a version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Context, Describe, Query, Toolset,
    bounds::{self, Lines},
};
use crate::domain::{
    clean::clean,
    effect::Effect,
    inventory::{RelativePath, Root},
    name::{RootName, ServiceName},
    refusal::{Code, NextCall, Refusal},
    time::Time,
    version::Version,
};

/// The tool.
#[derive(Debug)]
pub(super) struct ReadFile;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// A root of list_services section=resources.
    #[serde(default)]
    root: Option<RootName>,
    /// Instead of a root: this service's repository.
    #[serde(default)]
    service: Option<ServiceName>,
    /// With service: the tag or commit; default HEAD.
    #[serde(default)]
    version: Option<Version>,
    /// Path below it; without one the directory is listed.
    #[serde(default)]
    path: Option<RelativePath>,
    /// First line, from 1.
    #[serde(default = "first")]
    #[schemars(range(min = 1))]
    from_line: u64,
    /// Lines to return.
    #[serde(default)]
    limit: Lines,
    /// Only lines that hold this text.
    #[serde(default)]
    #[schemars(length(max = 200))]
    grep: Option<String>,
}

fn first() -> u64 {
    1
}

/// The result.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Size of the file, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// When it was last written (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<Time>,
    /// SHA-256, for files of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Whether it is executable, for files of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    executable: Option<bool>,
    /// Whether it is not text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
    /// The entries of a directory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<EntryView>,
    /// The lines, each with its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<String>,
    /// Whether there are more lines.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

/// An entry of a directory.
#[derive(Debug, Serialize, JsonSchema)]
struct EntryView {
    name: String,
    /// `file`, `directory`, `link` or `other`.
    kind: String,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<Time>,
    /// Permissions, octal.
    mode: String,
}

impl Describe for ReadFile {
    const NAME: &'static str = "read_file";
    const TITLE: &'static str = "Read a file";
    const DESCRIPTION: &'static str = "Reads a text file (script, configuration, report, log) below a root of the inventory, or from a \
        service's repository at a version; lists a directory without path. .env files show key names only. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Inspect;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for ReadFile {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        bounds::at_most("grep", arguments.grep.as_ref().map_or(0, String::len), 200)?;
        if arguments.from_line == 0 {
            return Err(Refusal::new(Code::BadArgument, "from_line counts from 1.", "Give 1 or more."));
        }
        match (&arguments.root, &arguments.service) {
            (Some(root), None) => below_root(root, &arguments, context).await,
            (None, Some(service)) => in_repository(service, &arguments, context).await,
            _ => Err(Refusal::new(
                Code::BadArgument,
                "Give either root or service.",
                "Call list_services section=resources to see the roots.",
            )),
        }
    }
}

async fn below_root(root: &RootName, arguments: &Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
    let directory = context.reader.inventory().root(root)?;
    let Some(path) = &arguments.path else {
        return listing(context, directory, None).await;
    };
    let limit = usize::try_from(arguments.limit.get()).unwrap_or(usize::MAX);
    let read = context.reader.read_lines(directory, path, arguments.from_line, limit, arguments.grep.clone()).await;
    let part = match read {
        Ok(part) => part,
        // A directory is listed rather than refused.
        Err(error) if error.code == Code::PathRefused => {
            return match listing(context, directory, Some(path)).await {
                Ok(answer) => Ok(answer),
                Err(_) => Err(error.into()),
            };
        }
        Err(error) => return Err(error.into()),
    };
    let next = more_call(part.more, part.lines.last().map(|(number, _)| *number), arguments);
    let status = if part.binary {
        format!("{path} is not text ({} bytes).", part.bytes)
    } else {
        format!("{path}: {} lines shown{}.", part.lines.len(), if part.more { ", there are more" } else { "" })
    };
    let output = Output {
        bytes: Some(part.bytes),
        modified: part.modified,
        binary: part.binary,
        untrusted_text: (!part.binary).then(|| numbered(&part.lines)),
        more: part.more,
        ..Output::default()
    };
    Ok(Answer { status, output, next })
}

async fn listing(
    context: Context<'_>,
    directory: &Root,
    path: Option<&RelativePath>,
) -> Result<Answer<Output>, Refusal> {
    let entries = context.reader.list_directory(directory, path).await?;
    let status = format!("{} entries.", entries.len());
    let more = entries.len() > 200;
    let entries = entries.into_iter().take(200).map(|entry| EntryView {
        name: clean(&entry.name),
        kind: entry.kind.to_owned(),
        bytes: entry.bytes,
        modified: entry.modified,
        mode: format!("{:04o}", entry.mode),
    });
    Ok(Answer { status, output: Output { entries: entries.collect(), more, ..Output::default() }, next: Vec::new() })
}

async fn in_repository(
    name: &ServiceName,
    arguments: &Arguments,
    context: Context<'_>,
) -> Result<Answer<Output>, Refusal> {
    let service = context.reader.inventory().service(name)?;
    let Some(path) = &arguments.path else {
        return Err(Refusal::new(
            Code::BadArgument,
            "A service's repository is read file by file.",
            "Give path, for example the script that list_services names.",
        ));
    };
    let revision = match &arguments.version {
        Some(version) => context.reader.resolve_version(service, version).await?,
        None => context.reader.head(service).await?,
    };
    let file = super::drafting::script::file(context, service, &revision.commit, path).await?;
    let env = crate::world::files::keys_only(path);
    let text = match (String::from_utf8(file.bytes), env) {
        (Ok(text), false) => text,
        (Ok(text), true) => crate::world::files::key_lines(&text),
        (Err(_), _) => {
            let output = Output { binary: true, sha256: Some(file.digest.to_string()), ..Output::default() };
            return Ok(Answer { status: format!("{path} is not text."), output, next: Vec::new() });
        }
    };
    let limit = usize::try_from(arguments.limit.get()).unwrap_or(usize::MAX);
    let wanted = |line: &str| arguments.grep.as_ref().is_none_or(|grep| line.contains(grep.as_str()));
    let mut lines: Vec<(u64, String)> = (1..)
        .zip(text.lines())
        .filter(|(number, line)| *number >= arguments.from_line && wanted(line))
        .map(|(number, line)| (number, clean(line)))
        .take(limit + 1)
        .collect();
    let more = lines.len() > limit;
    lines.truncate(limit);
    let next = more_call(more, lines.last().map(|(number, _)| *number), arguments);
    let short = revision.commit.get(..12).unwrap_or(&revision.commit);
    let status =
        format!("{path} at {short}: {} lines shown{}.", lines.len(), if more { ", there are more" } else { "" });
    let output = Output {
        bytes: Some(u64::try_from(text.len()).unwrap_or(u64::MAX)),
        sha256: Some(file.digest.to_string()),
        executable: Some(file.executable),
        untrusted_text: Some(numbered(&lines)),
        more,
        ..Output::default()
    };
    Ok(Answer { status, output, next })
}

fn numbered(lines: &[(u64, String)]) -> String {
    lines.iter().map(|(number, line)| format!("{number}: {line}\n")).collect()
}

fn more_call(more: bool, last: Option<u64>, arguments: &Arguments) -> Vec<NextCall> {
    let Some(last) = last.filter(|_| more) else { return Vec::new() };
    let call = serde_json::json!({
        "root": arguments.root, "service": arguments.service, "path": arguments.path, "from_line": last + 1,
    });
    vec![NextCall::new("read_file", without_null(call), "read on")]
}

/// The object without the members that are null.
pub(super) fn without_null(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}
