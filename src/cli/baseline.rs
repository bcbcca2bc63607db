//! `deploy-ops baseline list|show|accept`

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use super::{
    Exit,
    approve::at_terminal,
    human::Human,
    person::Person,
    plans::looking,
    terminal::{Terminal, Tone},
    wire::{Switches, Wired},
};
use crate::{
    domain::{
        digest::Digest,
        inventory::Page,
        name::{EnvironmentName, PageName, ServiceName, ViewportName},
        refusal::{Code, Refusal},
        release::DeploymentState,
    },
    world::{
        Clock, SystemClock, WorldError,
        browser::{Baseline, BaselineKey, Shot},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The accepted pictures.
    List {
        /// Only of this service.
        service: Option<ServiceName>,
        /// Print JSON, one picture a line.
        #[arg(long)]
        json: bool,
    },
    /// Where the accepted pictures of a page lie, and whether they are what was accepted.
    Show {
        /// The service.
        service: ServiceName,
        /// The page.
        page: PageName,
    },
    /// Take pictures of a service's pages now, and accept them as what the pages should look like. Wants a terminal.
    Accept {
        /// The service.
        service: ServiceName,
        /// Where; may be left out when there is only one.
        #[arg(long)]
        environment: Option<EnvironmentName>,
        /// Only this page.
        #[arg(long)]
        page: Option<PageName>,
    },
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    match &options.command {
        Command::Accept { service, environment, page } => at_terminal(switches, terminal, async |wired, human| {
            accept(wired, human, service, environment.as_ref(), page.as_ref()).await
        }),
        Command::List { service, json } => looking(switches, terminal, async |wired| {
            wired.engine.start().await?;
            for one in wired.world().reader().baselines().await? {
                if service.as_ref().is_some_and(|only| *only != one.key.service) {
                    continue;
                }
                if *json {
                    let one = Baseline { text: String::new(), ..one };
                    terminal.json(&wired.redactor.json(serde_json::to_value(&one).unwrap_or_default()));
                } else {
                    terminal.say(&wired.redactor, &line(&one));
                }
            }
            Ok(Exit::Done)
        }),
        Command::Show { service, page } => {
            looking(switches, terminal, async |wired| show(wired, service, page, terminal).await)
        }
    }
}

fn line(one: &Baseline) -> String {
    let Baseline { key, width, height, version, accepted_at, accepted_by, .. } = one;
    let version = version.as_deref().map_or(String::new(), |version| format!(" of {version}"));
    format!(
        "{} in {}: {} on {}{version}, {width}x{height}, accepted {accepted_at} by {accepted_by}",
        key.service, key.environment, key.page, key.viewport
    )
}

async fn show(wired: &Wired, service: &ServiceName, page: &PageName, terminal: &Terminal) -> Result<Exit, Refusal> {
    wired.engine.start().await?;
    let all = wired.world().reader().baselines().await?;
    let of_page: Vec<_> = all.iter().filter(|one| one.key.service == *service && one.key.page == *page).collect();
    if of_page.is_empty() {
        return Err(Refusal::new(
            Code::NotFound,
            "No picture of such a page is accepted.",
            "Run `deploy-ops baseline list` to see those that are.",
        ));
    }
    let mut exit = Exit::Done;
    for one in of_page {
        let file = one.key.file(&wired.paths.baselines(), "png");
        let intact = fs::read(&file).is_ok_and(|png| Digest::of(&png) == one.digest);
        let (tone, mark) = if intact { (Tone::Good, "✓") } else { (Tone::Bad, "✗") };
        let text = format!("{}; {} sha256:{}", line(one), file.display(), one.digest);
        terminal.mark(&wired.redactor, tone, mark, &text);
        if !intact {
            exit = Exit::Refused;
        }
    }
    Ok(exit)
}

async fn accept(
    wired: &Wired,
    human: &mut Human,
    service: &ServiceName,
    environment: Option<&EnvironmentName>,
    page: Option<&PageName>,
) -> Result<(), Refusal> {
    let person = Person::here();
    let ledger = wired.engine.ledger_for_operator().await?;
    let (service, environment, target) = wired.engine.inventory().target(service, environment)?;
    let deployments = ledger.deployments(&service.name, environment).await?;
    let live = deployments.into_iter().find(|deployment| deployment.state == DeploymentState::Live);
    let version = live.map(|live| live.version.to_string());
    let pages: Vec<&Page> = match page {
        Some(name) => vec![service.page(name)?],
        None => service.pages.iter().collect(),
    };
    let wanted: Vec<(&Page, &ViewportName)> =
        pages.iter().flat_map(|page| page.viewports.iter().map(|viewport| (*page, viewport))).collect();
    let look = wired.world().reader().look_at_pages(service, environment, target, &wanted, &|_| {}).await?;
    let directory = wired.paths.baselines();
    let now = SystemClock.now();
    let mut taken = Vec::new();
    for shot in &look.shots {
        let png = acceptable(shot)?;
        let baseline = Baseline {
            key: BaselineKey {
                service: service.name.clone(),
                environment: environment.clone(),
                page: shot.page.clone(),
                viewport: shot.viewport.clone(),
            },
            digest: Digest::of(&png.png),
            width: png.width,
            height: png.height,
            version: version.clone(),
            accepted_at: now,
            accepted_by: person.operator().to_string(),
            text: png.text.clone(),
        };
        let candidate = baseline.key.file(&directory, "candidate.png");
        write(&candidate, &png.png)?;
        human.show(&wired.redactor.text(&format!(
            "{} on {}: {} Look at {}\n",
            shot.page,
            shot.viewport,
            shot.detail,
            candidate.display()
        )))?;
        taken.push((candidate, baseline));
    }
    let of = version.map_or("what is live".to_owned(), |version| format!("version {version}"));
    let question = format!(
        "To accept these {} pictures as how {of} should look, as {}, type {}: ",
        taken.len(),
        person.operator(),
        service.name
    );
    let typed = human.ask(&wired.redactor.text(&question))?;
    if typed != service.name.as_str() {
        for (candidate, _) in &taken {
            // Nothing rests on it.
            let _ = fs::remove_file(candidate);
        }
        return Err(Refusal::new(
            Code::WrongState,
            "That is not the word; nothing was accepted.",
            "Run the command again.",
        ));
    }
    for (candidate, baseline) in &taken {
        // The picture first: without what is known of it, or with what was known of another, it is none.
        let io = |error| WorldError::io("keep an accepted picture", error);
        fs::rename(candidate, baseline.key.file(&directory, "png")).map_err(io)?;
        let manifest = serde_json::to_vec(baseline).map_err(|error| io(error.into()))?;
        write(&baseline.key.file(&directory, "json"), &manifest)?;
        let body = wired.redactor.json(serde_json::json!({
            "service": baseline.key.service, "environment": baseline.key.environment, "page": baseline.key.page,
            "viewport": baseline.key.viewport, "version": baseline.version, "digest": baseline.digest,
        }));
        ledger.note("baseline", None, &person.operator(), body, now).await?;
    }
    human.show("Accepted. take_screenshot compares with them from now on.\n")
}

/// The picture of a page that may be accepted: one that is there, and shows no secret.
fn acceptable(shot: &Shot) -> Result<&crate::world::browser::Image, Refusal> {
    let bad = shot.status.is_none_or(|status| status >= 400);
    match &shot.picture {
        Some(picture) if !bad => Ok(picture),
        _ => Err(Refusal::new(
            Code::WrongState,
            format!("{} on {} cannot be accepted: {}", shot.page, shot.viewport, shot.detail),
            "Mend the page, or mask the part of it that nobody may see; then run the command again.",
        )),
    }
}

/// Writes a file that only we can read, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    let io = |error| WorldError::io("keep a picture", error);
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&partial, path)).map_err(io)
}
