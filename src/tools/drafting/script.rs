//! From a script of the inventory to one exact call.

use super::super::Context;
use crate::{
    domain::{
        inventory::{HostKind, OnCancel, RelativePath, Runs, Script, Service, Target},
        name::HostName,
        refusal::{Code, Refusal},
        step::ScriptCall,
        version::Revision,
    },
    world::{git::FileAt, scripts::Placeholders},
};

/// The call with its final arguments; the script's bytes are read from `at`, the commit whose export it runs in. `host` is
/// where it runs, see [`host`].
pub(in crate::tools) async fn call(
    context: Context<'_>,
    service: &Service,
    script: &Script,
    at: &Revision,
    values: &Placeholders,
    host: Option<&HostName>,
) -> Result<ScriptCall, Refusal> {
    let file = file(context, service, &at.commit, &script.path).await?;
    let mut environment = script.environment.clone();
    environment.insert("DEPLOY_ENVIRONMENT".to_owned(), values.environment.clone());
    environment.insert("DEPLOY_ROOT".to_owned(), values.root.clone());
    environment.insert("DEPLOY_VERSION".to_owned(), values.version.clone());
    environment.insert("DEPLOY_COMMIT".to_owned(), values.commit.clone());
    Ok(ScriptCall {
        path: script.path.clone(),
        commit: at.commit.clone(),
        digest: file.digest,
        interpreter: file.interpreter(),
        arguments: values.fill(&script.arguments),
        environment,
        secrets: script.secrets.clone(),
        timeout_s: script.timeout_s,
        host: host.cloned(),
        on_cancel: script.on_cancel.unwrap_or_default(),
    })
}

/// What a cancellation does with a script that deploys. Unless the operator says it, one is ended only where all that it may leave
/// half done is taken back: by a script, and without databases, whose schema changes are not.
pub(in crate::tools) fn on_cancel(script: &Script, undo: Option<&ScriptCall>, target: &Target) -> OnCancel {
    let taken_back = undo.is_some() && target.databases.is_empty();
    script.on_cancel.unwrap_or(if taken_back { OnCancel::End } else { OnCancel::Wait })
}

/// The host over SSH that the scripts of a target run on, where that is not this machine.
pub(in crate::tools) fn host<'t>(context: Context<'_>, target: &'t Target, runs: Runs) -> Option<&'t HostName> {
    let host = context.reader.inventory().hosts.get(&target.host)?;
    (runs == Runs::OnHost && matches!(host.kind, HostKind::Ssh(_))).then_some(&target.host)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_taken_back_whole_is_interrupted_unasked() {
        let script = |on_cancel| Script {
            path: "deploy.sh".parse().unwrap(),
            arguments: Vec::new(),
            timeout_s: 1,
            secrets: Vec::new(),
            environment: std::collections::BTreeMap::new(),
            on_cancel,
        };
        let call = ScriptCall {
            path: "rollback.sh".parse().unwrap(),
            commit: "c".to_owned(),
            digest: crate::domain::digest::Digest::of(b""),
            interpreter: Vec::new(),
            arguments: Vec::new(),
            environment: std::collections::BTreeMap::new(),
            secrets: Vec::new(),
            timeout_s: 1,
            host: None,
            on_cancel: OnCancel::Wait,
        };
        let target = |databases: &[&str]| Target {
            host: "here".parse().unwrap(),
            root: "/".into(),
            url: None,
            through_host: false,
            private_network: false,
            ca: None,
            databases: databases.iter().map(|name| name.parse().unwrap()).collect(),
            env_file: None,
            volatile: Vec::new(),
            logs: Vec::new(),
        };
        let said = |on_cancel, undo, databases| super::on_cancel(&script(on_cancel), undo, &target(databases));
        assert_eq!(said(None, Some(&call), &[]), OnCancel::End);
        assert_eq!(said(None, Some(&call), &["main"]), OnCancel::Wait);
        assert_eq!(said(None, None, &[]), OnCancel::Wait);
        assert_eq!(said(Some(OnCancel::Wait), Some(&call), &[]), OnCancel::Wait);
        assert_eq!(said(Some(OnCancel::End), None, &["main"]), OnCancel::End);
    }
}
