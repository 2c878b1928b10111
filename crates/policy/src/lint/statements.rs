//! Principals, actions and resources.

use super::{Finding, Found, Level, Place, Vocabulary, vocabulary::nearest};
use crate::{Effect, Policy, PolicyKind, PrincipalPattern, Statement, effort::Effort};

/// What makes a statement for everybody one for some, if a condition asks for it.
const NARROWING: [&str; 11] = [
    "kms:calleraccount",
    "kms:viaservice",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
];
const ADMINISTERS: &str = "kms:PutKeyPolicy";
/// The actions that are asked for on aliases.
const ON_ALIASES: [&str; 3] = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"];

pub(super) fn check(found: &mut Found<'_>, kind: PolicyKind, vocabulary: &Vocabulary) {
    let statement = found.statement;
    if statement.actions.is_none() {
        found.error("Action", "there is none, so the statement has no effect");
    }
    if statement.resources.is_none() {
        found.error("Resource", "there is none, so the statement has no effect");
    }
    principals(found);
    actions(found, kind, vocabulary);
    resources(found, kind);
}

/// Whether somebody can still change a key's policy.
pub(super) fn administrator(policy: &Policy) -> Option<Finding> {
    let about = |statement: &&Statement| statement.resources.is_some() && covers(statement, ADMINISTERS);
    let statements = || policy.statements().iter().filter(about);
    let shut = statements().any(|statement| {
        statement.effect == Effect::Deny && is_for_everybody(statement) && statement.conditions.is_empty()
    });
    let mut allowing = statements().filter(|statement| statement.effect == Effect::Allow).peekable();
    let (level, message) = if shut {
        (
            Level::Error,
            format!("{ADMINISTERS} is denied to everybody, so nobody can change this policy again"),
        )
    } else if allowing.peek().is_none() {
        (Level::Error, format!("nobody is allowed {ADMINISTERS}, so nobody can change this policy again"))
    } else if allowing.all(|statement| !statement.conditions.is_empty()) {
        (Level::Warning, format!("{ADMINISTERS} is allowed under conditions only; see that they can be met"))
    } else {
        return None;
    };
    Some(Finding { level, place: Place::Policy, message })
}

fn principals(found: &mut Found<'_>) {
    let statement = found.statement;
    let Some(principals) = &statement.principals else { return };
    if principals.except {
        spares_nobody(found);
        return;
    }
    if statement.effect == Effect::Deny || !is_for_everybody(statement) {
        return;
    }
    let everything = covers(statement, "kms:Decrypt") && covers(statement, ADMINISTERS);
    let narrowed = statement
        .conditions
        .iter()
        .any(|condition| condition.narrows() && NARROWING.contains(&condition.key().name()));
    match (everything, narrowed) {
        (true, false) => found.error("Principal", "everybody may do everything"),
        (true, true) => found.warning("Principal", "everybody whom the conditions let through may do everything"),
        (false, false) if statement.conditions.is_empty() => found.error(
            "Principal",
            "this is for everybody, identity policies or not; name principals, or the account to let its policies \
             decide",
        ),
        (false, false) => found.warning(
            "Principal",
            "this is for everybody; no condition says who, such as on aws:PrincipalAccount or kms:ViaService",
        ),
        (false, true) => {}
    }
}

/// `NotPrincipal` excepts somebody only if its account is listed too.
fn spares_nobody(found: &mut Found<'_>) {
    let Some(principals) = &found.statement.principals else { return };
    let listed = |account: &str| {
        principals.list.iter().any(|pattern| match pattern {
            PrincipalPattern::Account(listed) => listed == account,
            PrincipalPattern::Anyone => true,
            _ => false,
        })
    };
    let lonely: Vec<String> = principals
        .list
        .iter()
        .filter_map(PrincipalPattern::arn)
        .filter(|arn| arn.split(':').nth(4).is_some_and(|account| !listed(account)))
        .map(str::to_owned)
        .collect();
    for arn in lonely {
        found.warning(
            "NotPrincipal",
            format!("{arn} is denied all the same, unless its account is listed too"),
        );
    }
}

fn actions(found: &mut Found<'_>, kind: PolicyKind, vocabulary: &Vocabulary) {
    let Some(actions) = &found.statement.actions else { return };
    let element = if actions.except { "NotAction" } else { "Action" };
    if actions.except && found.statement.effect == Effect::Allow {
        found.warning(element, "with Allow it also allows every action that comes later; list what is meant");
    }
    for pattern in &actions.list {
        let text = pattern.as_str();
        let Some((service, _)) = text.split_once(':') else { continue };
        let own = match kind {
            PolicyKind::KeyPolicy => "kms",
            PolicyKind::TrustPolicy => "sts",
            PolicyKind::IdentityPolicy => service,
        };
        if !vocabulary.has_service(service) {
            found.warning(element, format!("`{text}` is of no service that is here, so it never matches"));
        } else if !service.contains(['*', '?']) && !service.eq_ignore_ascii_case(own) {
            found.warning(element, format!("`{text}` never matches: this kind of policy is about {own}"));
        } else if !vocabulary.actions().any(|action| pattern.matches_action(action, &Effort::none())) {
            let meant = match text.to_ascii_lowercase().as_str() {
                "kms:reencrypt" => Some("kms:ReEncrypt*"),
                _ => nearest(text, vocabulary.actions()),
            };
            let meant = meant.map_or_else(String::new, |meant| format!("; is `{meant}` meant?"));
            found.error(element, format!("`{text}` is no action{meant}"));
        }
    }
}

/// Actions on keys are never asked for an alias's ARN.
fn resources(found: &mut Found<'_>, kind: PolicyKind) {
    let statement = found.statement;
    let (Some(resources), PolicyKind::IdentityPolicy) = (&statement.resources, kind) else { return };
    let on_aliases = ON_ALIASES.iter().any(|action| covers(statement, action));
    let aliases = resources
        .list
        .iter()
        .filter(|resource| resource.as_str().starts_with("arn:aws") && resource.as_str().contains(":alias/"));
    if !resources.except && !on_aliases && statement.covers_action_of("kms:") && aliases.count() > 0 {
        found.error(
            "Resource",
            "keys are never asked for by an alias's ARN; use the key's, or a condition on kms:ResourceAliases or \
             kms:RequestAlias",
        );
    }
}

fn covers(statement: &Statement, action: &str) -> bool {
    statement.covers_action(action, &Effort::none())
}

fn is_for_everybody(statement: &Statement) -> bool {
    let principals = statement.principals.as_ref();
    principals.is_some_and(|named| !named.except && named.list.contains(&PrincipalPattern::Anyone))
}
