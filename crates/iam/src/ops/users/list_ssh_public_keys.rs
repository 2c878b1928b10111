//! `ListSSHPublicKeys`: the SSH keys of a user: none, for no service here takes them.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSSHPublicKeys.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListSSHPublicKeysRequest, ListSSHPublicKeysResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct ListSSHPublicKeys;

impl Operation for ListSSHPublicKeys {
    type Service = Iam;
    type Input = ListSSHPublicKeysRequest;
    type Output = ListSSHPublicKeysResponse;
    const FACTS: Facts = Facts { name: "ListSSHPublicKeys", read_only: true, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListSSHPublicKeysRequest,
    ) -> Result<Outcome<ListSSHPublicKeysResponse>, Fault> {
        match gate::user_name(cx, input.user_name.as_deref()) {
            Ok(name) => {
                gate::holder::<User>(iam, cx, "iam:ListSSHPublicKeys", &name, &Asked::default())?;
            }
            Err(fault) if !gate::is_root(cx, input.user_name.as_deref()) => return Err(fault),
            Err(_) => {
                gate::account(iam, cx, "iam:ListSSHPublicKeys", "*", &Asked::default())?;
            }
        }
        Ok(ListSSHPublicKeysResponse {
            ssh_public_keys: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        }
        .into())
    }
}
