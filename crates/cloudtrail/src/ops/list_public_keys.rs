//! `ListPublicKeys`: the keys that verify digests of a time.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html>

use dispatch::{Cx, Facts, Fault, Listing, Operation, Outcome, Permission, require};
use model::{
    Timestamp,
    cloudtrail::{ListPublicKeysRequest, ListPublicKeysResponse, PublicKey},
};

use crate::{Trails, digest_keys::DigestKey, faults};

/// The operation.
pub(super) struct ListPublicKeys;

/// Keys on a page: those of eight years. `aws cloudtrail validate-logs` reads one page.
const PAGE: usize = 100;

impl Operation for ListPublicKeys {
    type Service = Trails;
    type Input = ListPublicKeysRequest;
    type Output = ListPublicKeysResponse;
    const FACTS: Facts = Facts::reading("ListPublicKeys", "{}").shows(&["startTime", "endTime", "nextToken"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let ListPublicKeysRequest { start_time, end_time, next_token } = input;
        if start_time.zip(end_time).is_some_and(|(start, end)| start > end) {
            return Err(faults::time_range());
        }
        require(cx, &Permission::on("cloudtrail:ListPublicKeys", "*", &()))?;
        let of = format!("{start_time:?} {end_time:?}");
        let strongroom = &trails.strongroom;
        let listing = Listing { strongroom, cx, name: "ListPublicKeys", of: &of };
        let last = listing.resume(next_token.as_deref()).map_err(faults::no_list_page)?;
        let overlaps = |key: &DigestKey| {
            start_time.is_none_or(|start| key.until >= start) && end_time.is_none_or(|end| key.from <= end)
        };
        let name = |key: &DigestKey| format!("{:020} {}", key.from.as_millis(), key.fingerprint);
        let keys = trails.tables().digest_keys();
        let rest =
            keys.iter().filter(|key| overlaps(key) && last.as_ref().is_none_or(|last| name(key) > *last));
        let page = listing.page(rest, PAGE, |key| name(key)).map_err(faults::no_list_page)?;
        let keys = page.items.into_iter().map(|key| PublicKey {
            value: Some(key.public_key.clone().into()),
            validity_start_time: Some(second(key.from)),
            validity_end_time: Some(second(key.until)),
            fingerprint: Some(key.fingerprint.clone()),
        });
        let public_key_list = Some(keys.collect());
        Ok(ListPublicKeysResponse { public_key_list, next_token: page.next_marker }.into())
    }
}

/// Times of CloudTrail are whole seconds.
fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_seconds() * 1000)
}
