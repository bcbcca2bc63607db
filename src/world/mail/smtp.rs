//! SMTP submission (RFC 5321, 6409): as far as the login.

use super::{
    Alias,
    dialogue::{Credentials, Dialogue, base64},
    fault::{Fault, Phase},
};

/// How we introduce ourselves: a machine without a name of its own gives an address (RFC 5321 §4.1.3).
const HELLO: &str = "EHLO [127.0.0.1]";

/// An answer: its code, and what was said with it, line by line.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

/// Logs in.
pub(super) async fn log_in(mut dialogue: Dialogue, who: Credentials<'_>) -> Result<Dialogue, Fault> {
    let greeting = reply(&mut dialogue).await?;
    wanted(&dialogue, greeting, 220)?;
    let mut offers = hello(&mut dialogue).await?;
    if dialogue.wants_tls() {
        dialogue.phase = Phase::Starttls;
        if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
            return Err(Fault::NoTls);
        }
        let ready = command(&mut dialogue, "STARTTLS").await?;
        wanted(&dialogue, ready, 220)?;
        dialogue = dialogue.begin_tls().await?;
        offers = hello(&mut dialogue).await?;
    }
    dialogue.phase = Phase::Login;
    let offered = mechanisms(&offers);
    let has = |name: &str| offered.iter().any(|offer| offer == name);
    let answer = if has("PLAIN") {
        command(&mut dialogue, &format!("AUTH PLAIN {}", who.plain())).await?
    } else if has("LOGIN") {
        let mut answer = command(&mut dialogue, "AUTH LOGIN").await?;
        for word in [who.user, who.password.expose()] {
            if answer.code != 334 {
                break;
            }
            answer = command(&mut dialogue, &base64(word)).await?;
        }
        answer
    } else {
        return Err(Fault::NoMechanism);
    };
    judge(&answer)?;
    Ok(dialogue)
}

/// Which of the addresses the server takes mail for, from who logged in. No mail is sent: the transaction is given up.
pub(super) async fn aliases(dialogue: &mut Dialogue, from: &str, addresses: &[String]) -> Vec<Alias> {
    let mut found: Vec<Alias> = addresses.iter().map(|_| Alias::Unknown).collect();
    let begun = command(dialogue, &format!("MAIL FROM:<{from}>")).await;
    if begun.is_ok_and(|reply| reply.code == 250) {
        for (address, found) in addresses.iter().zip(&mut found) {
            let Ok(answer) = command(dialogue, &format!("RCPT TO:<{address}>")).await else { break };
            *found = match answer.code {
                250 | 251 => Alias::Resolves,
                500..=599 => Alias::Refused,
                _ => Alias::Unknown,
            };
        }
        let _ = command(dialogue, "RSET").await;
    }
    found
}

/// Introduces us; what the server offers.
async fn hello(dialogue: &mut Dialogue) -> Result<Vec<String>, Fault> {
    let reply = command(dialogue, HELLO).await?;
    Ok(wanted(dialogue, reply, 250)?.lines.split_off(1))
}

/// The ways to log in among the offers, in capitals; `AUTH=` is how they were offered before there was a standard.
fn mechanisms(offers: &[String]) -> Vec<String> {
    let offers = offers.iter().map(|offer| offer.to_ascii_uppercase().replace("AUTH=", "AUTH "));
    offers
        .filter_map(|offer| {
            Some(offer.strip_prefix("AUTH ")?.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
        })
        .flatten()
        .collect()
}

async fn command(dialogue: &mut Dialogue, line: &str) -> Result<Reply, Fault> {
    dialogue.say(line).await?;
    reply(dialogue).await
}

/// An answer of one or more lines, all with the same code (RFC 5321 §4.2.1).
async fn reply(dialogue: &mut Dialogue) -> Result<Reply, Fault> {
    let mut reply = Reply { code: 0, lines: Vec::new() };
    loop {
        let line = dialogue.line().await?;
        let (code, rest) = line.split_at_checked(3).ok_or_else(|| dialogue.foreign())?;
        let code = code.parse().ok().filter(|code| (200..600).contains(code)).ok_or_else(|| dialogue.foreign())?;
        if !reply.lines.is_empty() && code != reply.code {
            return Err(dialogue.foreign());
        }
        reply.code = code;
        let mut rest = rest.chars();
        let between = rest.next();
        reply.lines.push(rest.as_str().to_owned());
        match between {
            Some(' ') | None => break,
            Some('-') => {}
            Some(_) => return Err(dialogue.foreign()),
        }
    }
    if reply.code == 421 { Err(Fault::Later(reply.said())) } else { Ok(reply) }
}

/// The answer, when it has this code.
fn wanted(dialogue: &Dialogue, reply: Reply, code: u16) -> Result<Reply, Fault> {
    match reply.code {
        found if found == code => Ok(reply),
        400..=499 => Err(Fault::Later(reply.said())),
        _ => Err(Fault::Turned(dialogue.phase, reply.said())),
    }
}

/// What the answer to a login means (RFC 4954 §6). A refusal that is told in an unusual way still counts as one: it counts on the
/// server too.
fn judge(reply: &Reply) -> Result<(), Fault> {
    match reply.code {
        235 => Ok(()),
        400..=499 => Err(Fault::Later(reply.said())),
        535 | 525 | 550..=599 => Err(Fault::Refused(reply.said())),
        _ => Err(Fault::Turned(Phase::Login, reply.said())),
    }
}

impl Reply {
    fn said(&self) -> String {
        Fault::excerpt(&format!("{} {}", self.code, self.lines.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_log_in_are_read_however_they_are_offered() {
        let of = |offers: &[&str]| mechanisms(&offers.iter().map(|&offer| offer.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["SIZE 5", "AUTH PLAIN LOGIN", "HELP"]), ["PLAIN", "LOGIN"]);
        assert_eq!(of(&["auth plain"]), ["PLAIN"]);
        assert_eq!(of(&["AUTH=LOGIN PLAIN"]), ["LOGIN", "PLAIN"]);
        assert!(of(&["AUTHX PLAIN", "AUTH"]).is_empty());
    }

    #[test]
    fn only_235_is_a_login_and_only_a_no_is_a_refusal() {
        let of = |code| judge(&Reply { code, lines: vec!["words".to_owned()] });
        assert!(of(235).is_ok());
        for (code, refusal) in
            [(535, true), (550, true), (454, false), (530, false), (504, false), (334, false), (250, false)]
        {
            assert_eq!(of(code).unwrap_err().is_refusal(), refusal, "{code}");
        }
    }
}
