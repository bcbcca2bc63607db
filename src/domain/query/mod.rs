//! Queries for the web: what may be asked of strangers. Pure.

mod private;
mod signature;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

pub use private::Private;
pub use signature::signature;

/// How long a query may be, characters; the search takes no more.
pub const CHARACTERS: usize = 400;
/// How many words it may have.
pub const WORDS: usize = 50;

/// What is taken out of a query. Its value is never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// What the redactor knows or takes for a secret.
    Secret,
    /// The name of a host of the inventory, or one below the same domain.
    HostName,
    /// An IP address.
    Address,
    /// A mail address.
    MailAddress,
    /// A user of the inventory.
    UserName,
    /// A path of the inventory, or one below somebody's home.
    Path,
    /// What is more than the search takes.
    TooLong,
}

/// A query that may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// What is left; empty when nothing is.
    pub query: String,
    /// What was taken out.
    pub taken: BTreeSet<Taken>,
}

/// What may leave of a query that the redactor has seen, whose masks are `mask`. What stands in one piece with something private
/// goes with it: too much is lost rather than too little.
pub fn clean(text: &str, mask: &str, private: &Private) -> Cleaned {
    let mut taken = BTreeSet::new();
    if text.contains(mask) {
        taken.insert(Taken::Secret);
    }
    let text = text.replace(mask, " ");
    let mut kept = String::with_capacity(text.len());
    let mut piece = String::new();
    for c in text.chars().chain([' ']) {
        if !separates(c) {
            piece.push(c);
            continue;
        }
        match private.judge(&piece) {
            Some(kind) => {
                taken.insert(kind);
            }
            None => kept.push_str(&piece),
        }
        piece.clear();
        kept.push(c);
    }
    let words: Vec<&str> = kept.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).collect();
    let mut query = String::new();
    for (count, word) in words.iter().enumerate() {
        if count == WORDS || query.chars().count() + 1 + word.chars().count() > CHARACTERS {
            taken.insert(Taken::TooLong);
            break;
        }
        if !query.is_empty() {
            query.push(' ');
        }
        query.push_str(word);
    }
    Cleaned { query, taken }
}

/// What stands between pieces that are judged alone.
fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '{' | '}' | '<' | '>' | ',' | ';' | '=' | '|' | '&')
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: &str = "[redacted]";

    fn private() -> Private {
        let mut private = Private::default();
        private.host("db1.example.org");
        private.host("web7");
        private.host("10.1.2.3");
        private.user("ssh-w0123456");
        private.user("postgres");
        private.path("/www/htdocs/w0123456/crm");
        private
    }

    #[test]
    fn nothing_private_leaves() {
        use Taken::{Address, HostName, MailAddress, Path, Secret, UserName};
        for (text, wanted, kinds) in [
            (
                "Drupal 10 deployment best practices with Drush",
                "Drupal 10 deployment best practices with Drush",
                vec![],
            ),
            (
                "FastAPI Alembic migration: Can't locate revision",
                "FastAPI Alembic migration: Can 't locate revision",
                vec![],
            ),
            ("cannot connect to db1.example.org:5432", "cannot connect to", vec![HostName]),
            ("dial tcp 10.1.2.3:3306: i/o timeout", "dial tcp i/o timeout", vec![Address]),
            ("connect to [fe80::1]:22 and ::1 fails", "connect to and ::1 fails", vec![Address]),
            ("host=CRM.Example.org. refused", "host= refused", vec![HostName]),
            ("https://shop.example.org/login?a=b fails", "b fails", vec![HostName]),
            ("mail from Ada@Example.net bounced", "mail from bounced", vec![MailAddress]),
            ("permission denied for ssh-w0123456", "permission denied for", vec![UserName]),
            ("ssh ssh-w0123456@web7 hangs", "ssh hangs", vec![HostName]),
            ("role \"postgres\" does not exist", "role \" postgres \" does not exist", vec![]),
            ("open /www/htdocs/w0123456/crm/index.php:12 failed", "open failed", vec![Path]),
            ("in /home/ada/x and /etc/nginx/nginx.conf", "in and /etc/nginx/nginx.conf", vec![Path]),
            ("file:///root/.netrc", "", vec![Path]),
            ("token [redacted] is invalid", "token is invalid", vec![Secret]),
            ("listen on 127.0.0.1 or 0.0.0.0", "listen on 127.0.0.1 or 0.0.0.0", vec![]),
            ("@angular/core@17.0.1 std::fs example.com", "@angular/core@17.0.1 std::fs example.com", vec![]),
            ("resolve db.prod.internal", "resolve", vec![HostName]),
            ("web7:", "", vec![HostName]),
        ] {
            let cleaned = clean(text, MASK, &private());
            let quotes = |text: &str| text.replace([' ', '"', '\'', '='], "");
            assert_eq!(quotes(&cleaned.query), quotes(wanted), "{text}");
            assert_eq!(cleaned.taken.into_iter().collect::<Vec<_>>(), kinds, "{text}");
        }
    }

    #[test]
    fn a_query_is_no_longer_than_the_search_takes() {
        let many = clean(&"word ".repeat(80), MASK, &Private::default());
        assert_eq!((many.query.split(' ').count(), many.taken.len()), (WORDS, 1));
        let long = clean(&"ö".repeat(390).replace("öööööö", "ööööö "), MASK, &Private::default());
        assert!(long.query.chars().count() <= CHARACTERS && long.taken.contains(&Taken::TooLong));
        assert_eq!(clean("- ? …", MASK, &Private::default()).query, "");
    }
}
