//! `DecodeAuthorizationMessage`: tells what a denial said in an encoded message. No service here encodes any (in AWS it is EC2
//! and its like that do), and those of AWS only AWS can read, so no message is a valid one.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::sts::{DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse};

use crate::{
    Sts,
    sts::{
        faults,
        gate::{self, Asked},
        passed::SessionTags,
    },
};

/// The operation.
pub(super) struct DecodeAuthorizationMessage;

impl Operation for DecodeAuthorizationMessage {
    type Service = Sts;
    type Input = DecodeAuthorizationMessageRequest;
    type Output = DecodeAuthorizationMessageResponse;
    const FACTS: Facts = Facts::reading("DecodeAuthorizationMessage", "EncodedMessage=none");

    async fn run(_: &Sts, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let tags = SessionTags::default();
        let asked =
            Asked { session_name: None, external_id: None, source_identity: None, tags: &tags, claims: None };
        gate::permit(cx, "sts:DecodeAuthorizationMessage", "*", &asked)?;
        Err(faults::no_authorization_message())
    }
}
