//! What a workflow file of GitHub Actions names: secrets and variables, in its expressions
//! (<https://docs.github.com/actions/reference/workflows-and-actions/contexts>).

use std::collections::BTreeSet;

/// The names after `secrets` and `vars`, in capitals. More than what is used may be found, as in a comment; less only where a name is put
/// together while the workflow runs.
pub fn names(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for context in ["secrets", "vars"] {
        for (at, _) in text.match_indices(context) {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            if before.is_some_and(|c| is_part(c) || matches!(c, '.' | '-')) {
                continue;
            }
            let rest = text.get(at + context.len()..).unwrap_or_default();
            let name = match rest.strip_prefix('.') {
                Some(name) => name,
                None => match rest.strip_prefix('[').map(str::trim_start).and_then(|rest| rest.strip_prefix('\'')) {
                    Some(name) => name,
                    None => continue,
                },
            };
            let name = name.split(|c| !is_part(c)).next().unwrap_or_default();
            if !name.is_empty() {
                found.insert(name.to_ascii_uppercase());
            }
        }
    }
    found
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_both_forms() {
        let text = "env:\n  A: ${{ secrets.SSH_KEY }}\n  B: ${{ vars.host_name || secrets['Db_Password'] }}\n\
                    run: echo mysecrets.NOT x.secrets.NOT ${{secrets[ 'C1' ]}} secrets. vars[name] secrets: inherit";
        let wanted = ["C1", "DB_PASSWORD", "HOST_NAME", "SSH_KEY"];
        assert_eq!(names(text).into_iter().collect::<Vec<_>>(), wanted);
    }
}
