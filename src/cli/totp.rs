//! One-time passwords (RFC 6238: SHA-1, six digits, 30 s, one step of clock difference either way).
//!
//! A code is needed where the environment says so, and where a human approves a plan of a client that runs under their own account: the
//! account proves nothing then, the device does. Each code counts once, and after five wrong ones nobody is asked for 15 minutes.

use serde_json::json;
use totp_rs::{Builder, Secret as Key, Totp};

use super::{
    human::Human,
    person::Person,
    wire::{self, Wired},
};
use crate::{
    domain::{
        inventory::Environment,
        principal::Principal,
        refusal::{Code, Refusal},
        time::Time,
    },
    ledger::Ledger,
    world::{Clock, SystemClock},
};

/// Wrong codes until nobody is asked any more.
const TRIES: usize = 5;
/// For how long, seconds.
const PAUSE_S: u64 = 15 * 60;
/// The kind of ledger entry that counts a wrong code.
const WRONG_CODE: &str = "one_time_password_refused";
/// How far back wrong codes are looked for, in entries. Whoever wants to hide five wrong ones has to make as many others.
const LOOK_BACK: u32 = 2000;

/// Asks for a code until a fresh one is right. Refused when this person has no key, and after too many wrong ones.
pub(crate) async fn demand(
    human: &mut Human,
    wired: &Wired,
    environment: &Environment,
    person: &Person,
) -> Result<(), Refusal> {
    let totp = key_of(wired, person).await?;
    let operator = person.operator();
    let ledger = wired.engine.ledger_for_operator().await?;
    loop {
        let now = SystemClock.now();
        if !may_try(&wrong_codes(ledger, &operator).await?, now) {
            return Err(Refusal::new(
                Code::RateLimited,
                "Too many wrong one-time passwords.",
                "Try again in 15 minutes; check the clocks of this machine and of the device.",
            ));
        }
        let typed = human.ask_hidden("One-time password (6 digits): ")?;
        let now = SystemClock.now();
        let step = step_of(&totp, &typed, now);
        match step {
            Some(step) if wired.engine.use_totp_step(environment, step).await? => return Ok(()),
            Some(_) => human.show("That code was used already; wait for the next one.\n")?,
            None => human.show("That code is not right.\n")?,
        }
        let body = wired.redactor.json(json!({ "environment": environment.name, "used_before": step.is_some() }));
        ledger.note(WRONG_CODE, None, &operator, body, now).await?;
    }
}

/// The step of a right code.
fn step_of(totp: &Totp, typed: &str, now: Time) -> Option<u64> {
    let digits: String = typed.chars().filter(|c| *c != ' ').collect();
    let well_formed = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = u64::try_from(now.as_millis() / 1000).ok()?;
    if well_formed { totp.check(&digits, seconds) } else { None }
}

/// Whether one more try is allowed after wrong ones at these moments.
fn may_try(wrong: &[Time], now: Time) -> bool {
    wrong.iter().filter(|at| now.seconds_since(**at) < PAUSE_S).count() < TRIES
}

async fn wrong_codes(ledger: &Ledger, operator: &Principal) -> Result<Vec<Time>, Refusal> {
    let head = ledger.head().await?;
    let entries = ledger.entries((head.seq - i64::from(LOOK_BACK)).max(0), LOOK_BACK).await?;
    let wrong = entries.into_iter().filter(|entry| entry.kind == WRONG_CODE && entry.actor == *operator);
    Ok(wrong.map(|entry| entry.at).collect())
}

async fn key_of(wired: &Wired, person: &Person) -> Result<Totp, Refusal> {
    let refused = |message: &str, fix: String| Refusal::new(Code::Forbidden, message, fix);
    let approver = wired.config.as_ref().and_then(|config| {
        let approvers = &config.settings.approvers;
        Some((config, approvers.iter().find(|approver| approver.name == person.login)?))
    });
    let Some((config, approver)) = approver else {
        return Err(refused(
            "A one-time password is needed, and this account has no key.",
            format!("Add [[approvers]] with name = \"{}\" and totp to the configuration.", person.login),
        ));
    };
    let secret = wire::secret(config, &wired.paths, &approver.totp).await;
    secret.and_then(|secret| parse_key(secret.expose())).ok_or_else(|| {
        refused(
            "The key of the one-time passwords cannot be used.",
            format!("Secret {} must be at least 16 bytes in base32, as authenticator apps show it.", approver.totp),
        )
    })
}

/// The key as authenticator apps show it: base32, in either case, with or without spaces and padding.
fn parse_key(text: &str) -> Option<Totp> {
    let base32: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '=')).collect();
    let key = Key::try_from_base32(base32.to_ascii_uppercase()).ok()?;
    Builder::new().with_secret(key).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B: the ASCII text 12345678901234567890.
    const KEY: &str = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";

    #[test]
    fn codes_are_those_of_the_rfc() {
        let totp = parse_key(KEY).unwrap();
        // The last six digits of the eight in the table of appendix B.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            let now = Time::from_millis(seconds * 1000);
            assert_eq!(step_of(&totp, code, now), u64::try_from(seconds / 30).ok());
            assert!(step_of(&totp, code, now.plus_s(30)).is_some());
            assert!(step_of(&totp, code, now.plus_s(-30)).is_some());
            assert_eq!(step_of(&totp, code, now.plus_s(61)), None);
            assert_eq!(step_of(&totp, code, now.plus_s(-61)), None);
        }
        for typed in ["", "28708", "2870820", "28708x", "２８７０８２", "-28708"] {
            assert_eq!(step_of(&totp, typed, Time::from_millis(59_000)), None, "{typed}");
        }
        assert!(step_of(&totp, "287 082", Time::from_millis(59_000)).is_some());
    }

    #[test]
    fn a_key_that_is_too_short_is_no_key() {
        assert!(parse_key("GEZDGNBV").is_none());
        assert!(parse_key("not base32!").is_none());
    }

    #[test]
    fn five_wrong_codes_are_enough_for_a_while() {
        let at = Time::from_millis(1_000_000_000);
        assert!(may_try(&[at; 4], at));
        assert!(!may_try(&[at; 5], at));
        assert!(!may_try(&[at; 5], at.plus_s(899)));
        assert!(may_try(&[at; 5], at.plus_s(900)));
    }
}
