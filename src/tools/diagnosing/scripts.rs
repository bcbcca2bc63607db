//! Scripts beside the one that deploys which git does not mark as executable.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, count};
use crate::{domain::inventory::Deploy, tools::inspecting::name};

/// How many scripts are named.
const NAMED: usize = 5;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>, commit: Option<&str>) -> Look {
    let script = match &patient.service.deploy {
        Deploy::Script(deploy) => &deploy.script.path,
        Deploy::Release(deploy) => match &deploy.migrate {
            Some(script) => &script.path,
            None => return Ok(None),
        },
    };
    let live = patient.commit(context).await?;
    let found = context.reader.scripts_not_executable(patient.service, commit.unwrap_or(&live)).await?;
    let directory = script.as_str().strip_suffix(script.file_name()).unwrap_or_default();
    let beside: Vec<&String> = found.iter().filter(|path| path.starts_with(directory)).collect();
    let mut looked = Looked { at: "scripts in git".to_owned(), ..Looked::default() };
    if !beside.is_empty() {
        let seen = format!("{} in git not marked as executable.", are(beside.len()));
        let fix = "Run `git update-index --chmod=+x` on them and commit it under a new tag, or call them with `sh`.";
        let named: Vec<String> = beside.iter().take(NAMED).map(|path| name(path)).collect();
        looked
            .findings
            .push(Finding::new(Part::Cause, Sure::Possible, seen, fix).next(Next::DryRun).quoting(named.join("\n")));
    }
    Ok(Some(looked))
}

fn are(number: usize) -> String {
    format!("{} {}", count(number, "script"), if number == 1 { "is" } else { "are" })
}
