//! What a campaign is for, and what that means for a target.

use serde::{Deserialize, Serialize};

use super::target::{OpeningKey, TargetEnvelope};

/// From which key to which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CampaignGoal {
    /// The ARN of the key under which targets are.
    pub(crate) from: String,
    /// The ARN of the key under which they shall be.
    pub(crate) to: String,
    /// The newest material of that key, if KMS tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) material: Option<String>,
}

/// What is to be done with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetVerdict {
    /// Put it under the other key, or under newer material.
    Move,
    /// Nothing: it is there.
    Already,
    /// Nothing: it is under neither key.
    Elsewhere,
    /// Nothing, although it is under the key, for this reason.
    Cannot(&'static str),
}

/// What became of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It is under the key that was wished for.
    Done,
    /// It was so before.
    Already,
    /// It cannot be.
    Cannot(String),
}

impl CampaignGoal {
    /// What is to be done with what has this envelope. Where the envelope does not tell the material, the target is moved:
    /// twice is as good as once.
    pub(crate) fn verdict(&self, envelope: &TargetEnvelope) -> TargetVerdict {
        let mut under_from = envelope.ways.iter().filter(|way| way.key == self.from);
        let left = if self.from == self.to {
            under_from.any(|way| !self.reached_by(way))
        } else {
            under_from.next().is_some()
        };
        let is_there = envelope.ways.iter().any(|way| way.key == self.to);
        match envelope.hindrance {
            Some(why) if left => TargetVerdict::Cannot(why),
            None if left => TargetVerdict::Move,
            _ if is_there => TargetVerdict::Already,
            _ => TargetVerdict::Elsewhere,
        }
    }

    /// Whether this is the key and the material that is wished for, and known to be so.
    pub(crate) fn reached_by(&self, way: &OpeningKey) -> bool {
        way.key == self.to && way.material.is_some() && way.material == self.material
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(to: &str, material: Option<&str>) -> CampaignGoal {
        CampaignGoal { from: "a".to_owned(), to: to.to_owned(), material: material.map(str::to_owned) }
    }

    fn verdict(
        goal: &CampaignGoal,
        ways: &[(&str, Option<&str>)],
        hindrance: Option<&'static str>,
    ) -> TargetVerdict {
        let way = |(key, material): &(&str, Option<&str>)| OpeningKey {
            key: (*key).to_owned(),
            material: material.map(str::to_owned),
        };
        goal.verdict(&TargetEnvelope { ways: ways.iter().map(way).collect(), hindrance, digest: None })
    }

    #[test]
    fn under_another_key_what_is_there_stays() {
        let goal = goal("b", Some("m2"));
        for (ways, expected) in [
            (vec![("a", None)], TargetVerdict::Move),
            (vec![("a", Some("m2"))], TargetVerdict::Move),
            (vec![("b", None)], TargetVerdict::Already),
            (vec![("b", None), ("a", None)], TargetVerdict::Move),
            (vec![("c", None)], TargetVerdict::Elsewhere),
            (vec![], TargetVerdict::Elsewhere),
        ] {
            assert_eq!(verdict(&goal, &ways, None), expected, "{ways:?}");
        }
        assert_eq!(verdict(&goal, &[("a", None)], Some("signed")), TargetVerdict::Cannot("signed"));
        assert_eq!(verdict(&goal, &[("b", None)], Some("signed")), TargetVerdict::Already);
        assert_eq!(verdict(&goal, &[("c", None)], Some("signed")), TargetVerdict::Elsewhere);
    }

    #[test]
    fn under_the_same_key_only_what_is_known_to_be_current_stays() {
        let told = goal("a", Some("m2"));
        for (ways, expected) in [
            (vec![("a", Some("m1"))], TargetVerdict::Move),
            (vec![("a", None)], TargetVerdict::Move),
            (vec![("a", Some("m2"))], TargetVerdict::Already),
            (vec![("a", Some("m2")), ("c", None)], TargetVerdict::Already),
            (vec![("a", Some("m2")), ("a", Some("m1"))], TargetVerdict::Move),
            (vec![("b", Some("m2"))], TargetVerdict::Elsewhere),
        ] {
            assert_eq!(verdict(&told, &ways, None), expected, "{ways:?}");
        }
        // KMS does not tell of materials.
        assert_eq!(verdict(&goal("a", None), &[("a", None)], None), TargetVerdict::Move);
    }
}
