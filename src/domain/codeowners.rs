//! Who owns which path, as CODEOWNERS says (GitHub, "About code owners").

use super::pattern;

/// Where the file is looked for; the first that is there counts.
pub const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// The rules of a file, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeOwners(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: PathPattern,
    owners: Vec<Owner>,
}

/// Somebody who owns paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// By login, in lower case.
    User(String),
    /// Whoever is in the team, by organisation and slug, in lower case.
    Team(String, String),
    /// By an address, of which GitHub tells nobody whose it is.
    Address,
}

/// A line that is no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of CODEOWNERS is no rule")]
pub struct InvalidRule {
    /// Its number, from 1.
    pub line: usize,
}

impl CodeOwners {
    /// Reads a file.
    ///
    /// # Errors
    /// A line that cannot be read. GitHub passes over it; then nobody can tell what it was meant to protect.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        let mut rules = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let words = words(line);
            if let Some((pattern, owners)) = words.split_first() {
                let invalid = InvalidRule { line: number + 1 };
                let owners = owners.iter().map(|word| owner(word)).collect::<Option<_>>().ok_or(invalid)?;
                rules.push(Rule { pattern: PathPattern::parse(pattern).ok_or(invalid)?, owners });
            }
        }
        Ok(Self(rules))
    }

    /// The owners of a path: those of the last rule that matches it. None: it belongs to nobody.
    pub fn of(&self, path: &str) -> &[Owner] {
        let rule = self.0.iter().rev().find(|rule| rule.pattern.matches(path));
        rule.map_or(&[], |rule| rule.owners.as_slice())
    }
}

/// The words of a line up to a comment; a space behind a backslash belongs to its word.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&' ') => word.extend(chars.next()),
            '#' if word.is_empty() => break,
            c if c.is_whitespace() => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            c => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

fn owner(word: &str) -> Option<Owner> {
    let Some(name) = word.strip_prefix('@') else {
        return word.contains('@').then_some(Owner::Address);
    };
    let fits = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match name.split_once('/') {
        Some((organization, team)) if fits(organization) && fits(team) => {
            Some(Owner::Team(organization.to_lowercase(), team.to_lowercase()))
        }
        None if fits(name) => Some(Owner::User(name.to_lowercase())),
        _ => None,
    }
}

/// A pattern of paths: gitignore's without `!`, `[ ]` and escapes, and `dir/*` is what lies directly in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PathPattern {
    segments: Vec<String>,
    below: Below,
}

/// What besides the path itself a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    /// Nothing.
    Nothing,
    /// What lies below it as well.
    Too,
    /// Only what lies below it: it is a directory.
    Only,
}

impl PathPattern {
    fn parse(text: &str) -> Option<Self> {
        if text.starts_with('!') || text.contains(['[', ']', '\\']) {
            return None;
        }
        let (inner, below) = match text.strip_suffix('/') {
            Some(inner) => (inner, Below::Only),
            None if text.ends_with("/*") => (text, Below::Nothing),
            None => (text, Below::Too),
        };
        let anchored = inner.contains('/');
        let mut segments: Vec<String> = if anchored { Vec::new() } else { vec!["**".to_owned()] };
        segments.extend(inner.trim_start_matches('/').split('/').map(str::to_owned));
        segments.dedup_by(|a, b| *a == "**" && *b == "**");
        // `/` alone, and what has an empty part.
        (!segments.iter().any(String::is_empty)).then_some(Self { segments, below })
    }

    /// How many segments of the path can be taken is carried along, so that no pattern takes long.
    fn matches(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        let mut taken = vec![false; path.len() + 1];
        if let Some(none) = taken.first_mut() {
            *none = true;
        }
        for segment in &self.segments {
            let mut next = vec![false; path.len() + 1];
            let mut any = false;
            for (at, slot) in next.iter_mut().enumerate() {
                let before = at.checked_sub(1);
                *slot = if segment == "**" {
                    any |= taken.get(at) == Some(&true);
                    any
                } else {
                    before.is_some_and(|before| {
                        taken.get(before) == Some(&true)
                            && path.get(before).is_some_and(|part| pattern::matches(segment, part))
                    })
                };
            }
            taken = next;
        }
        let ends = |at: usize| taken.get(at) == Some(&true);
        match self.below {
            Below::Nothing => ends(path.len()),
            Below::Too => (1..=path.len()).any(ends),
            Below::Only => (1..path.len()).any(ends),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_github_says_they_match() {
        let check = |pattern: &str, path: &str, wanted: bool| {
            assert_eq!(PathPattern::parse(pattern).unwrap().matches(path), wanted, "{pattern} {path}");
        };
        for (pattern, path) in [
            ("*", "a"),
            ("*", "a/b/c"),
            ("*.js", "a.js"),
            ("*.js", "lib/a.js"),
            ("/build/logs/", "build/logs/a/b"),
            ("docs/*", "docs/getting-started.md"),
            ("apps/", "apps/a"),
            ("apps/", "x/apps/a/b"),
            ("/docs/", "docs/a"),
            ("/scripts", "scripts/a/b"),
            ("/apps/github", "apps/github"),
            ("**/logs", "build/logs/a"),
            ("**/logs", "logs/a"),
            ("docs/**", "docs/a/b"),
            ("docs/**/a.md", "docs/a.md"),
            ("docs/**/a.md", "docs/x/y/a.md"),
            ("src/*/mod.rs", "src/a/mod.rs"),
            ("README", "sub/README"),
        ] {
            check(pattern, path, true);
        }
        for (pattern, path) in [
            ("*.js", "a.ts"),
            ("/build/logs/", "x/build/logs/a"),
            ("docs/*", "docs/build-app/troubleshooting.md"),
            ("/docs/", "x/docs/a"),
            ("apps/", "apps"),
            ("apps/", "myapps/a"),
            ("/apps/github", "apps/githubs"),
            ("src/*/mod.rs", "src/a/b/mod.rs"),
            ("src/*/mod.rs", "src/mod.rs"),
            ("docs/a", "x/docs/a"),
        ] {
            check(pattern, path, false);
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = PathPattern::parse(&"**/a/".repeat(200)).unwrap();
        assert!(!pattern.matches(&vec!["a"; 150].join("/")));
    }

    #[test]
    fn the_last_rule_that_matches_counts() {
        let text = "# everything\n* @Ada @acme/Core # and why\n\n*.md docs@example.org\n/free/\n/two\\ words/ @bob\n";
        let owners = CodeOwners::parse(text).unwrap();
        let core = Owner::Team("acme".to_owned(), "core".to_owned());
        assert_eq!(owners.of("src/a.rs"), [Owner::User("ada".to_owned()), core]);
        assert_eq!(owners.of("src/a.md"), [Owner::Address]);
        assert_eq!(owners.of("free/a.md"), []);
        assert_eq!(owners.of("two words/a"), [Owner::User("bob".to_owned())]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_not_passed_over() {
        for text in ["!*.js @ada", "*.[ch] @ada", "* ada", "* @a/b/c", "/ @ada", "a//b @ada", "* @"] {
            assert_eq!(CodeOwners::parse(&format!("* @ada\n{text}")), Err(InvalidRule { line: 2 }), "{text}");
        }
    }
}
