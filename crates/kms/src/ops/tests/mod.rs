//! Operations together: what one does, the next one sees.

mod background;
mod grants;
mod last_usage;
mod quotas;
mod regions;

use dispatch::Fault;
use model::{
    arn::{AccountId, KeyArn, KeyId, Region},
    kms::CreateKeyRequest,
};

use crate::testing::{OWNER, World, root};

/// A symmetric key of the owner's with this policy, or with the default one.
pub(crate) fn key(world: &World, policy: Option<&str>) -> KeyArn {
    let input = CreateKeyRequest {
        policy: policy.map(str::to_owned),
        bypass_policy_lockout_safety_check: Some(true),
        ..CreateKeyRequest::default()
    };
    let made = world.call::<super::create_key::CreateKey>(&root(OWNER), input).unwrap();
    KeyArn {
        region: Region::parse("eu-west-1").unwrap(),
        account: AccountId::parse(OWNER).unwrap(),
        key_id: KeyId::parse(&made.key_metadata.unwrap().key_id).unwrap(),
    }
}

/// The name of what went wrong.
fn code<T>(result: Result<T, Fault>) -> &'static str {
    result.err().map_or("ok", |fault| fault.kind.json)
}
