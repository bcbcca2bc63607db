//! The room where the service lies; a host over SSH is looked at as a whole on the way.

use super::{Context, Finding, Look, Looked, Part, Patient, Sure};
use crate::domain::space::Room;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let (reader, host) = (context.reader, &patient.target.host);
    // What else the host has is remembered for list_services; that it cannot be asked is told by the first question.
    let (space, _) = tokio::join!(reader.space(patient.target), reader.look_at_host(host));
    let mut looked = Looked::default();
    let space = match space {
        Ok(space) => space,
        Err(error) => {
            let seen = format!("Host {host} cannot be asked: {}.", error.problem);
            looked.findings.push(Finding::new(Part::Cause, Sure::Likely, seen, error.fix));
            looked.at = format!("host {host} does not answer");
            return Ok(Some(looked));
        }
    };
    let (room, said) = space.room();
    let fix = "Remove old releases, logs and caches there; nothing of that is done by a tool.";
    match room {
        Room::Enough => {}
        Room::Little => {
            let seen = format!("Little room on host {host}: {said}.");
            looked.findings.push(Finding::new(Part::Weakness, Sure::Certain, seen, fix));
        }
        Room::Full => {
            let seen = format!("The disk or quota of host {host} is full: {said}.");
            looked.findings.push(Finding::new(Part::Cause, Sure::Certain, seen, fix));
        }
    }
    looked.at = said;
    Ok(Some(looked))
}
