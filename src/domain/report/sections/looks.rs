//! How pages look, against what the operator accepted.

use super::{
    super::{
        Report,
        sheet::{Exhibit, Part, Plate, Section},
        words::of_outcome,
    },
    evidence,
};
use crate::domain::{
    evidence::EvidenceKind,
    look::{KeptPicture, SeenPage},
};

/// How much of pictures a report holds at most, bytes before they are written as text.
const ROOM: u64 = 6 * 1024 * 1024;

pub(super) fn looks(report: &Report) -> Option<Section> {
    let found = evidence::all(report, |kind| kind == EvidenceKind::Visual);
    if found.is_empty() {
        return None;
    }
    let head = vec!["subject", "outcome", "counted", "what was found", "seen (UTC)"];
    let section = evidence::of("visual", "Looks", report, &found, head, evidence::with_counters)?;
    let pages: Vec<&SeenPage> = report.looks.iter().flat_map(|look| &look.pages).collect();
    if pages.is_empty() {
        return Some(section);
    }
    let shown = with_room(&pages);
    let exhibits = pages.iter().zip(shown).map(|(page, shown)| exhibit(page, shown)).collect();
    Some(section.with(Part::Gallery(exhibits)))
}

/// Of which pages the pictures are shown: there is room first for those that have changed.
fn with_room(pages: &[&SeenPage]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..pages.len()).collect();
    order.sort_by_key(|at| pages.get(*at).map(|page| std::cmp::Reverse(page.outcome.severity())));
    let mut left = ROOM;
    let mut shown = vec![false; pages.len()];
    for at in order {
        let bytes = pages.get(at).map_or(0, |page| page.pictures().map(|(_, picture)| picture.bytes).sum());
        if let (Some(rest), Some(shown)) = (left.checked_sub(bytes), shown.get_mut(at)) {
            (left, *shown) = (rest, true);
        }
    }
    shown
}

fn exhibit(page: &SeenPage, shown: bool) -> Exhibit {
    let (tone, state) = of_outcome(page.outcome);
    let score = page.changed_permille.map(|permille| format!("{permille} ‰ differ, {} may. ", page.threshold_permille));
    let plate = |(what, picture): (&'static str, &KeptPicture)| Plate {
        what,
        picture: shown.then_some(picture.digest),
        width: picture.width,
        height: picture.height,
    };
    Exhibit {
        name: format!("{} on {}", page.page, page.viewport),
        tone,
        state,
        found: format!("{}{}", score.unwrap_or_default(), page.found),
        plates: page.pictures().map(plate).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{digest::Digest, evidence::Outcome};

    #[test]
    fn what_changed_has_room_first_and_what_has_none_is_said_to_be_left_out() {
        let page = |outcome, bytes| SeenPage {
            page: "home".parse().unwrap(),
            viewport: "phone".parse().unwrap(),
            outcome,
            found: "Seen.".to_owned(),
            changed_permille: Some(7),
            threshold_permille: 1,
            accepted: None,
            now: Some(KeptPicture { digest: Digest::of(b""), bytes, width: 1, height: 1 }),
            difference: None,
        };
        let pages = [
            page(Outcome::Pass, ROOM / 2 + 1),
            page(Outcome::Inconclusive, 1),
            page(Outcome::Fail, ROOM / 2),
            page(Outcome::Pass, 1),
        ];
        assert_eq!(with_room(&pages.iter().collect::<Vec<_>>()), [false, true, true, true]);
        let exhibit = exhibit(&pages[0], false);
        assert_eq!((exhibit.found.as_str(), exhibit.plates[0].picture), ("7 ‰ differ, 1 may. Seen.", None));
    }
}
