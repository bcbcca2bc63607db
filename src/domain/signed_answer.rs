//! An answer to a plan that a human signed with an SSH key: the words that are signed, and where they stand in a comment.

use super::{approval::Decision, digest::Digest};

/// What the signatures are made for (`ssh-keygen -Y sign -n`): one for another purpose is no answer.
pub const NAMESPACE: &str = "deploy-ops-approval";

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// The line that says so. What is signed is the line with its line end, as `echo` writes it.
pub fn line(decision: Decision, plan: &Digest) -> String {
    let word = match decision {
        Decision::Approve => "approve",
        Decision::Deny => "deny",
    };
    format!("{word} {plan}")
}

/// The answers to a plan that stand in a text, each alone in a line. That they stand there proves nothing.
pub fn claimed(text: &str, plan: &Digest) -> Vec<Decision> {
    let stands = |decision: &Decision| {
        let line = line(*decision, plan);
        text.lines().any(|one| one.trim() == line)
    };
    [Decision::Approve, Decision::Deny].into_iter().filter(stands).collect()
}

/// The signatures in a text, each with its first and its last line.
pub fn signatures(text: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None::<String>);
    for line in text.lines().map(str::trim) {
        if line == BEGIN {
            open = Some(String::new());
        }
        let Some(block) = &mut open else { continue };
        block.push_str(line);
        block.push('\n');
        if line == END {
            found.extend(open.take());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_line_of_its_own_about_exactly_the_plan() {
        let (plan, other) = (Digest::of(b"plan"), Digest::of(b"other"));
        let check = |text: &str, wanted: &[Decision]| assert_eq!(claimed(text, &plan), wanted, "{text}");
        check(&format!("Looks good.\r\n\r\n    approve {plan}\r\n"), &[Decision::Approve]);
        check(&format!("approve {plan}\ndeny {plan}"), &[Decision::Approve, Decision::Deny]);
        for text in [
            format!("approve {other}"),
            format!("I approve {plan}"),
            format!("approve {plan} and all others"),
            format!("Approve {plan}"),
            format!("> approve {plan}"),
        ] {
            check(&text, &[]);
        }
    }

    #[test]
    fn signatures_are_found_in_fences_and_none_that_does_not_end() {
        let block = format!("{BEGIN}\nAAAA\n{END}\n");
        assert_eq!(
            signatures(&format!("approve\n```\r\n{}```", block.replace('\n', "\r\n"))),
            std::slice::from_ref(&block)
        );
        assert_eq!(signatures(&format!("{block}\n{block}")).len(), 2);
        assert!(signatures(&format!("{BEGIN}\nAAAA")).is_empty());
    }
}
