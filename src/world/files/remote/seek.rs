//! Where in a long log the lines of a time window begin.

use std::io::Read;

use super::{File, Form, shell, shell::Script, windows::BLOCK};
use crate::{
    domain::{clean::clean, time::Time},
    world::{WorldError, files::moment_of},
};

/// Places that are looked at by one command.
const PLACES: u64 = 32;
/// Nearer than this need not be known, bytes.
const NEAR: u64 = 1024 * 1024;
/// Lines may stand that much out of order, s: a log is written by many at once, and a request is logged when it ends.
const DISORDER_S: i64 = 15 * 60;
/// What is read before, so that the redactor sees what stands before the first line, bytes.
const BEFORE: u64 = 64 * 1024;
/// The unit of the answer, bytes.
pub(super) const UNIT: u64 = 64 * 1024;

/// The block of 64 KiB from which on all lines of `since` or later stand, in a log whose lines are in the order of time.
pub(super) async fn begin(file: &File<'_>, size: u64, since: Time, now: Time) -> Result<u64, WorldError> {
    let limit = since.plus_s(-DISORDER_S);
    let (mut low, mut high) = (0, size / BLOCK);
    while (high - low) * BLOCK > NEAR {
        let step = ((high - low) / (PLACES + 1)).max(1);
        let places: Vec<u64> = (1..=PLACES).map(|n| low + n * step).filter(|place| *place < high).collect();
        let moments = look(file, places.clone(), now).await?;
        let before = (low, high);
        for (place, moment) in places.into_iter().zip(moments) {
            match moment {
                Some(moment) if moment < limit => low = place,
                Some(_) => {
                    high = place;
                    break;
                }
                None => {}
            }
        }
        if (low, high) == before {
            break;
        }
    }
    Ok((low * BLOCK).saturating_sub(BEFORE) / UNIT)
}

/// The first moment that the lines of each of these blocks tell.
async fn look(file: &File<'_>, places: Vec<u64>, now: Time) -> Result<Vec<Option<Time>>, WorldError> {
    let mut at = 0;
    let parts: Vec<(u64, u64)> = places
        .iter()
        .map(|place| {
            let gap = place - at;
            at = place + 1;
            (gap, 1)
        })
        .collect();
    let count = parts.len();
    let told = shell::run(file, Script::windows(parts.into_iter()), move |opened, text: &mut dyn Read| {
        let mut moments = Vec::with_capacity(count);
        for _ in 0..if opened.form == Form::Windows { count } else { 0 } {
            let mut block = Vec::new();
            text.take(BLOCK).read_to_end(&mut block).map_err(|error| WorldError::io("read a file", error))?;
            // Nothing of this is shown; it only decides where reading begins.
            let lines = String::from_utf8_lossy(&block);
            moments.push(lines.lines().skip(1).find_map(|line| moment_of(&clean(line), now)));
        }
        Ok(moments)
    });
    match told.await? {
        shell::Told::Answer(moments) => Ok(moments),
        shell::Told::NoShell(_) => Ok(Vec::new()),
    }
}
