//! What the answer of a host means. The host may lie: only words that we know and values in bounds are taken.

use crate::{
    domain::{
        capabilities::{PROGRAMS, Shell},
        space::Space,
        time::Time,
    },
    world::ssh::space,
};

/// How long a name that a host gives may be, characters.
const NAME: usize = 80;
const COREUTILS: &[&str] = &["gnu", "busybox", "uutils", "toybox"];

/// The shell and the room that an answer tells; nothing when it is not one of our script, or not all of it. `now` is our time when the
/// host looked at its clock.
pub(super) fn answer(said: &str, now: Time) -> Option<(Shell, Option<Space>)> {
    let (_, said) = said.split_once("deploy-ops-probe\n")?;
    let said = said.trim_end().strip_suffix("deploy-ops-end")?;
    let mut shell = Shell { coreutils: "other".to_owned(), ..Shell::default() };
    for (word, rest) in said.lines().filter_map(|line| line.split_once(' ')) {
        match word {
            "login" => shell.login = name(rest),
            "system" => shell.system = name(rest),
            "distribution" => shell.distribution = name(rest.trim_matches('"')),
            "sh" => shell.sh = name(rest),
            "home" => shell.home = name(rest),
            "umask" => shell.umask = u32::from_str_radix(rest, 8).ok().filter(|mask| *mask <= 0o777),
            "coreutils" => {
                shell.coreutils = COREUTILS.iter().find(|known| **known == rest).copied().unwrap_or("other").to_owned();
            }
            "proc" => shell.reads_proc = rest == "yes",
            "has" => {
                shell.programs.extend(PROGRAMS.iter().filter(|known| **known == rest).map(|&known| known.to_owned()));
            }
            "clock" => shell.clock_ahead_s = ahead(rest, now),
            _ => {}
        }
    }
    Some((shell, space::of(said)))
}

/// A name in plain characters, not endless; everything else is left out.
fn name(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || " ._-/()+#:~".contains(*c);
    text.chars().filter(plain).take(NAME).collect::<String>().trim().to_owned()
}

/// How far a clock is ahead, s. A second is lost by counting whole ones.
fn ahead(seconds: &str, now: Time) -> Option<i64> {
    let there: i64 = seconds.parse().ok()?;
    let ahead = there.checked_sub(now.as_millis().div_euclid(1000))?;
    Some(if ahead.abs() <= 1 { 0 } else { ahead })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_700_000_000_000;

    #[test]
    fn an_answer_is_read_and_nothing_else() {
        let said = "Welcome!\nhas tar\ndeploy-ops-probe\nlogin /bin/bash\nsystem Linux 6.1.0-18 x86_64\n\
                    distribution \"Debian GNU/Linux 12 (bookworm)\"\nsh /usr/bin/dash\nhome /www/htdocs/w0000001\numask 0022\n\
                    coreutils gnu\nproc yes\nhas setsid\nhas php83\nhas rm -rf\nblocks /dev/sda1 10 6 4 60% /\nclock 1700000061\n\
                    deploy-ops-end\n";
        let (shell, space) = answer(said, Time::from_millis(NOW_MS)).unwrap();
        assert_eq!((shell.system.as_str(), shell.sh.as_str()), ("Linux 6.1.0-18 x86_64", "/usr/bin/dash"));
        assert_eq!(shell.distribution, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!((shell.umask, shell.reads_proc, shell.clock_ahead_s), (Some(0o022), true, Some(61)));
        assert_eq!(shell.programs.iter().map(String::as_str).collect::<Vec<_>>(), ["php83", "setsid"]);
        assert_eq!(space.unwrap().free_bytes, 4096);
    }

    #[test]
    fn what_is_cut_or_no_answer_of_ours_is_none() {
        for said in
            ["", "This service allows sftp connections only.", "deploy-ops-probe\nlogin /bin/sh\n", "deploy-ops-end"]
        {
            assert_eq!(answer(said, Time::from_millis(NOW_MS)), None, "{said}");
        }
    }

    #[test]
    fn a_lying_host_fills_no_pages_and_gives_no_orders() {
        let long = "A".repeat(10_000);
        let said = format!(
            "deploy-ops-probe\nsystem {long}\nhome /x\u{1b}[31m\u{202e}<b>\ncoreutils {long}\numask 99999\nclock never\n\
             blocks a 1 2 x% /\ndeploy-ops-end"
        );
        let (shell, space) = answer(&said, Time::from_millis(NOW_MS)).unwrap();
        assert_eq!((shell.system.len(), shell.coreutils.as_str(), shell.home.as_str()), (NAME, "other", "/x31mb"));
        assert_eq!((shell.umask, shell.clock_ahead_s, space), (None, None, None));
    }
}
