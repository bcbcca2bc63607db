//! Searching a log on a host. Secrets are masked before anything is matched, so the host only preselects: it says where the words
//! stand that every match has to hold, and what stands around them is fetched, redacted and matched here. Where that cannot be told
//! for certain, the whole file comes.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::{
    File, Form, Opened, nonsense, places, seek,
    shell::{self, Script, Told},
    windows::{BLOCK, Windows, first_line},
};
use crate::{
    domain::{clean::taken_out, time::Time},
    redact::Redactor,
    world::{
        WorldError,
        files::{
            Budget, Found, Query,
            lines::for_each_line,
            matching::{Before, Search},
            pattern::Words,
            search::{self, CUT, NOT_TEXT},
        },
    },
};

/// A file of at most that many bytes comes whole at once.
const SMALL: u64 = 256 * 1024;

/// What is needed to search.
#[derive(Clone)]
struct Task {
    query: Query,
    redactor: Redactor,
    now: Time,
    budget: Budget,
}

/// What the first look at a file brought.
enum Look {
    /// All that there is to find: it is small, or no text.
    Done(Found),
    /// A large file of which nothing was read yet.
    Large(u64),
    /// The windows to be fetched, in a file of that size.
    Windows(u64, Windows),
    /// The host cannot preselect, or it is not worth it.
    Whole,
}

/// Searches a file.
pub(in crate::world::files) async fn search(
    file: &File<'_>,
    query: &Query,
    redactor: &Redactor,
    now: Time,
    budget: Budget,
) -> Result<Found, WorldError> {
    let task = Task { query: query.clone(), redactor: redactor.clone(), now, budget };
    if file.path.as_str().ends_with(".gz") {
        return whole(file, task, 0).await;
    }
    let words = query.pattern.as_ref().and_then(|pattern| pattern.words.clone()).or_else(|| query.level?.words());
    let arguments = words.as_ref().map(arguments).unwrap_or_default();
    // Where the window begins is only worth knowing in a large file.
    let first = if query.since.is_some() { Vec::new() } else { arguments.clone() };
    let mut look = self::look(file, &task, words.as_ref(), first, 0).await?;
    let mut begin = 0;
    if let Look::Large(size) = look {
        if let Some(since) = query.since {
            begin = seek::begin(file, size, since, now).await?;
        }
        look = if words.is_some() {
            self::look(file, &task, words.as_ref(), arguments, begin).await?
        } else {
            Look::Whole
        };
    }
    match look {
        Look::Done(found) => Ok(found),
        Look::Windows(size, windows) => match windowed(file, &task, words, size, windows).await? {
            Some(found) => Ok(found),
            None => whole(file, task, begin).await,
        },
        Look::Large(_) | Look::Whole => whole(file, task, begin).await,
    }
}

/// What the host's grep is told.
fn arguments(words: &Words) -> Vec<Vec<u8>> {
    let case = words.any_case.then(|| b"-i".to_vec());
    let words = words.list.iter().map(String::as_bytes).chain(taken_out().iter().map(Vec::as_slice));
    case.into_iter().chain(words.flat_map(|word| [b"-e".to_vec(), word.to_vec()])).collect()
}

/// Asks the host where the words stand.
async fn look(
    file: &File<'_>,
    task: &Task,
    words: Option<&Words>,
    arguments: Vec<Vec<u8>>,
    begin: u64,
) -> Result<Look, WorldError> {
    let (task, words, budget) = (task.clone(), words.cloned(), task.budget);
    let script = Script::places(if begin == 0 { SMALL } else { 0 }, begin, arguments).within(budget.time());
    let told = shell::run(file, script, move |opened, text: &mut dyn Read| match opened.form {
        Form::Plain => Ok(all(opened, 0, text, &task)?.map_or(Look::Whole, Look::Done)),
        Form::Binary => Ok(Look::Done(Found { bytes: opened.bytes, problem: Some(NOT_TEXT), ..Found::default() })),
        Form::Known if opened.bytes > 0 => Ok(Look::Large(opened.bytes)),
        Form::Places | Form::Parts if opened.bytes > 0 => {
            let found = words.and_then(|words| places::windows(opened, begin, text, &words));
            Ok(found.map_or(Look::Whole, |windows| Look::Windows(opened.bytes, windows)))
        }
        _ => Ok(Look::Whole),
    });
    match told.await? {
        Told::Answer(look) => Ok(look),
        Told::NoShell(_) => Ok(Look::Whole),
    }
}

/// Fetches the windows and searches them. `None` when they do not suffice.
async fn windowed(
    file: &File<'_>,
    task: &Task,
    words: Option<Words>,
    size: u64,
    windows: Windows,
) -> Result<Option<Found>, WorldError> {
    let nothing = Found { bytes: size, preselected: true, ..Found::default() };
    let Some(words) = words else { return Ok(None) };
    if windows.list.is_empty() {
        return Ok(Some(nothing));
    }
    let task = task.clone();
    let script = Script::windows(windows.parts()).within(task.budget.time());
    let told = shell::run(file, script, move |opened, text: &mut dyn Read| {
        if opened.form != Form::Windows {
            return Ok(None);
        }
        let mut text = task.budget.limit(text);
        let mut search = Search::new(&task.query, task.now, Before::Nothing);
        for window in &windows.list {
            let length = (window.to * BLOCK).min(size) - window.from * BLOCK;
            let mut part = text.by_ref().take(length);
            let is_sound =
                window.search(&mut part, size, &task.redactor, &mut search, |word| places::is_word(word, &words))?;
            if text.is_cut {
                search.found.problem = Some(CUT);
                break;
            }
            if !is_sound || search.is_torn {
                return Ok(None);
            }
        }
        search.begin(Before::Unknown);
        let is_whole = windows.list.last().is_some_and(|last| last.to * BLOCK >= size);
        let found = Found { read: text.read, ..search.found };
        Ok((is_whole || !search.is_torn).then_some(Found { bytes: size, preselected: true, ..found }))
    });
    match told.await? {
        Told::Answer(found) => Ok(found),
        Told::NoShell(_) => Ok(None),
    }
}

/// Searches all that stands behind a block of 64 KiB.
async fn whole(file: &File<'_>, task: Task, begin: u64) -> Result<Found, WorldError> {
    let (host, is_packed) = (file.host.name().clone(), file.path.as_str().ends_with(".gz"));
    let script = Script::content(begin, !is_packed).within(task.budget.time());
    let again = task.clone();
    let found = file
        .content(script, move |opened, text| match opened.form {
            Form::Plain if is_packed => packed(opened, text, &task).map(Some),
            Form::Plain => all(opened, begin, text, &task),
            Form::Gzip => all(opened, begin, MultiGzDecoder::new(text), &task),
            Form::Zstd => {
                let text = zstd::stream::read::Decoder::new(text).map_err(|error| nonsense(&host).because(error))?;
                all(opened, begin, text, &task)
            }
            _ => Err(nonsense(&host)),
        })
        .await?;
    match found {
        Some(found) => Ok(found),
        None => Box::pin(whole(file, again, 0)).await,
    }
}

/// Searches a log that is compressed.
fn packed(opened: Opened, text: &mut dyn Read, task: &Task) -> Result<Found, WorldError> {
    let found = search::whole(MultiGzDecoder::new(text), true, &task.redactor, &task.query, task.now, task.budget)?;
    Ok(Found { bytes: opened.bytes, ..found })
}

/// Searches the text behind a block of 64 KiB, and no more of it than the file had when it was opened. `None` when it cannot be told
/// where its first line begins.
fn all(opened: Opened, begin: u64, text: impl Read, task: &Task) -> Result<Option<Found>, WorldError> {
    let length = if opened.bytes == 0 { u64::MAX } else { opened.bytes.saturating_sub(begin * seek::UNIT) };
    let text = text.take(length);
    if begin == 0 {
        let found = search::whole(text, false, &task.redactor, &task.query, task.now, task.budget)?;
        return Ok(Some(Found { bytes: opened.bytes, ..found }));
    }
    let mut text = task.budget.limit(text);
    let (mut head, base) = (Vec::new(), opened.before + 1);
    let read = text.by_ref().take(2 * seek::UNIT).read_to_end(&mut head);
    read.map_err(|error| WorldError::io("read a file", error))?;
    let Some(first) = first_line(&head, base) else { return Ok(None) };
    let mut search = Search::new(&task.query, task.now, Before::Older);
    for_each_line(head.as_slice().chain(&mut text), &task.redactor, base, &mut |line| {
        if line.number >= first {
            search.line(line);
        }
        true
    })?;
    let problem = text.is_cut.then_some(CUT);
    let found = Found { bytes: opened.bytes, read: text.read, problem, ..search.found };
    Ok((!search.is_torn).then_some(found))
}
