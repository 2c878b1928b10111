//! Whether somebody may do something with a bucket or an object. S3's semantics: in one account, either the caller's own
//! policies or the bucket's allow; across accounts, both. A denial anywhere stands.

use std::{cell::Cell, net::IpAddr};

use policy::{ConditionKey, ConditionKeys, Identity, Layers, Policy, Question, Values, decide};
use s3s::{S3Error, S3ErrorCode};

use crate::{encryption::SseHeaders, requester::Requester};

/// What is asked for.
pub(crate) struct S3Permission<'a> {
    /// Such as `s3:PutObject`.
    pub(crate) action: &'a str,
    /// The ARN of the bucket or the object; `*` for none.
    pub(crate) resource: &'a str,
    /// The bucket's account and policy, if there is a bucket.
    pub(crate) bucket: Option<(&'a str, Option<&'a Policy>)>,
    /// What the request says of itself.
    pub(crate) says: RequestSays<'a>,
}

/// What a request says to condition keys beside who sent it.
#[derive(Clone, Copy, Default)]
pub(crate) struct RequestSays<'a> {
    /// How objects are listed.
    pub(crate) listing: Option<ListingSays<'a>>,
    /// How an object is to be encrypted. S3 shows what the request has, not what the bucket adds.
    pub(crate) sse: Option<&'a SseHeaders>,
    /// The ARN of the key that is used, where the request names one.
    pub(crate) sse_key: Option<&'a str>,
}

/// What a listing asks for.
#[derive(Clone, Copy)]
pub(crate) struct ListingSays<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: &'a str,
    pub(crate) max_keys: i32,
}

/// How a request came.
#[derive(Debug, Clone)]
pub(crate) struct RequestOrigin {
    pub(crate) address: IpAddr,
    pub(crate) secure: bool,
    pub(crate) user_agent: Option<String>,
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) region: String,
    pub(crate) presigned: bool,
}

/// Asks for a permission.
///
/// # Errors
/// `AccessDenied`, with AWS's text.
pub(crate) fn require(
    requester: &Requester,
    arrived: &RequestOrigin,
    permission: &S3Permission<'_>,
) -> Result<(), S3Error> {
    let S3Permission { action, resource, bucket, .. } = permission;
    let unserved = Cell::new(None);
    let owner = bucket.map(|(account, _)| account);
    let keys = RequestKeys { requester, arrived, says: permission.says, owner, unserved: &unserved };
    let question = Question { principal: &requester.principal, action, resource, keys: &keys };
    let own: Vec<&Policy>;
    let identity = match &requester.powers.identity {
        None => Identity::RootUser,
        Some(policies) => {
            own = policies.iter().collect();
            Identity::Policies(&own)
        }
    };
    let session: Option<Vec<&Policy>> = requester.powers.session.as_ref().map(|all| all.iter().collect());
    let decision = decide(
        &question,
        &Layers {
            resource_policy: bucket.and_then(|(_, policy)| policy),
            resource_policy_decides: false,
            resource_account: owner,
            identity,
            boundary: requester.powers.boundary.as_ref(),
            session: session.as_deref(),
            grant: None,
        },
    );
    // Without a bucket policy nothing lets another account in.
    let is_foreign = bucket.is_some_and(|(account, policy)| policy.is_none() && account != requester.account);
    let unserved = unserved.take();
    if decision.is_allowed() && !is_foreign && unserved.is_none() {
        return Ok(());
    }
    let because = if let (Some(key), true) = (&unserved, decision.is_allowed()) {
        format!(" because a policy has a condition on {key}, which this gateway cannot tell")
    } else if is_foreign && decision.is_allowed() {
        format!(" because no resource-based policy allows the {action} action")
    } else {
        decision.because(action)
    };
    let arn = &requester.arn;
    let text =
        format!("User: {arn} is not authorized to perform: {action} on resource: \"{resource}\"{because}");
    Err(S3Error::with_message(S3ErrorCode::AccessDenied, text))
}

/// What conditions ask about.
struct RequestKeys<'a> {
    requester: &'a Requester,
    arrived: &'a RequestOrigin,
    says: RequestSays<'a>,
    /// The account of the bucket.
    owner: Option<&'a str>,
    /// A condition key of S3 that a policy asks about, and that nobody answers here. Whether it would deny is not known, so that it
    /// does.
    unserved: &'a Cell<Option<String>>,
}

impl ConditionKeys for RequestKeys<'_> {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        let Self { requester, arrived, says, .. } = self;
        let listing = says.listing.as_ref();
        let sse = says.sse;
        Some(match key.name() {
            "aws:currenttime" => Values::one(iso8601(arrived.now)),
            "aws:epochtime" => Values::one(arrived.now.to_string()),
            "aws:requestedregion" => Values::one(arrived.region.as_str()),
            "aws:securetransport" => truth(arrived.secure),
            "aws:sourceip" => Values::one(arrived.address.to_string()),
            "aws:useragent" => Values::one(arrived.user_agent.as_deref()?),
            "aws:viaawsservice" => truth(false),
            "s3:authtype" => Values::one(if arrived.presigned { "REST-QUERY-STRING" } else { "REST-HEADER" }),
            "s3:signatureversion" => Values::one("AWS4-HMAC-SHA256"),
            "s3:prefix" => Values::one(listing?.prefix),
            "s3:delimiter" => Values::one(listing?.delimiter),
            "s3:max-keys" => Values::one(listing?.max_keys.to_string()),
            "s3:x-amz-server-side-encryption" => Values::one(sse?.algorithm.as_deref()?),
            "s3:x-amz-server-side-encryption-aws-kms-key-id" => {
                // A key is named, and KMS does not tell the caller which one it is.
                if says.sse_key.is_none() && sse.is_some_and(|sse| sse.key.is_some()) {
                    self.unserved.set(Some(key.full_name()));
                }
                Values::one(says.sse_key?)
            }
            // Customer-provided keys are refused before.
            "s3:x-amz-server-side-encryption-customer-algorithm" => return None,
            "aws:resourceaccount" | "s3:resourceaccount" => Values::one(self.owner?),
            name if name.starts_with("s3:") => {
                self.unserved.set(Some(key.full_name()));
                return None;
            }
            _ => return requester.lookup(key),
        })
    }
}

fn truth(value: bool) -> Values<'static> {
    Values::one(if value { "true" } else { "false" })
}

fn iso8601(seconds: i64) -> String {
    model::Timestamp::from_millis(seconds.saturating_mul(1000)).to_iso8601()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use forward::ActFor;
    use policy::{PolicyKind, Principal};
    use sigv4::{Scope, SigningKey};

    use super::*;
    use crate::requester::RequesterPowers;

    const ACCOUNT: &str = "111122223333";

    fn requester(policy: &str) -> Requester {
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/alice");
        let scope = Scope { date: "20261130", region: "us-east-1", service: "s3" };
        let identity = Policy::parse(policy, PolicyKind::IdentityPolicy).unwrap();
        Requester {
            account: ACCOUNT.to_owned(),
            arn: arn.clone(),
            distinct_id: arn.clone(),
            principal: Principal::User {
                account: ACCOUNT.to_owned(),
                arn: arn.clone(),
                unique_id: "AIDA".to_owned(),
            },
            powers: RequesterPowers { identity: Some(vec![identity]), boundary: None, session: None },
            tags: BTreeMap::new(),
            told: BTreeMap::new(),
            signing_key: Arc::new(SigningKey::from_bytes(&[0; 32], scope)),
            act_for: ActFor::Principal(arn),
        }
    }

    fn asked(own: &str, bucket: Option<&str>, owner: &str) -> Result<(), String> {
        let arrived = RequestOrigin {
            address: IpAddr::from([10, 0, 0, 7]),
            secure: false,
            user_agent: None,
            now: 1_800_000_000,
            region: "us-east-1".to_owned(),
            presigned: false,
        };
        let bucket = bucket.map(|text| Policy::parse(text, PolicyKind::KeyPolicy).unwrap());
        let permission = S3Permission {
            action: "s3:GetObject",
            resource: "arn:aws:s3:::b/k",
            bucket: Some((owner, bucket.as_ref())),
            says: RequestSays::default(),
        };
        require(&requester(own), &arrived, &permission)
            .map_err(|denied| denied.message().unwrap_or_default().to_owned())
    }

    const ALL: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    const NOTHING: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}}"#;

    fn on_bucket(effect: &str, more: &str) -> String {
        format!(
            r#"{{"Statement":{{"Effect":"{effect}","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"{more}}}}}"#
        )
    }

    #[test]
    fn in_one_account_either_policy_allows_and_across_accounts_both() {
        let open = on_bucket("Allow", "");
        assert!(asked(ALL, None, ACCOUNT).is_ok());
        assert!(asked(NOTHING, Some(&open), ACCOUNT).is_ok());
        assert!(asked(NOTHING, None, ACCOUNT).is_err());
        assert!(asked(ALL, Some(&open), "444455556666").is_ok());
        assert!(asked(ALL, None, "444455556666").is_err());
        assert!(asked(NOTHING, Some(&open), "444455556666").is_err());
        assert!(asked(ALL, Some(&on_bucket("Deny", "")), ACCOUNT).is_err());
    }

    #[test]
    fn a_condition_that_nobody_can_tell_denies() {
        for (effect, condition) in [
            ("Deny", r#","Condition":{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}"#),
            ("Deny", r#","Condition":{"StringLike":{"s3:x-amz-copy-source":"other/*"}}"#),
            ("Allow", r#","Condition":{"StringNotEquals":{"s3:ExistingObjectTag/secret":"yes"}}"#),
        ] {
            let denied = asked(ALL, Some(&on_bucket(effect, condition)), ACCOUNT).unwrap_err();
            assert!(denied.contains("which this gateway cannot tell"), "{denied}");
        }
        let known =
            r#","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-customer-algorithm":"x"}}"#;
        assert!(asked(ALL, Some(&on_bucket("Allow", known)), ACCOUNT).is_ok());
    }
}
