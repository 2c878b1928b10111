//! The global condition keys, filled from the call.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use policy::{ConditionKey, Values};

use crate::Cx;

/// The value of a global condition key for this call; `None` where AWS leaves it absent.
#[must_use]
pub fn global<'a>(cx: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
    let caller = cx.caller;
    Some(match key.name() {
        "aws:currenttime" => Values::one(cx.now.to_iso8601()),
        "aws:epochtime" => Values::one(cx.now.as_seconds().to_string()),
        "aws:principalaccount" => Values::one(caller.account.to_string()),
        "aws:principalarn" => Values::one(caller.arn.as_str()),
        "aws:principalisawsservice" | "aws:viaawsservice" => Values::one("false"),
        "aws:principaltype" => Values::one(match caller.kind {
            "Root" => "Account",
            "IAMUser" => "User",
            kind => kind,
        }),
        "aws:requestedregion" => Values::one(cx.region.as_str()),
        "aws:securetransport" => Values::one(if cx.origin.secure { "true" } else { "false" }),
        "aws:sourceip" => Values::one(cx.origin.address.to_string()),
        "aws:useragent" if !cx.origin.user_agent.is_empty() => Values::one(cx.origin.user_agent),
        "aws:userid" => Values::one(caller.unique_id.as_str()),
        _ => return None,
    })
}
