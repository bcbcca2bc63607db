//! From a script of the inventory to one exact call.

use super::super::Context;
use crate::{
    domain::{
        inventory::{RelativePath, Script, Service, Target},
        name::EnvironmentName,
        refusal::{Code, Refusal},
        step::ScriptCall,
        version::{Revision, Version},
    },
    world::git::FileAt,
};

/// What the braces in a script's arguments stand for.
pub(in crate::tools) struct Values<'a> {
    /// Where it runs.
    pub(in crate::tools) environment: &'a EnvironmentName,
    /// What it deploys or goes back to.
    pub(in crate::tools) revision: &'a Revision,
    /// What is live now.
    pub(in crate::tools) previous: Option<&'a Version>,
    /// The service's directory.
    pub(in crate::tools) target: &'a Target,
}

/// The call with its final arguments; the script's bytes are read from `at`, the commit whose export it runs in.
pub(in crate::tools) async fn call(
    context: Context<'_>,
    service: &Service,
    script: &Script,
    at: &Revision,
    values: &Values<'_>,
) -> Result<ScriptCall, Refusal> {
    let file = file(context, service, &at.commit, &script.path).await?;
    let mut environment = script.environment.clone();
    environment.insert("DEPLOY_ENVIRONMENT".to_owned(), values.environment.to_string());
    environment.insert("DEPLOY_ROOT".to_owned(), values.target.root.display().to_string());
    environment.insert("DEPLOY_VERSION".to_owned(), values.revision.version.to_string());
    environment.insert("DEPLOY_COMMIT".to_owned(), values.revision.commit.clone());
    Ok(ScriptCall {
        path: script.path.clone(),
        commit: at.commit.clone(),
        digest: file.digest,
        interpreter: file.interpreter(),
        arguments: script.arguments.iter().map(|argument| fill(argument, values)).collect(),
        environment,
        secrets: script.secrets.clone(),
        timeout_s: script.timeout_s,
    })
}

/// A script as a commit holds it.
pub(in crate::tools) async fn file(
    context: Context<'_>,
    service: &Service,
    commit: &str,
    path: &RelativePath,
) -> Result<FileAt, Refusal> {
    context.reader.file_at(service, commit, path).await?.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            format!("Commit {} has no {path}.", commit.get(..12).unwrap_or(commit)),
            "Commit the script, or correct its path in the inventory.",
        )
    })
}

/// Replaces the known names in braces. One argument stays one argument, whatever its value holds.
fn fill(argument: &str, values: &Values<'_>) -> String {
    let previous = values.previous.map_or("", Version::as_str);
    let pairs = [
        ("{version}", values.revision.version.as_str().to_owned()),
        ("{commit}", values.revision.commit.clone()),
        ("{environment}", values.environment.to_string()),
        ("{root}", values.target.root.display().to_string()),
        ("{previous_version}", previous.to_owned()),
    ];
    // One pass: a value that looks like a name in braces is not replaced again.
    let mut out = String::with_capacity(argument.len());
    let mut rest = argument;
    while let Some(at) = rest.find('{') {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        if let Some((name, value)) = pairs.iter().find(|(name, _)| behind.starts_with(name)) {
            out.push_str(value);
            rest = behind.get(name.len()..).unwrap_or_default();
        } else {
            out.push('{');
            rest = behind.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}
