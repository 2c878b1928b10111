//! `CreateAccessKey`: makes an access key; its secret is shown here and nowhere else.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{AccessKey, CreateAccessKeyRequest, CreateAccessKeyResponse, StatusType};

use crate::{
    Iam, access_keys,
    credentials::{self, NewAccessKey},
    faults,
    limits::ACCESS_KEYS,
};

/// The operation.
pub(crate) struct CreateAccessKey;

impl Operation for CreateAccessKey {
    type Service = Iam;
    type Input = CreateAccessKeyRequest;
    type Output = CreateAccessKeyResponse;
    const FACTS: Facts = Facts::changing("CreateAccessKey", "UserName={other-user}")
        .shows(&["userName"])
        .answers(&["accessKey"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let holder = access_keys::holder(iam, cx, "iam:CreateAccessKey", input.user_name.as_deref())?;
        if holder.keys().count() >= ACCESS_KEYS {
            return Err(faults::quota("AccessKeysPerUser", ACCESS_KEYS));
        }
        let key = NewAccessKey::generate(cx.entropy)
            .map_err(|_| Fault::internal("the source of random bytes failed"))?;
        let made = credentials::made(iam, cx, &key, &holder.owner())?;
        let change = holder.touched(cx)?.and(made);
        let access_key = AccessKey {
            user_name: holder.name().unwrap_or("root").to_owned(),
            access_key_id: key.id,
            status: StatusType::Active,
            secret_access_key: key.secret,
            create_date: Some(cx.now),
        };
        Ok(Outcome::changing(CreateAccessKeyResponse { access_key }, change))
    }
}
