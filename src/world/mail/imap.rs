//! IMAP (RFC 9051, 3501): as far as INBOX, opened for reading only.

use super::{
    dialogue::{Credentials, Dialogue},
    fault::{Fault, Phase},
};

/// What we put before each command; the server's answer begins with it.
const TAG: &str = "d1";

/// How a command ended, what was said with that, and what was said before it.
struct Answer {
    status: Status,
    text: String,
    untagged: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    No,
    Bad,
}

/// Logs in and opens INBOX.
pub(super) async fn log_in(mut dialogue: Dialogue, who: Credentials<'_>) -> Result<Dialogue, Fault> {
    let greeting = line(&mut dialogue).await?;
    match greeting.split_ascii_whitespace().take(2).collect::<Vec<_>>().as_slice() {
        ["*", "OK"] => {}
        // Who says "you are in" before TLS wants us to go on without it.
        ["*", "PREAUTH"] if dialogue.wants_tls() => return Err(Fault::NoTls),
        ["*", "BYE"] => return Err(Fault::Later(Fault::excerpt(&greeting))),
        _ => return Err(dialogue.foreign()),
    }
    if dialogue.wants_tls() {
        dialogue.phase = Phase::Starttls;
        if !capabilities(&mut dialogue).await?.iter().any(|capability| capability == "STARTTLS") {
            return Err(Fault::NoTls);
        }
        let ready = command(&mut dialogue, "STARTTLS").await?;
        wanted(&dialogue, ready)?;
        dialogue = dialogue.begin_tls().await?;
    }
    dialogue.phase = Phase::Login;
    let capabilities = capabilities(&mut dialogue).await?;
    let has = |name: &str| capabilities.iter().any(|capability| capability == name);
    let answer = if has("AUTH=PLAIN") {
        begin(&mut dialogue, &format!("{TAG} AUTHENTICATE PLAIN"), &[&who.plain()]).await?
    } else if !has("LOGINDISABLED") {
        let (user, password) = (who.user, who.password.expose());
        let first = format!("{TAG} LOGIN {{{}}}", user.len());
        let second = format!("{user} {{{}}}", password.len());
        begin(&mut dialogue, &first, &[&second, password]).await?
    } else {
        return Err(Fault::NoMechanism);
    };
    judge(&answer)?;
    dialogue.phase = Phase::Inbox;
    let opened = command(&mut dialogue, "EXAMINE INBOX").await?;
    wanted(&dialogue, opened)?;
    Ok(dialogue)
}

/// The last word.
pub(super) async fn leave(dialogue: Dialogue) {
    dialogue.farewell(&format!("{TAG} LOGOUT")).await;
}

/// What the server can do, in capitals.
async fn capabilities(dialogue: &mut Dialogue) -> Result<Vec<String>, Fault> {
    let answer = command(dialogue, "CAPABILITY").await?;
    let lines = wanted(dialogue, answer)?.untagged;
    let words = lines.iter().filter_map(|line| line.strip_prefix("* CAPABILITY "));
    Ok(words.flat_map(str::split_ascii_whitespace).map(str::to_ascii_uppercase).collect())
}

async fn command(dialogue: &mut Dialogue, command: &str) -> Result<Answer, Fault> {
    begin(dialogue, &format!("{TAG} {command}"), &[]).await
}

/// Says a line, and each further one when the server asks for it.
async fn begin(dialogue: &mut Dialogue, first: &str, further: &[&str]) -> Result<Answer, Fault> {
    dialogue.say(first).await?;
    let (mut untagged, mut further) = (Vec::new(), further.iter());
    loop {
        let line = line(dialogue).await?;
        if line.starts_with('+') {
            let next = further.next().ok_or_else(|| dialogue.foreign())?;
            dialogue.say(next).await?;
        } else if line.starts_with("* BYE") {
            return Err(Fault::Later(Fault::excerpt(&line)));
        } else if line.starts_with("* ") {
            untagged.push(line);
        } else {
            let rest = line.strip_prefix(TAG).and_then(|rest| rest.strip_prefix(' '));
            let (status, text) = rest.map(|rest| rest.split_once(' ').unwrap_or((rest, ""))).unwrap_or_default();
            let status = match status.to_ascii_uppercase().as_str() {
                "OK" => Status::Ok,
                "NO" => Status::No,
                "BAD" => Status::Bad,
                _ => return Err(dialogue.foreign()),
            };
            return Ok(Answer { status, text: text.to_owned(), untagged });
        }
    }
}

/// A line, without the literals in it (RFC 9051 §4.3): what has one goes on behind it.
async fn line(dialogue: &mut Dialogue) -> Result<String, Fault> {
    let mut piece = dialogue.line().await?;
    let mut whole = piece.clone();
    while let Some(length) = literal(&piece) {
        dialogue.skip(length).await?;
        piece = dialogue.line().await?;
        whole.push_str(&piece);
    }
    Ok(whole)
}

/// The length of the literal that a line ends with.
fn literal(line: &str) -> Option<usize> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

/// The answer, when it is a good one.
fn wanted(dialogue: &Dialogue, answer: Answer) -> Result<Answer, Fault> {
    match answer.status {
        Status::Ok => Ok(answer),
        Status::No | Status::Bad => Err(Fault::Turned(dialogue.phase, Fault::excerpt(&answer.text))),
    }
}

/// What the answer to a login means: a NO is a refusal, unless its code (RFC 5530) says that something else is in the way.
fn judge(answer: &Answer) -> Result<(), Fault> {
    let said = || Fault::excerpt(&answer.text);
    let code = answer.text.strip_prefix('[').and_then(|text| text.split([' ', ']']).next()).unwrap_or_default();
    match (answer.status, code.to_ascii_uppercase().as_str()) {
        (Status::Ok, _) => Ok(()),
        (Status::No, "UNAVAILABLE" | "INUSE" | "LIMIT" | "SERVERBUG") => Err(Fault::Later(said())),
        (Status::No, "PRIVACYREQUIRED") | (Status::Bad, _) => Err(Fault::Turned(Phase::Login, said())),
        (Status::No, _) => Err(Fault::Refused(said())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_long_its_literal_is() {
        assert_eq!(literal("* LIST {12}"), Some(12));
        for line in ["* OK {}", "* OK {12} x", "* OK {-1}", "* OK 12}", "}", "* OK {99999999999999999999}"] {
            assert_eq!(literal(line), None, "{line}");
        }
    }

    #[test]
    fn a_no_is_a_refusal_unless_its_code_says_otherwise() {
        let of = |status, text: &str| judge(&Answer { status, text: text.to_owned(), untagged: vec![] });
        assert!(of(Status::Ok, "in").is_ok());
        for text in ["[AUTHENTICATIONFAILED] no", "[EXPIRED] no", "no", "[] no"] {
            assert!(of(Status::No, text).unwrap_err().is_refusal(), "{text}");
        }
        for text in ["[UNAVAILABLE] no", "[limit] no", "[PRIVACYREQUIRED] no"] {
            assert!(!of(Status::No, text).unwrap_err().is_refusal(), "{text}");
        }
        assert!(!of(Status::Bad, "what").unwrap_err().is_refusal());
    }
}
