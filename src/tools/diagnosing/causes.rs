//! Usual causes, known by what programs write when they meet them.

use super::{Finding, Next, Part, Sure};

/// A usual cause.
struct Cause {
    /// Each sign is a set of parts, in lower case, that one line holds in this order.
    signs: &'static [&'static [&'static str]],
    sure: Sure,
    /// What it is, in one sentence without its end.
    is: &'static str,
    fix: &'static str,
    next: Option<Next>,
}

/// What a text says to be wrong: the last line that is a sign, of the most specific cause. `wrote` says who wrote the text.
pub(super) fn recognise(text: &str, wrote: &str) -> Option<Finding> {
    let lines: Vec<String> = text.lines().map(str::to_lowercase).collect();
    let found = [SPECIFIC, DATABASES, GENERAL].into_iter().find_map(|table| {
        lines.iter().rev().find_map(|line| table.iter().find(|cause| cause.signs.iter().any(|sign| holds(line, sign))))
    })?;
    let finding = Finding::new(Part::Cause, found.sure, format!("{}: {wrote} says so.", found.is), found.fix);
    Some(Finding { next: found.next.clone(), ..finding })
}

fn holds(line: &str, sign: &[&str]) -> bool {
    let mut rest = Some(line);
    for part in sign {
        rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, behind)| behind);
    }
    rest.is_some()
}

const SPECIFIC: &[Cause] = &[
    Cause {
        signs: &[
            &["no space left on device"],
            &["disk quota exceeded"],
            &["enospc"],
            &["edquot"],
            &["errno: 28"],
            &["errno 28"],
            &["database or disk is full"],
            &["could not extend file"],
            &["the table '", "' is full"],
        ],
        sure: Sure::Certain,
        is: "The disk or quota is full",
        fix: "Free space on the host (old releases, logs, caches), then run it again.",
        next: None,
    },
    Cause {
        signs: &[&["bad interpreter"], &["/usr/bin/env: ", "\\r"], &["$'\\r'"], &["\u{fffd}': no such file"]],
        sure: Sure::Certain,
        is: "A script has Windows line ends or an interpreter that is not there",
        fix: "Correct the first line of the script, store it with LF line ends (.gitattributes: *.sh eol=lf), and commit it under a \
              new tag.",
        next: Some(Next::DryRun),
    },
    Cause {
        signs: &[
            &["permission denied (publickey"],
            &["load key", "invalid format"],
            &["error in libcrypto"],
            &["could not read from remote repository"],
            &["no such identity"],
            &["ssh_private_key", "not set"],
        ],
        sure: Sure::Likely,
        is: "The SSH key is missing, or the other side does not know it",
        fix: "Check that the secret with the key (SSH_PRIVATE_KEY or its like) exists and is granted to the script, and that its \
              public half is in authorized_keys there.",
        next: Some(Next::Secrets),
    },
    Cause {
        signs: &[&["host key verification failed"], &["remote host identification has changed"]],
        sure: Sure::Certain,
        is: "The host shows another key than the one that is known of it",
        fix: "Compare its key on a trusted way before anything else; never switch the check off.",
        next: None,
    },
    Cause {
        signs: &[&[".sh: permission denied"], &["permission denied", ".sh"], &["cannot execute"]],
        sure: Sure::Likely,
        is: "A script is not executable",
        fix: "Run `git update-index --chmod=+x` on the script and commit it under a new tag, or call it with `sh`.",
        next: Some(Next::DryRun),
    },
    Cause {
        signs: &[
            &["unbound variable"],
            &["parameter not set"],
            &["parameter null or not set"],
            &["environment variable", "not set"],
            &["environment variable", "required"],
            &["environment variable not found"],
            &["missing required environment"],
            &["keyerror: '"],
        ],
        sure: Sure::Likely,
        is: "An environment variable is missing: a secret that is not granted, or a key that .env lacks",
        fix: "Compare the keys of .env with those of .env.example, and see that the secrets of the script exist and are granted to it.",
        next: Some(Next::Secrets),
    },
    Cause {
        signs: &[
            &["allowed memory size of"],
            &["javascript heap out of memory"],
            &["cannot allocate memory"],
            &["out of memory"],
            &["oom-kill"],
            &["memoryerror"],
        ],
        sure: Sure::Certain,
        is: "It ran out of memory",
        fix: "Raise memory_limit (for drush and composer: php -d memory_limit=512M), or let it do less at once.",
        next: None,
    },
    Cause {
        signs: &[&["maximum execution time of"], &["upstream timed out"], &["504 gateway"]],
        sure: Sure::Likely,
        is: "It took longer than it may",
        fix: "Find what is slow (a statement, a remote service) before raising the limit.",
        next: Some(Next::Databases("queries")),
    },
    Cause {
        signs: &[
            &["entity-updates", "option does not exist"],
            &["\"--entity-updates\""],
            &["entity:updates", "not defined"],
        ],
        sure: Sure::Certain,
        is: "Drush no longer has --entity-updates (gone since Drupal 8.7)",
        fix: "Write `drush updatedb --yes` and then `drush deploy:hook --yes`; changes of entities belong into a hook_update_N().",
        next: None,
    },
    Cause {
        signs: &[&["p3009"], &["p3018"], &["failed migrations in the target database"]],
        sure: Sure::Certain,
        is: "A Prisma migration failed before and blocks all others",
        fix: "Undo by hand what it left, mark it with `prisma migrate resolve --rolled-back <id>`, correct it, and deploy again.",
        next: Some(Next::Databases("migrations")),
    },
    Cause {
        signs: &[&["can't locate revision identified by"]],
        sure: Sure::Certain,
        is: "The database is at an Alembic revision that this version does not have",
        fix: "Deploy a version that has the revision; do not stamp over it.",
        next: Some(Next::Databases("migrations")),
    },
    Cause {
        signs: &[&["multiple head revisions"], &["multiple heads"]],
        sure: Sure::Certain,
        is: "The Alembic revisions have several heads",
        fix: "Run `alembic merge heads`, commit the merge, and deploy it under a new tag.",
        next: Some(Next::Databases("migrations")),
    },
    Cause {
        signs: &[
            &["vendor/autoload.php"],
            &["class \"", "\" not found"],
            &["cannot find module"],
            &["modulenotfounderror"],
            &["your requirements could not be resolved"],
            &["eresolve"],
        ],
        sure: Sure::Likely,
        is: "A dependency is not installed",
        fix: "Let the build install what the lock file names (`composer install --no-dev`, `npm ci`), and release the result.",
        next: Some(Next::DryRun),
    },
    Cause {
        signs: &[
            &["certificate has expired"],
            &["certificate verify failed"],
            &["self signed certificate"],
            &["self-signed certificate"],
        ],
        sure: Sure::Likely,
        is: "A TLS certificate is not valid",
        fix: "Renew it, or give the authority that signed it; never switch the check off.",
        next: None,
    },
];

const DATABASES: &[Cause] = &[
    Cause {
        signs: &[
            &["error 1045"],
            &["[1045]"],
            &["access denied for user"],
            &["password authentication failed"],
            &["no pg_hba.conf entry"],
            &["28p01"],
            &["p1000"],
        ],
        sure: Sure::Certain,
        is: "The database refuses the login",
        fix: "Check user and password of the service (.env names the keys), and from where the user may log in.",
        next: Some(Next::Databases("connection")),
    },
    Cause {
        signs: &[
            &["error 1049"],
            &["[1049]"],
            &["unknown database"],
            &["database \"", "\" does not exist"],
            &["3d000"],
        ],
        sure: Sure::Certain,
        is: "The database does not exist",
        fix: "Check its name where the service reads it, or create it.",
        next: Some(Next::Databases("connection")),
    },
    Cause {
        signs: &[&["error 1040"], &["too many connections"], &["remaining connection slots"], &["53300"]],
        sure: Sure::Certain,
        is: "The database has no connection left",
        fix: "See who holds them, and let the service use a smaller pool.",
        next: Some(Next::Databases("queries")),
    },
    Cause {
        signs: &[
            &["error 1205"],
            &["error 1213"],
            &["lock wait timeout"],
            &["deadlock"],
            &["due to lock timeout"],
            &["database is locked"],
            &["40p01"],
        ],
        sure: Sure::Certain,
        is: "It waited for a lock of the database in vain",
        fix: "See who holds the lock; end long transactions before migrating.",
        next: Some(Next::Databases("queries")),
    },
    Cause {
        signs: &[
            &["error 2002"],
            &["error 2003"],
            &["error 2006"],
            &["server has gone away"],
            &["[2002]"],
            &["can't connect to", "server"],
            &["could not connect to server"],
            &["connection to server", "failed"],
            &["the database system is starting up"],
            &["p1001"],
        ],
        sure: Sure::Likely,
        is: "The database does not answer",
        fix: "Check that its server is up, and address and port where the service reads them.",
        next: Some(Next::Databases("connection")),
    },
    Cause {
        signs: &[
            &["error 1050"],
            &["error 1060"],
            &["error 1061"],
            &["duplicate column name"],
            &["duplicate key name"],
            &["table '", "' already exists"],
            &["table ", " already exists"],
            &["relation \"", "\" already exists"],
            &["column \"", "\" already exists"],
            &["42p07"],
            &["42701"],
        ],
        sure: Sure::Likely,
        is: "A migration is half applied: what it wants to make is there already",
        fix: "Compare the history of the migrations with the schema. On MariaDB and SQLite restore the snapshot from before; on \
              PostgreSQL find who made it by hand.",
        next: Some(Next::Databases("migrations")),
    },
    Cause {
        signs: &[
            &["error 1146"],
            &["error 1054"],
            &["unknown column"],
            &["table '", "' doesn't exist"],
            &["no such table"],
            &["no such column"],
            &["relation \"", "\" does not exist"],
            &["column ", " does not exist"],
            &["undefined table"],
            &["undefined column"],
        ],
        sure: Sure::Likely,
        is: "The schema is not the one that this version needs: a migration is missing",
        fix: "See which migrations are pending, and deploy a version whose migrations run.",
        next: Some(Next::Databases("migrations")),
    },
    Cause {
        signs: &[
            &["error 1062"],
            &["duplicate entry"],
            &["error 1452"],
            &["violates unique"],
            &["violates foreign key"],
            &["unique constraint failed"],
        ],
        sure: Sure::Likely,
        is: "Rows that exist break a rule that is to hold",
        fix: "Find and mend those rows before the migration runs.",
        next: Some(Next::Databases("migrations")),
    },
    Cause {
        signs: &[
            &["error 1142"],
            &["error 1044"],
            &["must be owner of"],
            &["permission denied for"],
            &["command denied to user"],
        ],
        sure: Sure::Certain,
        is: "The database user lacks a right",
        fix: "Grant the right to the user that migrates, or migrate as the owner.",
        next: Some(Next::Databases("connection")),
    },
];

const GENERAL: &[Cause] = &[
    Cause {
        signs: &[&["command not found"], &[": not found"], &["executable file not found"], &["is not recognized as"]],
        sure: Sure::Likely,
        is: "A program is not there, or not in PATH",
        fix: "Install it where the script runs, or call it by its path. Scripts get a small PATH.",
        next: Some(Next::DryRun),
    },
    Cause {
        signs: &[&["permission denied"], &["operation not permitted"], &["eacces"], &["read-only file system"]],
        sure: Sure::Likely,
        is: "Something may not be read, written or executed",
        fix: "Give the account that runs it the right to that path, and no more.",
        next: None,
    },
    Cause {
        signs: &[&["connection refused"], &["econnrefused"]],
        sure: Sure::Likely,
        is: "Something that it needs does not listen",
        fix: "Start it, or correct address and port.",
        next: Some(Next::Databases("connection")),
    },
    Cause {
        signs: &[
            &["could not resolve host"],
            &["name or service not known"],
            &["enotfound"],
            &["temporary failure in name resolution"],
        ],
        sure: Sure::Likely,
        is: "A name cannot be resolved",
        fix: "Correct the name, or mend the resolver of the machine.",
        next: None,
    },
    Cause {
        signs: &[&["timed out"], &["etimedout"], &["timeout"]],
        sure: Sure::Possible,
        is: "Something did not answer in time",
        fix: "Find what is slow or unreachable.",
        next: Some(Next::Smoke),
    },
    Cause {
        signs: &[
            &["authentication failed"],
            &["could not read username"],
            &["401 unauthorized"],
            &["invalid credentials"],
        ],
        sure: Sure::Likely,
        is: "A login was refused",
        fix: "Check that the secret exists, is granted, and is the current one.",
        next: Some(Next::Secrets),
    },
    Cause {
        signs: &[&["no such file or directory"], &["enoent"], &["failed to open stream"]],
        sure: Sure::Possible,
        is: "A file or directory is not there",
        fix: "Look which one: it may not be committed, or lie elsewhere on this target.",
        next: None,
    },
    Cause {
        signs: &[
            &["php fatal error"],
            &["php parse error"],
            &["uncaught exception"],
            &["traceback (most recent call last)"],
        ],
        sure: Sure::Likely,
        is: "The program ended with an error of its own",
        fix: "Read the lines before it; deploy the version before if they are new.",
        next: Some(Next::Rollback),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_causes_are_known_by_their_words() {
        let check = |text: &str, wanted: &str| {
            let found = recognise(text, "it");
            let is = found.as_ref().map_or("nothing", |finding| finding.seen.as_str());
            assert!(is.starts_with(wanted), "{text}\n{is}");
        };
        check("cp: error writing 'x': No space left on device", "The disk or quota is full");
        check("git@example.org: Permission denied (publickey).", "The SSH key is missing");
        check("sh: 4: deployment-scripts/sub.sh: Permission denied", "A script is not executable");
        check("cp: cannot create '/srv/x': Permission denied", "Something may not be read");
        check("./deploy.sh: line 3: CRM_TOKEN: unbound variable", "An environment variable is missing");
        check("deploy.sh: 9: SHOP_KEY: parameter not set", "An environment variable is missing");
        check("deploy.sh: 12: drush: not found", "A program is not there");
        check("PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted", "It ran out of memory");
        check("ERROR 1045 (28000): Access denied for user 'crm'@'localhost'", "The database refuses the login");
        check("SQLSTATE[HY000] [2002] Connection refused", "The database does not answer");
        check("ERROR 1060 (42S21): Duplicate column name 'amount'", "A migration is half applied");
        check("psycopg.errors.DuplicateTable: relation \"orders\" already exists", "A migration is half applied");
        check("sqlite3.OperationalError: no such column: amount", "The schema is not the one");
        check("Error: P3009\nmigrate found failed migrations", "A Prisma migration failed");
        check("FAILED: Can't locate revision identified by 'abc'", "The database is at an Alembic revision");
        check("The \"--entity-updates\" option does not exist.", "Drush no longer has");
        check("curl: (7) Failed to connect: Connection refused", "Something that it needs does not listen");
        check("all good\n0 errors", "nothing");
        check("", "nothing");
    }

    #[test]
    fn what_is_specific_and_what_came_last_wins() {
        let text = "x: Permission denied\nERROR 1049 (42000): Unknown database 'crm'\nCommand timed out";
        assert!(recognise(text, "it").unwrap().seen.starts_with("The database does not exist"));
        let text = "drush: command not found\nconnect: Connection refused";
        assert!(recognise(text, "it").unwrap().seen.starts_with("Something that it needs"));
    }
}
