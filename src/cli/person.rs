//! Which account runs this command.

use crate::domain::principal::Principal;

/// The account of this process, from the kernel and the account database. Variables such as `USER` are not asked: anybody sets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The login name, or `uid<number>` for an account that `/etc/passwd` does not list.
    pub(crate) login: String,
    /// The real user id.
    pub(crate) uid: u32,
}

impl Person {
    /// Who runs this process.
    pub(crate) fn here() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self { login: login_of(uid, &accounts).unwrap_or_else(|| format!("uid{uid}")), uid }
    }

    /// As a human at a terminal: `operator:alice#1000`.
    pub(crate) fn operator(&self) -> Principal {
        Principal::operator(&format!("{}#{}", self.login, self.uid))
    }

    /// As a caller of tools: the same as a client on stdio that this account started.
    pub(crate) fn caller(&self) -> Principal {
        Principal::local(self.uid)
    }
}

/// The first name with that id in `passwd(5)`.
fn login_of(uid: u32, accounts: &str) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id: u32 = fields.nth(1)?.parse().ok()?;
        let plain = !name.is_empty() && !name.chars().any(|c| c.is_control() || c == '#');
        (id == uid && plain).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_belongs_to_the_number() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\n# comment\nbroken\nalice:x:1000:1000::/home/alice:/bin/sh\nalias:x:1000:1000:::\n";
        assert_eq!(login_of(0, accounts).as_deref(), Some("root"));
        assert_eq!(login_of(1000, accounts).as_deref(), Some("alice"));
        assert_eq!(login_of(1, accounts), None);
        let person = Person { login: "alice".to_owned(), uid: 1000 };
        assert_eq!(person.operator().as_str(), "operator:alice#1000");
        assert_eq!(person.caller().as_str(), "local:1000");
    }
}
