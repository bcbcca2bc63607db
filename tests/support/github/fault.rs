//! What goes wrong when a test says so.

use std::time::Duration;

use super::routes::ROUTES;

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// An error of the server; nothing is done.
    Status(u16),
    /// Too much at once, with 403 or 429; nothing is done.
    SecondaryLimit { status: u16, retry_after_s: u64 },
    /// The token has no question left.
    PrimaryLimit,
    /// Its owner revokes the token, just before.
    RevokeToken,
    /// No answer ever, and nothing is done.
    Hang,
    /// The connection ends instead of an answer; nothing is done.
    Closed,
    /// What was asked is done, and the connection ends instead of an answer.
    Lost,
    /// An answer that late.
    Slow(Duration),
    /// The answer breaks off in the middle.
    Cut,
    /// The answer never ends.
    Endless,
    /// The answer is no JSON.
    InvalidJson,
    /// A page of somebody in between, with status 200.
    Html,
    /// The page of the list has nothing on it.
    EmptyPage,
    /// The page of the list does not say that there are more.
    NoNextPage,
}

impl Fault {
    /// Whether it is about what an answer says, which is never that nothing has changed then.
    pub(super) fn spoils(&self) -> bool {
        use Fault::{Cut, EmptyPage, Endless, Html, InvalidJson, NoNextPage};
        matches!(self, Cut | Endless | InvalidJson | Html | EmptyPage | NoNextPage)
    }
}

/// The faults that are to come.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Planned>);

#[derive(Debug)]
struct Planned {
    operation: &'static str,
    /// How many calls from now on, if it is one call alone.
    at: Option<usize>,
    fault: Fault,
}

impl Faults {
    pub(super) fn plan(&mut self, operation: &'static str, at: Option<usize>, fault: Fault) {
        assert_ne!(at, Some(0), "the first call is 1");
        self.0.push(Planned { operation, at, fault });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a call; what goes wrong with it.
    pub(super) fn next(&mut self, operation: &str) -> Option<Fault> {
        let mut due = None;
        self.0.retain_mut(|planned| {
            if planned.operation != operation {
                return true;
            }
            let now = planned.at.as_mut().is_none_or(|left| {
                *left -= 1;
                *left == 0
            });
            if now && due.is_none() {
                due = Some(planned.fault.clone());
            }
            planned.at != Some(0)
        });
        due
    }
}

/// The operation that a short name means: `GET check-runs` is the one whose path ends like that.
pub(super) fn operation(short: &str) -> &'static str {
    let (method, end) = short.split_once(' ').unwrap_or_else(|| panic!("{short}: say the method too"));
    let end = format!("/{}", end.trim_start_matches('/'));
    let found: Vec<_> = ROUTES
        .iter()
        .map(|route| route.operation)
        .chain([super::storage::OPERATION])
        .filter(|operation| operation.starts_with(&format!("{method} ")) && operation.ends_with(&end))
        .collect();
    let whole = found.iter().find(|operation| operation.ends_with(&format!(" {end}")));
    match (&found[..], whole) {
        ([one], _) | (_, Some(one)) => one,
        _ => panic!("{short} means {found:?}"),
    }
}
