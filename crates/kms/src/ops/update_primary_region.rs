//! `UpdatePrimaryRegion`: a replica becomes the primary, and the primary its replica.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html>
//!
//! Both keys are `Updating` for a while in AWS; here the change is one commit.

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::UpdatePrimaryRegionRequest};

use crate::{
    Kms, events, family,
    gate::{self, Asked, ToUpdatePrimary},
    key::Key,
};

/// The operation.
pub(super) struct UpdatePrimaryRegion;

impl Operation for UpdatePrimaryRegion {
    type Service = Kms;
    type Input = UpdatePrimaryRegionRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("UpdatePrimaryRegion", r#"{"KeyId":"{replicated-key}","PrimaryRegion":"eu-west-1"}"#)
            .at(Rate::PerSecond(5))
            .shows(&["keyId", "primaryRegion"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let asked = Asked::nothing().with("kms:PrimaryRegion", &input.primary_region);
        let primary = gate::key::<ToUpdatePrimary>(kms, cx, &input.key_id, &asked)?;
        family::check_primary(primary.record())?;
        let region = family::other_region(kms, primary.record(), &input.primary_region)?;
        let mut there = gate::elsewhere(cx, &region);
        let replica = gate::related::<ToUpdatePrimary>(kms, &mut there, primary.id(), &asked)?;

        // What stands at the primary for the whole family moves.
        let (old, new) = (primary.record(), replica.record());
        let retired = Key { replica: true, rotation: None, on_demand_rotations: 0, ..Key::clone(old) };
        let promoted = Key {
            replica: false,
            rotation: old.rotation,
            on_demand_rotations: old.on_demand_rotations,
            ..Key::clone(new)
        };
        let mut change = primary.replaced(&retired);
        let promotion = replica.replaced(&promoted);
        change.preconditions.extend(promotion.preconditions);
        change.puts.extend(promotion.puts);
        let details = vec![("keyId", new.arn.key_id.to_string()), ("primaryRegion", region.to_string())];
        cx.notes.event(events::about(&new.arn, "UpdatePrimaryRegion", details));
        Ok(Outcome::changing(Nothing {}, change))
    }
}
