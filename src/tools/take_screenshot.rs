//! `take_screenshot`: how do the pages of a service look, and do they look as the operator accepted them?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Answer, Context, Describe, Query, Sighting, Toolset};
use crate::{
    domain::{
        effect::Effect,
        evidence::Outcome,
        inventory::{Page, Service},
        name::{EnvironmentName, PageName, ServiceName, ViewportName},
        refusal::{Code, NextCall, Refusal},
    },
    world::browser::{Image, Look, Shot},
};

/// How many pictures one call may take: each needs a second or more.
const AT_ONCE: usize = 12;
/// How much of pictures an answer may hold, bytes.
const SHOWN: usize = 3 * 1024 * 1024;

/// The tool.
#[derive(Debug)]
pub(super) struct TakeScreenshot;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Whose pages.
    service: ServiceName,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    environment: Option<EnvironmentName>,
    /// Default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pages: Vec<PageName>,
    /// Such as phone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    viewports: Vec<ViewportName>,
}

/// The result. The pictures stand in the answer's content, in the order of the pages.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// `PASS` only when every page looks as it was accepted; `INCONCLUSIVE` where nothing was accepted.
    outcome: Outcome,
    service: ServiceName,
    environment: EnvironmentName,
    /// One entry per page and viewport.
    pages: Vec<PageResult>,
    #[serde(skip)]
    pictures: Vec<Image>,
    #[serde(skip)]
    sighting: Option<Sighting>,
}

/// One page in one viewport.
#[derive(Debug, Serialize, JsonSchema)]
struct PageResult {
    page: PageName,
    viewport: ViewportName,
    outcome: Outcome,
    /// What was found, in one sentence.
    found: String,
    /// The HTTP status of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Thousandths of the pixels that differ from the accepted picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_permille: Option<u32>,
    /// Errors of its scripts.
    console_errors: u64,
    /// Requests of its parts that failed.
    failed_requests: u64,
    /// Requests that were not made, because their hosts are closed.
    closed_requests: u64,
    duration_ms: u64,
    /// Which picture of the answer shows it, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<usize>,
    /// Which picture shows what differs, in red.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<usize>,
    /// What its scripts and requests told.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<String>,
}

impl Describe for TakeScreenshot {
    const NAME: &'static str = "take_screenshot";
    const TITLE: &'static str = "Take screenshots";
    const DESCRIPTION: &'static str =
        "Shows pages of a service as images; status, console errors, what differs from the accepted look.";
    const TOOLSET: Toolset = Toolset::Quality;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for TakeScreenshot {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        let inventory = context.reader.inventory();
        let (service, environment, target) = inventory.target(&arguments.service, arguments.environment.as_ref())?;
        for name in &arguments.viewports {
            inventory.browser.viewport(name)?;
        }
        let wanted = wanted(service, &arguments)?;
        let look = context.reader.look_at_pages(service, environment, target, &wanted, context.progress).await?;
        Ok(told(service, environment, look))
    }

    fn pictures(output: &mut Output) -> Vec<Image> {
        std::mem::take(&mut output.pictures)
    }

    fn sighting(output: &mut Output) -> Option<Sighting> {
        output.sighting.take()
    }
}

/// Each page with each viewport.
fn wanted<'a>(service: &'a Service, arguments: &'a Arguments) -> Result<Vec<(&'a Page, &'a ViewportName)>, Refusal> {
    let named: Vec<&Page> = if arguments.pages.is_empty() {
        service.pages.iter().collect()
    } else {
        arguments.pages.iter().map(|name| service.page(name)).collect::<Result<_, _>>()?
    };
    let viewports =
        |page: &'a Page| if arguments.viewports.is_empty() { &page.viewports } else { &arguments.viewports };
    let wanted: Vec<_> =
        named.into_iter().flat_map(|page| viewports(page).iter().map(move |viewport| (page, viewport))).collect();
    if wanted.len() > AT_ONCE {
        return Err(Refusal::new(
            Code::BadArgument,
            format!("That would be {} pictures; one call takes {AT_ONCE} at most.", wanted.len()),
            "Name fewer pages or viewports.",
        ));
    }
    Ok(wanted)
}

fn told(service: &Service, environment: &EnvironmentName, look: Look) -> Answer<Output> {
    let outcome = look.evidence.outcome;
    let mut pictures = Vec::new();
    let mut room = SHOWN;
    let mut show = |picture: Option<Image>| {
        let picture = picture?;
        room = room.checked_sub(picture.png.len())?;
        pictures.push(picture);
        Some(pictures.len())
    };
    let result = |shot: Shot| PageResult {
        page: shot.page,
        viewport: shot.viewport,
        outcome: shot.outcome,
        found: shot.detail,
        status: shot.status,
        changed_permille: shot.changed_permille,
        console_errors: shot.console_errors,
        failed_requests: shot.failed_requests,
        closed_requests: shot.closed_requests,
        duration_ms: shot.time_ms,
        picture: show(shot.shown),
        difference: show(shot.difference),
        untrusted_text: shot.untrusted_text.map(|text| crate::domain::clean::clean(&text)),
    };
    let pages: Vec<PageResult> = look.shots.into_iter().map(result).collect();
    let word = match outcome {
        Outcome::Pass => "PASS",
        Outcome::Fail => "FAIL",
        Outcome::Inconclusive => "INCONCLUSIVE",
    };
    let status = match pages.as_slice() {
        [one] => format!("{word}: {} of {} on {}: {}", one.page, service.name, one.viewport, one.found),
        _ => format!("{word}: {} in {environment}: {}", service.name, look.evidence.summary),
    };
    let failed = pages.iter().any(|page| page.outcome == Outcome::Fail);
    let next = failed.then(|| {
        let arguments = serde_json::json!({ "service": service.name, "environment": environment });
        NextCall::new("diagnose", arguments, "see why")
    });
    let about = About::of(&[&service.name], environment, None);
    let output = Output {
        outcome,
        service: service.name.clone(),
        environment: environment.clone(),
        pages,
        pictures,
        sighting: Some(Sighting { about, evidence: vec![look.evidence] }),
    };
    Answer { status, output, next: next.into_iter().collect() }
}
