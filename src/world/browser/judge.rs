//! What a visit says of a page.

use std::time::Duration;

use super::{
    super::{Reader, WorldError, blocking::blocking},
    Picture, Shot,
    baseline::{Baseline, BaselineKey},
    compare::Difference,
    picture::Pixels,
    seen::Seen,
    visit::{End, Taken, Visit},
};
use crate::{
    domain::{evidence::Outcome, inventory::Page},
    redact::Redactor,
};

/// How much of what a page told is shown, bytes.
const TOLD: usize = 2000;

/// How a picture compares to the accepted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Same,
    Changed,
    OtherSize,
}

impl Reader<'_> {
    /// The shot of a page with what a visit brought.
    pub(super) async fn shot_of(
        &self,
        mut shot: Shot,
        page: &Page,
        key: &BaselineKey,
        visit: Visit<'_>,
        patience: Duration,
    ) -> Result<Shot, WorldError> {
        let Visit { seen, end } = visit;
        shot.status = seen.status;
        shot.console_errors = seen.errors.count;
        shot.failed_requests = seen.failed.count;
        shot.closed_requests = seen.closed.values().sum();
        shot.untrusted_text = told(&seen);
        let taken = match end {
            End::Taken(taken) => taken,
            other => return Ok(without_picture(shot, other, patience)),
        };
        let accepted = match self.baseline(key).await {
            Ok(accepted) => accepted,
            Err(error) => {
                let detail = format!("Could not {}: {}.", error.doing, error.problem);
                return Ok(shot.ended(Outcome::Inconclusive, detail));
            }
        };
        let busy = if taken.quiet { "" } else { " Its network did not become quiet." };
        let (page, redactor) = (page.clone(), self.world.redactor.clone());
        let developed = blocking(move || {
            let compared = develop(&mut shot, &page, taken, accepted, &redactor)?;
            Ok((shot, compared))
        });
        let (shot, compared) = developed.await?;
        let permille = shot.changed_permille.unwrap_or(0);
        let (outcome, found) = match (shot.status, compared) {
            (Some(status @ 400..), _) => (Outcome::Fail, format!("HTTP {status}.")),
            (_, None) => (Outcome::Inconclusive, "There is no accepted picture to compare it with.".to_owned()),
            (_, Some(Compared::Same)) => (Outcome::Pass, format!("As accepted: {permille} ‰ differ.")),
            (_, Some(Compared::Changed)) => (Outcome::Fail, format!("Changed: {permille} ‰ differ.")),
            (_, Some(Compared::OtherSize)) => (Outcome::Fail, "Changed: the picture has another size.".to_owned()),
        };
        let withheld = if shot.picture.is_some() {
            ""
        } else {
            " The picture is withheld: the page holds a secret, or what looks like one; mask that part of it."
        };
        Ok(shot.ended(outcome, format!("{found}{withheld}{busy}")))
    }
}

/// The shot of a page that there is no picture of.
fn without_picture(shot: Shot, end: End, patience: Duration) -> Shot {
    let (outcome, detail) = match end {
        // An error without a body is no page to the browser.
        End::NoPage(_) if shot.status.is_some_and(|status| status >= 400) => {
            (Outcome::Fail, format!("HTTP {}, without a page.", shot.status.unwrap_or_default()))
        }
        End::NoPage(why) if shot.closed_requests > 0 => {
            (Outcome::Fail, format!("It leads to a host that is closed ({why})."))
        }
        End::NoPage(why) => (Outcome::Fail, format!("There is no page: {why}.")),
        End::Late => (Outcome::Inconclusive, format!("It was not there within {} s.", patience.as_secs())),
        End::WrongMask(number) => (
            Outcome::Inconclusive,
            format!("Mask {} of the page is no CSS selector; correct it in deploy-ops.toml.", number + 1),
        ),
        End::Crashed | End::Taken(_) => (Outcome::Inconclusive, "Its process in the browser ended.".to_owned()),
    };
    shot.ended(outcome, detail)
}

/// The first of what scripts and requests told.
fn told(seen: &Seen<'_>) -> Option<String> {
    let closed = seen.closed.iter().map(|(host, count)| format!("not asked, because closed: {host} ({count})"));
    let lines = seen.errors.first.iter().chain(&seen.failed.first).cloned().chain(closed);
    let mut told = String::new();
    for line in lines {
        if told.len() + line.len() > TOLD {
            told.push_str("[more left out]\n");
            break;
        }
        told.push_str(&line);
        told.push('\n');
    }
    (!told.is_empty()).then_some(told)
}

/// Makes the pictures of a shot, and compares with what was accepted.
fn develop(
    shot: &mut Shot,
    page: &Page,
    taken: Taken,
    accepted: Option<(Baseline, Vec<u8>)>,
    redactor: &Redactor,
) -> Result<Option<Compared>, WorldError> {
    let Taken { png, masked, text, .. } = taken;
    let mut pixels = Pixels::read(&png)?;
    pixels.mask(&masked);
    let behind = text.behind();
    let vouched = |(png, width, height), more: &str| {
        if text.too_long {
            return None;
        }
        let shown = format!("{}\n{more}", text.shown);
        redactor.vouch(Picture { png, width, height, text: shown.clone() }, &shown, &behind)
    };
    shot.picture = vouched((pixels.write()?, pixels.width, pixels.height), "");
    if shot.picture.is_some() {
        shot.shown = vouched(pixels.small()?, "");
    }
    let Some((baseline, png)) = accepted else { return Ok(None) };
    let mut before = Pixels::read(&png)?;
    before.mask(&masked);
    let difference = Difference::between(&before, &pixels, page.tolerance);
    shot.changed_permille = Some(difference.permille());
    let compared = match difference {
        Difference::Size => Compared::OtherSize,
        Difference::Pixels { changed, of, .. } if changed * 1000 <= u64::from(page.threshold_permille) * of => {
            return Ok(Some(Compared::Same));
        }
        Difference::Pixels { shown, .. } => {
            shot.difference = vouched(shown.small()?, &baseline.text);
            Compared::Changed
        }
    };
    shot.accepted = vouched(before.small()?, &baseline.text);
    Ok(Some(compared))
}
