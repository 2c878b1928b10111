//! `DeleteAccessKey`: deletes an access key.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteAccessKeyRequest};
use state::removed;

use crate::{
    Iam, access_keys,
    layout::{self, Kind},
};

/// The operation.
pub(crate) struct DeleteAccessKey;

impl Operation for DeleteAccessKey {
    type Service = Iam;
    type Input = DeleteAccessKeyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("DeleteAccessKey", "UserName={user}&AccessKeyId={access-key}")
        .shows(&["userName", "accessKeyId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let holder = access_keys::holder(iam, cx, "iam:DeleteAccessKey", input.user_name.as_deref())?;
        let key = holder.key(&input.access_key_id)?;
        let used = layout::key(key.account, Kind::AccessKeyUse, &key.id);
        Ok(Outcome::changing(Nothing {}, removed(key).delete(used)))
    }
}
