//! Expressions that PostgreSQL writes in other words after it has read its own.
//!
//! `CHECK (kind IN ('a', 'b'))` on a `varchar` is written `(ARRAY['a'::character varying, 'b'::character varying])::text[]`. Read
//! again, the cast moves to the elements, and from then on it is written
//! `ARRAY[('a'::character varying)::text, ('b'::character varying)::text]`: the same constraint in a restored database.

const BEGIN: &str = "(ARRAY[";

/// The text with every cast of an array moved to its elements.
pub(super) fn settled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        out.push_str(before);
        if let Some((elements, to, tail)) = cast_array(after) {
            let elements: Vec<String> = elements.iter().map(|element| format!("({element})::{to}")).collect();
            out.push_str(&format!("ARRAY[{}]", elements.join(", ")));
            rest = tail;
        } else {
            out.push_str(BEGIN);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The elements of `a, b])::type[]…`, the type, and what follows.
fn cast_array(text: &str) -> Option<(Vec<&str>, &str, &str)> {
    let (mut elements, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0_u32, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' => depth += 1,
            b',' if depth == 0 => {
                elements.push(text.get(from..at)?.trim());
                from = at + 1;
            }
            b']' if depth == 0 => {
                elements.push(text.get(from..at)?.trim());
                let cast = text.get(at..)?.strip_prefix("])::")?;
                let (to, tail) = cast.split_once("[]")?;
                let is_type = to.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'.'));
                return is_type.then_some((elements, to, tail));
            }
            b')' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn both_ways_of_writing_a_list_become_one() {
        let first =
            "CHECK (((kind)::text = ANY ((ARRAY['a, ]'::character varying, 'it''s'::character varying])::text[])))";
        let again = "CHECK (((kind)::text = ANY (ARRAY[('a, ]'::character varying)::text, ('it''s'::character varying)::text])))";
        assert_eq!(settled(first), again);
        assert_eq!(settled(again), again);
    }

    #[test]
    fn everything_else_stays() {
        for text in
            ["", "(ARRAY[", "(ARRAY[1, 2]) || x", "f((ARRAY[a, g(b, c)])[1])", "'(ARRAY['::text", "ARRAY[1]::int[]"]
        {
            assert_eq!(settled(text), text);
        }
    }
}
