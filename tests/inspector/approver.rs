//! The human who approves, at a pseudo terminal.

use std::{
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use totp_rs::{Builder, Secret};

use super::guestbook::{Guestbook, TOTP_KEY};

/// The length of a one-time password's step, seconds.
const STEP_S: u64 = 30;

/// Somebody who runs `deploy-ops approve` under the account of this process.
pub(super) struct Approver<'a> {
    book: &'a Guestbook,
    /// Whether the client runs under the same account, so that a one-time password is asked for.
    same_account: bool,
    /// The last step whose code was used; a code counts once.
    used: u64,
    /// All that stood on the terminal.
    pub(super) seen: String,
}

impl<'a> Approver<'a> {
    pub(super) fn new(book: &'a Guestbook, same_account: bool) -> Self {
        Self { book, same_account, used: 0, seen: String::new() }
    }

    /// Reads the plan, types the service's name, and the one-time password when it is asked for.
    pub(super) fn approve(&mut self, plan: &str) -> String {
        let mut talk = vec![("type guestbook: ".to_owned(), "guestbook".to_owned())];
        if self.same_account {
            talk.push(("6 digits): ".to_owned(), self.code()));
        }
        let (code, shown) = self.talk(&["approve", plan], &talk);
        assert!(code == 0 && shown.contains("Approved for"), "{code}: {shown}");
        assert_eq!(shown.contains("6 digits"), self.same_account, "{shown}");
        shown
    }

    fn talk(&mut self, arguments: &[&str], talk: &[(String, String)]) -> (i32, String) {
        let mut command = Command::new("python3");
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/at_terminal.py"))
            .arg(serde_json::to_string(talk).unwrap())
            .arg(env!("CARGO_BIN_EXE_deploy-ops"))
            .args(arguments);
        self.book.environment(&mut command);
        let output = command.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        self.seen.push_str(&shown);
        (output.status.code().unwrap(), shown)
    }

    /// The next code that was not used yet. One step before and after the present one are accepted; when those are used up, the
    /// next one has to come.
    fn code(&mut self) -> String {
        let end = Instant::now() + Duration::from_secs(2 * STEP_S);
        loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let present = now / STEP_S;
            // The step before is still good, but not when its time is nearly over.
            let first = if now % STEP_S < STEP_S / 2 { present - 1 } else { present };
            let next = first.max(self.used + 1);
            if next <= present + 1 {
                self.used = next;
                let totp = Builder::new().with_secret(Secret::try_from_base32(TOTP_KEY).unwrap()).build().unwrap();
                return totp.generate(next * STEP_S).to_string();
            }
            assert!(Instant::now() < end, "the clock stands still");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
