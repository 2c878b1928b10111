//! Partitions: the parts that AWS is divided into, each with accounts, users and keys of its own.

use crate::{
    Malformed, Rule,
    raw::{RawPolicy, RawPrincipal, RawStatement},
};

/// Those that there are. An ARN of any other is a slip, and would mean nothing without a word.
pub(crate) const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];

/// Checks that the principals and the resources of a policy are of one partition, that of the deployment: those of any
/// other can never be meant. For texts that somebody writes now; [`Policy::parse`](crate::Policy::parse) reads them
/// whichever existing partition they are of.
///
/// # Errors
/// [`Malformed`], with the first ARN of another partition, or because the text is no policy.
pub fn check_partition(text: &str, partition: &str) -> Result<(), Malformed> {
    let raw = RawPolicy::parse(text)?;
    for (statement, number) in raw.statement.0.iter().zip(1..) {
        check_statement(&statement.0, partition).map_err(|rule| Malformed::Statement { number, rule })?;
    }
    Ok(())
}

/// The partition that an ARN names; `None` for what is no ARN.
pub(crate) fn partition_of(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("arn:")?;
    Some(rest.split_once(':').map_or(rest, |(partition, _)| partition))
}

fn check_statement(statement: &RawStatement, partition: &str) -> Result<(), Rule> {
    let is_other = |text: &&String| partition_of(text).is_some_and(|named| named != partition);
    for principals in [&statement.principal, &statement.not_principal].into_iter().flatten() {
        let RawPrincipal::Kinds(kinds) = principals else { continue };
        for (element, values) in &kinds.0 {
            if let Some(value) = values.0.iter().find(is_other) {
                return Err(Rule::PrincipalForm { element: element.clone(), value: value.clone() });
            }
        }
    }
    let mut resources = [&statement.resource, &statement.not_resource].into_iter().flatten();
    match resources.find_map(|resources| resources.0.iter().find(is_other)) {
        Some(resource) => Err(Rule::Partition { resource: resource.clone() }),
        None => Ok(()),
    }
}
