//! `keywright lint-policy`: what is wrong with a policy, before it is put.

use std::io::{self, Write};

use policy::{Level, PolicyKind, Vocabulary};

/// Lists what is wrong with the text of a policy. Answers how many of the findings are errors.
///
/// # Errors
/// What the system says of writing.
pub(crate) fn lint(text: &str, kind: PolicyKind, out: &mut dyn Write) -> io::Result<usize> {
    let vocabulary = Vocabulary::new(&[
        ("kms", model::kms::OPERATION_NAMES),
        ("iam", model::iam::OPERATION_NAMES),
        ("sts", model::sts::OPERATION_NAMES),
        ("tag", model::tagging::OPERATION_NAMES),
    ]);
    let findings = policy::lint(text, kind, &vocabulary);
    findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    Ok(findings.iter().filter(|finding| finding.level == Level::Error).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_and_warnings_are_not() {
        let text = r#"{"Statement":[
            {"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},
            {"Sid":"Typo","Effect":"Deny","Principal":"*","Action":["kms:Decrypt","kms:Encrpyt","s3:*"],"Resource":"*"}]}"#;
        let mut out = Vec::new();
        assert_eq!(lint(text, PolicyKind::KeyPolicy, &mut out).unwrap(), 1);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "error: statement 2 `Typo`, Action: `kms:Encrpyt` is no action; is `kms:Encrypt` meant?\n\
             warning: statement 2 `Typo`, Action: `s3:*` is of no service that is here, so it never matches\n"
        );
    }
}
