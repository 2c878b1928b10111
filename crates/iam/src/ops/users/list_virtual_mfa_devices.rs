//! `ListVirtualMFADevices`: the virtual second factors of the account: none, for none can be enrolled.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse};

use crate::{
    Iam,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct ListVirtualMFADevices;

impl Operation for ListVirtualMFADevices {
    type Service = Iam;
    type Input = ListVirtualMFADevicesRequest;
    type Output = ListVirtualMFADevicesResponse;
    const FACTS: Facts =
        Facts { name: "ListVirtualMFADevices", read_only: true, example: "AssignmentStatus=Any" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        _: ListVirtualMFADevicesRequest,
    ) -> Result<Outcome<ListVirtualMFADevicesResponse>, Fault> {
        gate::account(iam, cx, "iam:ListVirtualMFADevices", "*", &Asked::default())?;
        Ok(ListVirtualMFADevicesResponse {
            virtual_mfa_devices: Vec::new(),
            is_truncated: Some(false),
            marker: None,
        }
        .into())
    }
}
