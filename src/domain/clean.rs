//! Text of others: nothing in it may move a cursor, hide, or read in another direction.

use std::{collections::BTreeSet, sync::LazyLock};

/// The text without terminal control sequences, and without characters that cannot be seen or that turn the direction of reading. Line
/// ends and tabs stay; every other control character becomes a visible `�`.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\u{1b}' => skip_sequence(&mut chars),
            '\u{9b}' => skip_until_final(&mut chars),
            c if c.is_control() => out.push('\u{fffd}'),
            c if is_hidden(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// The same on one line.
pub fn clean_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

/// Bidirectional controls, zero-width characters, variation selectors' supplement, tags, and other invisible format characters.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// What [`clean`] takes out so that the characters around it meet: bytes of which a line holds some when it is not shown as it is
/// written, save for characters that are replaced by `�`.
pub fn taken_out() -> &'static [Vec<u8>] {
    static BYTES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let hidden = ('\u{80}'..=char::MAX).filter(|c| is_hidden(*c)).chain(['\u{1b}', '\u{9b}']);
        let bytes = hidden.map(|c| {
            let mut bytes = c.to_string().into_bytes();
            // The thousands of tags share their begin.
            bytes.truncate(if c.len_utf8() == 4 { 2 } else { 3 });
            bytes
        });
        bytes.collect::<BTreeSet<_>>().into_iter().collect()
    });
    &BYTES
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows an escape character (ECMA-48, 5.3 to 5.6).
fn skip_sequence(chars: &mut Rest<'_>) {
    match chars.next() {
        Some('[') => skip_until_final(chars),
        // A control string (OSC, DCS, SOS, PM, APC): up to BEL or ESC \. One that does not end hides no more than its line.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.peek().copied() {
                if c == '\n' {
                    return;
                }
                chars.next();
                if c == '\u{7}' || c == '\u{9c}' {
                    return;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    return;
                }
            }
        }
        // An intermediate character and then one final character.
        Some(' '..='/') => {
            chars.next_if(|c| !c.is_control());
        }
        Some(_) | None => {}
    }
}

/// The parameters of a control sequence and its final character.
fn skip_until_final(chars: &mut Rest<'_>) {
    while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    chars.next_if(|c| matches!(c, '@'..='~'));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_the_eye_is_removed() {
        for (text, wanted) in [
            ("plain\ttext\nmore", "plain\ttext\nmore"),
            ("\u{1b}[2J\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("a\u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\c", "abc"),
            ("a\u{1b}]never ends\nb", "a\nb"),
            ("\u{9b}31mx", "x"),
            ("safe\u{202e}txt.exe\u{2066}", "safetxt.exe"),
            ("ze\u{200b}ro\u{e0041}", "zero"),
            ("over\rwritten\r\n", "over\u{fffd}written\n"),
            ("\u{8}\u{0}", "\u{fffd}\u{fffd}"),
            ("\u{1b}", ""),
            ("Ünïcode ✓ 漢字", "Ünïcode ✓ 漢字"),
        ] {
            assert_eq!(clean(text), wanted, "{text:?}");
        }
        assert_eq!(clean_line("a\nb"), "a b");
    }

    #[test]
    fn what_brings_others_together_is_known() {
        assert!(taken_out().len() < 100, "{}", taken_out().len());
        for text in ["a\u{1b}[1mb", "a\u{9b}1mb", "a\u{ad}b", "a\u{200b}b", "a\u{feff}b", "a\u{e0041}b", "a\u{1d173}b"]
        {
            assert_eq!(clean(text), "ab", "{text:?}");
            let holds = |bytes: &Vec<u8>| text.as_bytes().windows(bytes.len()).any(|window| window == bytes);
            assert!(taken_out().iter().any(holds), "{text:?}");
        }
        let plain = "Grüße – “quotes” … €\t\r";
        assert!(taken_out().iter().all(|bytes| !plain.as_bytes().windows(bytes.len()).any(|window| window == bytes)));
    }
}
