//! The last errors in the service's logs: those that its target names, else those that bear its name.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, causes, count};
use crate::{
    domain::{
        inventory::{LogPlace, Root},
        name::RootName,
        refusal::NextCall,
    },
    world::{
        WorldError,
        files::{Budget, Found, Level, LogFile, Query},
    },
};

/// How far back.
const WINDOW_S: i64 = 24 * 60 * 60;
/// How many logs are searched, the last written first.
const LOGS: usize = 6;
/// How many lines of a log are quoted.
const QUOTED: usize = 3;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let logs = logs(context, patient).await?;
    if logs.is_empty() {
        return Ok(None);
    }
    let mut looked = Looked { at: format!("{} of the last 24 h", count(logs.len(), "log")), ..Looked::default() };
    let mut budget = Budget::of_a_look();
    let mut unread = 0;
    for (name, root, log) in &logs {
        if budget.is_spent() {
            looked.at.push_str(", not all of them to the end");
            break;
        }
        // A log that cannot be read hides no other.
        let Ok(found) = errors(context, root, log, budget).await else {
            unread += 1;
            continue;
        };
        budget = budget.without(found.read);
        looked.findings.extend(findings(name, log, &found));
    }
    if unread > 0 {
        looked.at.push_str(&format!(", {unread} of them cannot be read"));
    }
    Ok(Some(looked))
}

type Log<'i> = (&'i RootName, &'i Root, LogFile);

/// The logs of the service, with the root that holds each.
async fn logs<'i>(context: Context<'i>, patient: &Patient<'i>) -> Result<Vec<Log<'i>>, WorldError> {
    let roots = &context.reader.inventory().roots;
    let mut all = Vec::new();
    for LogPlace { root, path } in &patient.target.logs {
        if let Some((name, root)) = roots.get_key_value(root) {
            let found = context.reader.logs(root, path.as_ref()).await?;
            all.extend(found.into_iter().map(|log| (name, root, log)));
        }
    }
    if patient.target.logs.is_empty() {
        let service = patient.service.name.as_str();
        for (name, root) in roots {
            // Nobody said that this root has to do with the service, so nothing is said of it when it cannot be read.
            let found = context.reader.logs(root, None).await.unwrap_or_default();
            let own = belongs(name.as_str(), service);
            let found = found.into_iter().filter(|log| own || belongs(log.path.file_name(), service));
            all.extend(found.map(|log| (name, root, log)));
        }
    }
    let oldest = context.reader.now().plus_s(-2 * WINDOW_S);
    all.retain(|(_, _, log)| log.modified.is_none_or(|modified| modified >= oldest));
    all.sort_by_key(|(_, _, log)| std::cmp::Reverse(log.modified));
    all.truncate(LOGS);
    Ok(all)
}

/// Whether a name begins with that of the service, as a word: `shop.log`, `shop-error.log`, not `shopping.log`.
fn belongs(name: &str, service: &str) -> bool {
    name.strip_prefix(service).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// The last lines that tell an error. They are counted first, so that the last ones can be asked for.
async fn errors(context: Context<'_>, root: &Root, log: &LogFile, budget: Budget) -> Result<Found, WorldError> {
    let query = Query {
        pattern: None,
        level: Some(Level::Error),
        since: Some(context.reader.now().plus_s(-WINDOW_S)),
        until: None,
        offset: 0,
        limit: 0,
        context: 0,
    };
    let counted = context.reader.search_file(root, &log.path, &query, budget).await?;
    if counted.matches == 0 {
        return Ok(counted);
    }
    let offset = counted.matches.saturating_sub(u64::try_from(QUOTED).unwrap_or(0));
    let query = Query { offset, limit: QUOTED, ..query };
    let found = context.reader.search_file(root, &log.path, &query, budget.without(counted.read)).await?;
    Ok(Found { matches: counted.matches, read: counted.read + found.read, ..found })
}

fn findings(root: &RootName, log: &LogFile, found: &Found) -> Vec<Finding> {
    if found.matches == 0 {
        return undated(root, log, found).into_iter().collect();
    }
    let lines: Vec<&str> = found.hits.iter().map(|hit| hit.text.as_str()).collect();
    let text = lines.join("\n");
    let next = Next::Logs { root: root.to_string(), path: log.path.to_string() };
    let errors = count(usize::try_from(found.matches).unwrap_or(usize::MAX), "error");
    let seen = format!("{errors} in a log of root {root} in the last 24 h.");
    let errors = Finding::new(Part::Symptom, Sure::Possible, seen, "Read the last ones.").next(next.clone());
    let cause = causes::recognise(&text, "the log").map(|cause| match cause.sure {
        // A log tells what happened in a day, not what is wrong now.
        Sure::Certain => Finding { sure: Sure::Likely, ..cause },
        _ => cause,
    });
    [Some(errors.quoting(text)), cause].into_iter().flatten().collect()
}

/// Errors of which nothing says when they happened.
fn undated(root: &RootName, log: &LogFile, found: &Found) -> Option<Finding> {
    let errors = count(usize::try_from(found.undated).unwrap_or(usize::MAX), "error");
    let seen = format!("{errors} in a log of root {root} whose time cannot be read: they may be old.");
    let call = serde_json::json!({ "root": root, "path": log.path, "level": "error" });
    let next = Next::Named(NextCall::new("search_logs", call, "read them"));
    let finding = Finding::new(Part::Symptom, Sure::Possible, seen, "Let the log tell times, in ISO 8601 for example.");
    (found.undated > 0).then(|| finding.next(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_belongs_to_the_service_whose_name_it_bears() {
        for (name, wanted) in [
            ("shop.log", true),
            ("shop-error.log.1", true),
            ("shop", true),
            ("shopping.log", false),
            ("old-shop.log", false),
        ] {
            assert_eq!(belongs(name, "shop"), wanted, "{name}");
        }
    }
}
