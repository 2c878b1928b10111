//! `UpdateAccessKey`: switches an access key off or on again.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{
    Nothing,
    iam::{StatusType, UpdateAccessKeyRequest},
};

use crate::{Iam, access_keys, faults, gate};

/// The operation.
pub(crate) struct UpdateAccessKey;

impl Operation for UpdateAccessKey {
    type Service = Iam;
    type Input = UpdateAccessKeyRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("UpdateAccessKey", "UserName={user}&AccessKeyId={access-key}&Status=Inactive")
            .shows(&["userName", "accessKeyId", "status"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let holder = access_keys::holder(iam, cx, "iam:UpdateAccessKey", input.user_name.as_deref())?;
        let key = holder.key(&input.access_key_id)?;
        let active = match input.status {
            StatusType::Active => true,
            StatusType::Inactive => false,
            _ => return Err(faults::validation("Status must be Active or Inactive.")),
        };
        let change = (active != key.active).then(|| key.switched(active));
        Ok(gate::outcome(Nothing {}, change))
    }
}
