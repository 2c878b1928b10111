//! `ListSigningCertificates`: the signing certificates of a user: none, for no service here takes them.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSigningCertificates.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListSigningCertificatesRequest, ListSigningCertificatesResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct ListSigningCertificates;

impl Operation for ListSigningCertificates {
    type Service = Iam;
    type Input = ListSigningCertificatesRequest;
    type Output = ListSigningCertificatesResponse;
    const FACTS: Facts =
        Facts { name: "ListSigningCertificates", read_only: true, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListSigningCertificatesRequest,
    ) -> Result<Outcome<ListSigningCertificatesResponse>, Fault> {
        match gate::user_name(cx, input.user_name.as_deref()) {
            Ok(name) => {
                gate::holder::<User>(iam, cx, "iam:ListSigningCertificates", &name, &Asked::default())?;
            }
            Err(fault) if !gate::is_root(cx, input.user_name.as_deref()) => return Err(fault),
            Err(_) => {
                gate::account(iam, cx, "iam:ListSigningCertificates", "*", &Asked::default())?;
            }
        }
        Ok(ListSigningCertificatesResponse {
            certificates: Vec::new(),
            is_truncated: Some(false),
            marker: None,
        }
        .into())
    }
}
