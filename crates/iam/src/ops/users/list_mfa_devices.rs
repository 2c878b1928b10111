//! `ListMFADevices`: the second factors of a user: none, for none can be enrolled.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListMFADevicesRequest, ListMFADevicesResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct ListMFADevices;

impl Operation for ListMFADevices {
    type Service = Iam;
    type Input = ListMFADevicesRequest;
    type Output = ListMFADevicesResponse;
    const FACTS: Facts = Facts { name: "ListMFADevices", read_only: true, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListMFADevicesRequest,
    ) -> Result<Outcome<ListMFADevicesResponse>, Fault> {
        match gate::user_name(cx, input.user_name.as_deref()) {
            Ok(name) => {
                gate::holder::<User>(iam, cx, "iam:ListMFADevices", &name, &Asked::default())?;
            }
            Err(fault) if !gate::is_root(cx, input.user_name.as_deref()) => return Err(fault),
            Err(_) => {
                gate::account(iam, cx, "iam:ListMFADevices", "*", &Asked::default())?;
            }
        }
        Ok(ListMFADevicesResponse { mfa_devices: Vec::new(), is_truncated: Some(false), marker: None }.into())
    }
}
