//! One line of ssh_config(5): a keyword and its words.

/// A keyword in lower case and the words behind it; `None` for what says nothing.
pub(super) fn split(line: &str) -> Option<Result<(String, Vec<String>), Unclosed>> {
    let line = line.trim_matches([' ', '\t', '\r', '\u{c}']);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find([' ', '\t', '=', '"']).unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Some(words(rest).map(|words| (keyword.to_ascii_lowercase(), words)))
}

/// A quote is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclosed;

/// Words between blanks; a quoted word may hold blanks. A word that begins with `#` begins a comment.
fn words(text: &str) -> Result<Vec<String>, Unclosed> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, ' ' | '\t') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == c => quote = None,
            (_, '\\') => {
                let escaped =
                    characters.next_if(|next| matches!(next, '"' | '\'' | '\\') || (quote.is_none() && *next == ' '));
                word.get_or_insert_default().push(escaped.unwrap_or('\\'));
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(Unclosed) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, keyword: &str, wanted: &[&str]) {
        let wanted = wanted.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(split(line), Some(Ok((keyword.to_owned(), wanted))), "{line}");
    }

    #[test]
    fn a_line_is_a_keyword_and_words() {
        check("HostName web.example.org", "hostname", &["web.example.org"]);
        check("\tPort = 2222 \r", "port", &["2222"]);
        check("port=22", "port", &["22"]);
        check("IdentityFile \"~/my keys/web\"", "identityfile", &["~/my keys/web"]);
        check("Host a  b # the web hosts", "host", &["a", "b"]);
        check("IdentityFile a\\ b", "identityfile", &["a b"]);
        check("User", "user", &[]);
        assert_eq!(split("  # nothing"), None);
        assert_eq!(split(""), None);
        assert_eq!(split("User \"deploy"), Some(Err(Unclosed)));
    }
}
