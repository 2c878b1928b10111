//! `ListServiceSpecificCredentials`: the credentials of a user for single services: none, for no service here takes them.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListServiceSpecificCredentialsRequest, ListServiceSpecificCredentialsResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct ListServiceSpecificCredentials;

impl Operation for ListServiceSpecificCredentials {
    type Service = Iam;
    type Input = ListServiceSpecificCredentialsRequest;
    type Output = ListServiceSpecificCredentialsResponse;
    const FACTS: Facts =
        Facts { name: "ListServiceSpecificCredentials", read_only: true, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListServiceSpecificCredentialsRequest,
    ) -> Result<Outcome<ListServiceSpecificCredentialsResponse>, Fault> {
        match gate::user_name(cx, input.user_name.as_deref()) {
            Ok(name) => {
                gate::holder::<User>(
                    iam,
                    cx,
                    "iam:ListServiceSpecificCredentials",
                    &name,
                    &Asked::default(),
                )?;
            }
            Err(fault) if !gate::is_root(cx, input.user_name.as_deref()) => return Err(fault),
            Err(_) => {
                gate::account(iam, cx, "iam:ListServiceSpecificCredentials", "*", &Asked::default())?;
            }
        }
        Ok(ListServiceSpecificCredentialsResponse {
            service_specific_credentials: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        }
        .into())
    }
}
