//! `keywright lint-policy`: what is wrong with a policy, before it is put.

use std::io::{self, Write};

use model::arn::Region;
use policy::{Level, PolicyKind, Vocabulary};

/// Lists what is wrong with the text of a policy for a Region. Answers how many of the findings are errors.
///
/// # Errors
/// What the system says of writing.
pub(crate) fn lint(text: &str, kind: PolicyKind, region: &Region, out: &mut dyn Write) -> io::Result<usize> {
    // What services do that act for others is no operation, but for their own policies to deny.
    let actions = [model::OPERATIONS, &[("keywright", &["ActFor"])]].concat();
    let vocabulary = Vocabulary::new(&actions).in_partition(region.partition().as_str());
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
        assert_eq!(
            lint(text, PolicyKind::KeyPolicy, &Region::parse("us-east-1").unwrap(), &mut out).unwrap(),
            1
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "error: statement 2 `Typo`, Action: `kms:Encrpyt` is no action; is `kms:Encrypt` meant?\n\
             warning: statement 2 `Typo`, Action: `s3:*` is of no service that is here, so it never matches\n"
        );
    }

    #[test]
    fn actions_of_every_service_are_known() {
        let actions =
            ["kms:Sign", "iam:GetRole", "sts:AssumeRole", "tag:GetResources", "cloudtrail:LookupEvents"];
        let text = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": { "Effect": "Allow", "Action": actions, "Resource": "*" },
        });
        let (region, mut out) = (Region::parse("us-east-1").unwrap(), Vec::new());
        assert_eq!(lint(&text.to_string(), PolicyKind::IdentityPolicy, &region, &mut out).unwrap(), 0);
        assert_eq!(String::from_utf8(out).unwrap(), "");
    }

    #[test]
    fn policies_are_for_the_partition_of_the_region() {
        let text = r#"{"Version":"2012-10-17","Statement":
            {"Sid":"Far","Effect":"Allow","Action":"kms:Encrypt","Resource":"arn:aws-cn:kms:cn-north-1:111122223333:key/*"}}"#;
        for (region, errors) in [("us-east-1", 1), ("cn-north-1", 0)] {
            let (region, mut out) = (Region::parse(region).unwrap(), Vec::new());
            let found = lint(text, PolicyKind::IdentityPolicy, &region, &mut out).unwrap();
            assert_eq!(found, errors, "{region}: {}", String::from_utf8(out).unwrap());
        }
    }
}
