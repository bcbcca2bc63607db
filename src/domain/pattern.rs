//! Patterns as OpenSSH writes them (ssh_config(5), PATTERNS): `*` is any text, `?` is one character, `!` excludes.

/// Whether the pattern is the whole text. Case counts.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Whether one of the patterns is the whole text, and none that begins with `!` is.
pub fn any_matches<'p>(patterns: impl IntoIterator<Item = &'p str>, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(excluded) if matches(excluded, text) => return false,
            Some(_) => {}
            None => found |= matches(pattern, text),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_are_wild() {
        for (pattern, text) in [
            ("web", "web"),
            ("*", ""),
            ("*", "web"),
            ("*.example.org", "a.b.example.org"),
            ("w?b", "wäb"),
            ("**b", "ab"),
            ("a*b*c", "aXbYbZc"),
            ("[web]:22??", "[web]:2222"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("web", "Web"), ("?", ""), ("*.example.org", "example.org"), ("w", "web"), ("a*b", "abc"), ("", "a")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn an_exclusion_wins_wherever_it_stands() {
        assert!(any_matches(["*.example.org", "!db.example.org"], "web.example.org"));
        assert!(!any_matches(["*.example.org", "!db.example.org"], "db.example.org"));
        assert!(!any_matches(["!db.example.org", "*.example.org"], "db.example.org"));
        assert!(!any_matches(["!db.example.org"], "web.example.org"));
    }
}
