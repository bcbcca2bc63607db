//! `create_tag`: an annotated tag for a commit whose gates are green; a dry run first, then the plan it made.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Action, Context, Describe, Proposal, Subject, Toolset, Wish,
    bounds::WaitSeconds,
    drafting::{gates, mode::Mode, place},
    records::OperationView,
};
use crate::domain::{
    effect::Effect,
    evidence::Evidence,
    facts::Facts,
    inventory::{Inventory, Service},
    name::{EnvironmentName, GateName, ServiceName},
    plan::{Draft, PlanBody, PlanId, Purpose},
    refusal::{Code, NextCall, Refusal},
    release::DeploymentState,
    step::{CreateTag as MakeTag, Step},
    version::{Revision, Version},
};

/// The tool.
#[derive(Debug)]
pub(super) struct CreateTag;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// dry_run makes a plan and changes nothing; execute runs a plan.
    #[serde(default)]
    mode: Mode,
    /// dry_run: the service, from list_services.
    #[serde(default)]
    service: Option<ServiceName>,
    /// dry_run: the new tag.
    #[serde(default)]
    tag: Option<Version>,
    /// dry_run: the full commit id.
    #[serde(default)]
    commit: Option<Version>,
    /// execute: the plan id that the dry run returned.
    #[serde(default)]
    plan: Option<PlanId>,
    /// Seconds to wait for the result.
    #[serde(default)]
    wait_s: WaitSeconds,
}

impl Describe for CreateTag {
    const NAME: &'static str = "create_tag";
    const TITLE: &'static str = "Create a tag";
    const DESCRIPTION: &'static str = "Gives a commit whose gates are green an annotated tag, on GitHub and in the local repository, for \
        deploy_service. Never moves a tag. mode=dry_run (default) runs the gates and returns a plan id and blockers; mode=execute takes \
        only that plan id.";
    const TOOLSET: Toolset = Toolset::GitHub;
    const EFFECT: Effect = Effect::Change;
    const IDEMPOTENT: bool = true;
    const OPEN_WORLD: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Action for CreateTag {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        let named = arguments.service.is_some() || arguments.tag.is_some() || arguments.commit.is_some();
        if arguments.mode == Mode::Execute && arguments.plan.is_some() && named {
            return Err(bad(
                "mode=execute takes the plan alone: what it tags was fixed by the dry run.",
                "Leave out service, tag and commit.",
            ));
        }
        arguments.mode.wish(Self::NAME, arguments.plan.as_ref(), arguments.wait_s)
    }

    fn subject(arguments: &Arguments, inventory: &Inventory) -> Result<Subject, Refusal> {
        let Some(name) = &arguments.service else {
            return Err(bad("The argument service is missing.", "Call list_services to see the names."));
        };
        let Some(tag) = arguments.tag.as_ref().filter(|tag| !tag.is_commit()) else {
            return Err(bad("The argument tag is missing, or is a commit id.", "Give the name that the tag gets."));
        };
        if !arguments.commit.as_ref().is_some_and(Version::is_commit) {
            return Err(bad("The argument commit is missing, or is no full commit id.", "Give all its 40 digits."));
        }
        // A tag can go everywhere, so the place that wants most care decides who has to approve it.
        let (service, environment) = place::of(name, inventory)?;
        Ok(Subject {
            purpose: Purpose::Tag,
            service: Some(service.name.clone()),
            environment: environment.clone(),
            version: Some(tag.clone()),
        })
    }

    async fn draft(arguments: Arguments, context: Context<'_>) -> Result<Proposal, Refusal> {
        let subject = Self::subject(&arguments, context.reader.inventory())?;
        let (Some(name), Some(tag), Some(commit)) = (&subject.service, subject.version, &arguments.commit) else {
            return Err(super::unwritable());
        };
        let service = context.reader.inventory().service(name)?;
        let found = context.reader.resolve_version(service, commit).await?;
        let revision = Revision { version: tag, tag_object: None, ..found };
        let (here, there) = places(context, service, &revision.version).await?;
        free(&service.name, &revision, here.as_deref(), there.as_deref())?;
        never_rolled_back(context, service, &revision).await?;
        if !context.reader.github(service)?.has_commit(&revision.commit).await? {
            return Err(Refusal::new(
                Code::UnknownVersion,
                "GitHub does not have the commit, or the token may not see it.",
                "Push it first; only what everybody can see is tagged.",
            ));
        }
        let (evidence, complaints) = gates::run(context, service, &revision, None).await?;
        let green: Vec<&GateName> = gates::of(context, service, None).map(|gate| &gate.name).collect();
        let message = context.reader.words_for_github(&message(&service.name, &green, &revision));
        let signer = context.reader.tagger().await?;
        let make = MakeTag { tag: revision.version.clone(), commit: revision.commit.clone(), message, signer };
        let facts = gather(context, service, &subject.environment, &revision, &evidence).await?;
        let warnings = if evidence.is_empty() {
            vec![format!("Service {name} has no gate: nothing was checked about the commit.")]
        } else {
            Vec::new()
        };
        let draft = Draft {
            purpose: Purpose::Tag,
            service: Some(service.name.clone()),
            environment: subject.environment,
            requirements: gates::required(context, service, &revision.commit, None),
            revision: Some(revision),
            facts,
            steps: vec![Step::CreateTag(make)],
            rollback: None,
            warnings,
        };
        let untrusted_text = (!complaints.is_empty()).then(|| complaints.join("\n"));
        Ok(Proposal { draft, evidence, untrusted_text })
    }

    async fn facts(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
        let (Some(name), Some(revision)) = (&plan.service, &plan.revision) else { return Err(super::unwritable()) };
        gather(context, context.reader.inventory().service(name)?, &plan.environment, revision, &[]).await
    }
}

fn bad(message: &str, fix: &str) -> Refusal {
    Refusal::new(Code::BadArgument, message, fix)
}

/// What the tag's object says: what the server knows, and nobody's words.
fn message(service: &ServiceName, green: &[&GateName], revision: &Revision) -> String {
    let gates: Vec<&str> = green.iter().map(|name| name.as_str()).collect();
    let gates = if gates.is_empty() { "none".to_owned() } else { gates.join(", ") };
    format!("{service} {}\n\nGates that were green for this commit: {gates}", revision.version)
}

/// The commit that the tag names here, and the one that it names on GitHub.
async fn places(
    context: Context<'_>,
    service: &Service,
    tag: &Version,
) -> Result<(Option<String>, Option<String>), Refusal> {
    let here = context.reader.find_version(service, tag).await?;
    let there = context.reader.github(service)?.tag(tag).await?;
    Ok((here.map(|found| found.commit), there.map(|found| found.commit)))
}

/// Whether the name may be given, when these are the commits that it names already. Pure.
fn free(service: &ServiceName, revision: &Revision, here: Option<&str>, there: Option<&str>) -> Result<(), Refusal> {
    let place = match (here, there) {
        (Some(commit), _) if commit != revision.commit => "in the repository here",
        (_, Some(commit)) if commit != revision.commit => "on GitHub",
        (Some(_), Some(_)) => {
            let arguments = serde_json::json!({ "service": service, "version": revision.version });
            return Err(Refusal::new(
                Code::WrongState,
                "The tag exists, and names this commit.",
                "Nothing is to be done: it can be deployed.",
            )
            .with_next(NextCall::new("deploy_service", arguments, "rehearse its deployment")));
        }
        (Some(_), None) => {
            return Err(Refusal::new(
                Code::WrongState,
                "The tag exists here and names this commit, but GitHub does not have it.",
                "Push it, so that all have the same tag.",
            ));
        }
        (None, _) => return Ok(()),
    };
    Err(Refusal::new(
        Code::TagRefused,
        format!("The tag exists {place}, and names another commit."),
        "Choose another name: tags are never moved.",
    ))
}

/// What was rolled back anywhere gets no new name. For the environment of the plan the policy says so again.
async fn never_rolled_back(context: Context<'_>, service: &Service, revision: &Revision) -> Result<(), Refusal> {
    for environment in service.targets.keys() {
        let history = context.records.deployments(&service.name, environment).await?;
        let bad = history.iter().find(|deployment| {
            deployment.state == DeploymentState::RolledBack
                && (deployment.commit == revision.commit || deployment.version == revision.version)
        });
        if let Some(bad) = bad {
            return Err(Refusal::new(
                Code::VersionRolledBack,
                format!("{} was rolled back in {environment} on {}.", bad.version, bad.at),
                "Fix the cause, and tag the fix with a new version.",
            )
            .with_evidence(format!("rolled back by operation {}", bad.operation)));
        }
    }
    Ok(())
}

/// Everything that, if it changed, would make an approval of the tag wrong.
async fn gather(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
    revision: &Revision,
    seen: &[Evidence],
) -> Result<Facts, Refusal> {
    let mut facts = Facts::default();
    let config = context.reader.inventory().digest_for(&service.name, environment).map_err(|_| super::unwritable())?;
    facts.set("config", config);
    facts.set("repository", context.reader.github(service)?.name());
    let commit: Version = revision.commit.parse().map_err(|_| super::unwritable())?;
    let found = context.reader.resolve_version(service, &commit).await?;
    facts.set("commit", found.commit);
    facts.set("tree", found.tree);
    let (here, there) = places(context, service, &revision.version).await?;
    if let Some(tagger) = context.reader.tagger().await? {
        facts.set("tag key", tagger.key);
    }
    facts.set("tag here", here.unwrap_or_else(|| "none".to_owned()));
    facts.set("tag on GitHub", there.unwrap_or_else(|| "none".to_owned()));
    gates::states(context, service, revision, None, seen, &mut facts).await?;
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_never_moved_and_never_made_twice() {
        let (ours, other) = ("a".repeat(40), "b".repeat(40));
        let revision = Revision {
            version: "v2025.01.15".parse().unwrap(),
            commit: ours.clone(),
            tree: "c".repeat(40),
            tag_object: None,
        };
        let code = |here: Option<&str>, there: Option<&str>| {
            free(&"shop".parse().unwrap(), &revision, here, there).err().map(|refusal| refusal.code)
        };
        let (ours, other) = (Some(ours.as_str()), Some(other.as_str()));
        assert_eq!(code(None, None), None);
        assert_eq!(code(None, ours), None, "it is brought here");
        assert_eq!(code(ours, ours), Some(Code::WrongState));
        assert_eq!(code(ours, None), Some(Code::WrongState));
        for (here, there) in [(other, None), (None, other), (ours, other), (other, ours)] {
            assert_eq!(code(here, there), Some(Code::TagRefused));
        }
    }
}
