//! Watching a run to its end, whatever happens to the connection.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    AFTER_LIMIT, Note, PATIENCE, There,
    begin::LOG,
    end::Why,
    look::{Said, View},
};
use crate::world::{
    WorldError,
    detached::{Log, ScriptResult, ScriptState, lines::Lines, write_durably},
    process::Sink,
    ssh::is_transient,
};

/// How much output comes with one look, bytes.
const PIECE: usize = 2 * 1024 * 1024;
/// The most of the output that is fetched, bytes: a host that has more did not run our runner.
const MOST: u64 = 4 * LOG;
/// The pauses between two looks, ms.
const PAUSES: std::ops::RangeInclusive<u64> = 20..=1_000;

/// The output as far as it has come here.
struct Pull {
    log: Log,
    offset: u64,
}

impl Pull {
    fn take(&mut self, piece: &[u8]) {
        self.offset += piece.len() as u64;
        self.log.take(piece);
    }

    /// Whether more of the output is there than has come.
    fn lags(&self, view: &View) -> bool {
        !view.piece.is_empty() && self.offset < view.size.min(MOST)
    }
}

impl There<'_> {
    /// What is known of the run.
    pub(in crate::world) async fn state(&self) -> ScriptState {
        if let Some(result) = self.result() {
            return ScriptState::Exited(result);
        }
        match self.remote.patiently(self.patience(), || self.look(0, 0)).await {
            Err(error) => ScriptState::unseen(&error, self.noted(Note::Asked)),
            Ok(view) if view.said == Said::Running => self.seen(ScriptState::Running),
            // What is over is brought here first.
            Ok(_) => self.follow(&|_| {}).await,
        }
    }

    /// Waits until the run is over, brings its output here and tells every new line. A connection that is lost is waited for until
    /// the script's own time limit is over.
    pub(in crate::world) async fn follow(&self, line: &(dyn Fn(String) + Send + Sync)) -> ScriptState {
        if let Some(result) = self.result() {
            Lines::default().tell(self.remote.reader(), &self.ours, line);
            return ScriptState::Exited(result);
        }
        let mut pull = None;
        let mut lines = Lines::default();
        let state = self.watch(&mut pull, &mut lines, line).await;
        if let Some(pull) = pull {
            // Whatever became of it: what came is kept.
            pull.log.finish();
            lines.tell(self.remote.reader(), &self.ours, line);
        }
        lines.finish(line);
        state
    }

    async fn watch(
        &self,
        pull: &mut Option<Pull>,
        lines: &mut Lines,
        line: &(dyn Fn(String) + Send + Sync),
    ) -> ScriptState {
        let (begun, mut pause, mut away, mut ended) = (Instant::now(), *PAUSES.start(), false, false);
        loop {
            let offset = pull.as_ref().map_or(0, |pull| pull.offset);
            let view = match self.look(offset, PIECE).await {
                Ok(view) => view,
                Err(error) if is_transient(&error) && begun.elapsed() < self.patience() => {
                    if !std::mem::replace(&mut away, true) {
                        line(format!("host {} cannot be reached; the script runs on without us", self.name()));
                    }
                    pause = self.rest(pause).await;
                    continue;
                }
                Err(error) => return ScriptState::unseen(&error, self.noted(Note::Asked)),
            };
            if std::mem::take(&mut away) {
                line(format!("host {} is back", self.name()));
            }
            if view.said != Said::Absent && self.note(Note::Claimed).is_err() {
                tracing::warn!("a note about a run cannot be written");
            }
            if !view.piece.is_empty() {
                pause = *PAUSES.start();
                let target = match pull {
                    Some(open) => open,
                    None => match self.open().await {
                        Ok(new) => pull.insert(new),
                        Err(error) => return ScriptState::unseen(&error, true),
                    },
                };
                target.take(&view.piece);
                lines.tell(self.remote.reader(), &self.ours, line);
                if target.lags(&view) {
                    continue;
                }
            }
            match view.said {
                Said::Absent if self.noted(Note::Claimed) => return ScriptState::Lost { script_runs: false },
                Said::Absent => return ScriptState::NotStarted,
                Said::Lost { script_runs } => return ScriptState::Lost { script_runs },
                Said::Exited { ending, seconds } => {
                    let pull = match pull.take() {
                        Some(pull) => Ok(pull),
                        None => self.open().await,
                    };
                    let kept = pull.and_then(|pull| {
                        let (bytes, digest) = pull.log.finish();
                        let result = ScriptResult { ending, bytes, digest, duration_ms: seconds.saturating_mul(1000) };
                        self.keep(&result).map(|()| result)
                    });
                    lines.tell(self.remote.reader(), &self.ours, line);
                    return match kept {
                        Ok(result) => {
                            self.remove_output().await;
                            ScriptState::Exited(result)
                        }
                        Err(error) => ScriptState::unseen(&error, true),
                    };
                }
                Said::Running if begun.elapsed() < self.patience() => {}
                Said::Running if ended => return overdue(self.name().as_str()),
                Said::Running => {
                    // The host should have ended it. Who runs it may have been killed or stopped.
                    line(format!(
                        "the time limit is over and host {} has not ended the script: ending it",
                        self.name()
                    ));
                    ended = true;
                    if !self.end(Why::TimeLimit, i64::MAX).await.unwrap_or(false) {
                        return overdue(self.name().as_str());
                    }
                }
            }
            pause = self.rest(pause).await;
        }
    }

    /// How long the end of the run is waited for.
    fn patience(&self) -> Duration {
        let known = self.noted(Note::Asked) || self.noted(Note::Claimed);
        if known { Duration::from_secs(u64::from(self.timeout_s)) + AFTER_LIMIT } else { PATIENCE }
    }

    async fn rest(&self, pause: u64) -> u64 {
        sleep(Duration::from_millis(pause)).await;
        (pause * 2).min(*PAUSES.end())
    }

    fn seen(&self, state: ScriptState) -> ScriptState {
        match self.note(Note::Claimed) {
            Ok(()) => state,
            Err(error) => ScriptState::unseen(&error, true),
        }
    }

    /// The output, from its beginning on: what an earlier process of ours had of it is replaced.
    async fn open(&self) -> Result<Pull, WorldError> {
        self.note(Note::Claimed)?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(self.ours.join("log"));
        let file = file.map_err(|error| WorldError::io("keep the output of a script", error))?;
        Ok(Pull { log: Log::new(file, self.redactor().await), offset: 0 })
    }

    fn keep(&self, result: &ScriptResult) -> Result<(), WorldError> {
        let text = serde_json::to_vec(result);
        let text = text.map_err(|e| WorldError::io("keep the result of a script", std::io::Error::other(e)))?;
        write_durably(&self.ours.join("rc"), &text)
    }
}

fn overdue(host: &str) -> ScriptState {
    ScriptState::Unseen {
        why: format!("its time limit is over, and it could not be ended on host {host}: it may still run there"),
        begun: true,
    }
}
