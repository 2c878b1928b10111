//! The states of a KMS key and the ways between them, as pure functions.
//!
//! ```text
//!                 DisableKey
//!         Enabled ----------> Disabled     material deleted or expired      (last material imported)
//!                 <----------              Enabled, Disabled ---> PendingImport ---> Enabled
//!                 EnableKey
//!                          ScheduleKeyDeletion
//!  any of these three -----------------------------> PendingDeletion --(due)--> BeingDeleted ---> gone
//!         |                                           ^
//!         | of a primary with replicas                | last replica gone: the waiting period begins
//!         +------------> PendingReplicaDeletion ------+
//!
//!  PendingDeletion, PendingReplicaDeletion -- CancelKeyDeletion --> Disabled (PendingImport, if material is missing)
//! ```
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
//!
//! A key with many records is deleted in several commits. The first makes it `BeingDeleted`, which nothing leaves:
//! no key is left that has lost a part of its records. Callers see `PendingDeletion` until the last commit. A key whose
//! time is over cannot be kept any more, also before a server has begun to delete it.
//!
//! AWS's other states are not stored, because what they wait for is done in one commit here: a replica is
//! complete when `ReplicateKey` answers (the answer says `Creating`, as AWS's does), and a change of the
//! primary is done when `UpdatePrimaryRegion` answers, so nobody sees `Updating`. `Unavailable` belongs to
//! custom key stores.

use model::{Timestamp, kms::KeyState};

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Usable.
    Enabled,
    /// Switched off.
    Disabled,
    /// Material that it encrypts or decrypts with has not been imported, was deleted, or has expired.
    PendingImport,
    /// Waits for its deletion.
    PendingDeletion {
        /// When it is deleted.
        due: Timestamp,
    },
    /// Waits for the deletion of its replicas; then for its own.
    PendingReplicaDeletion {
        /// How long it waits for its own, in days.
        window_days: u16,
    },
    /// Some of its records may be gone already.
    BeingDeleted {
        /// When its time was over.
        due: Timestamp,
    },
}

/// Why a key in its state refuses. The request line words it as AWS does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The key is disabled.
    Disabled,
    /// The key is pending deletion.
    PendingDeletion,
    /// The key is not pending deletion.
    NotPendingDeletion,
    /// The key's time is over.
    BeingDeleted,
    /// The key is pending import.
    PendingImport,
}

impl State {
    /// As on the wire.
    #[must_use]
    pub fn key_state(self) -> KeyState {
        match self {
            Self::Enabled => KeyState::Enabled,
            Self::Disabled => KeyState::Disabled,
            Self::PendingImport => KeyState::PendingImport,
            Self::PendingDeletion { .. } | Self::BeingDeleted { .. } => KeyState::PendingDeletion,
            Self::PendingReplicaDeletion { .. } => KeyState::PendingReplicaDeletion,
        }
    }

    /// When the key is deleted, if that is known.
    #[must_use]
    pub fn deletion_date(self) -> Option<Timestamp> {
        match self {
            Self::PendingDeletion { due } | Self::BeingDeleted { due } => Some(due),
            Self::Enabled | Self::Disabled | Self::PendingImport | Self::PendingReplicaDeletion { .. } => {
                None
            }
        }
    }

    /// Whether the key is on its way out.
    #[must_use]
    pub fn is_pending_deletion(self) -> bool {
        self.changeable().is_err()
    }

    /// Checks that the key can be used to compute.
    ///
    /// # Errors
    /// Whatever stands against it.
    pub fn usable(self) -> Result<(), Refusal> {
        match self {
            Self::PendingImport => Err(Refusal::PendingImport),
            _ => self.switched_on(),
        }
    }

    /// Checks that the key is not switched off; it may have no material.
    ///
    /// # Errors
    /// [`Refusal::Disabled`], [`Refusal::PendingDeletion`].
    pub fn switched_on(self) -> Result<(), Refusal> {
        match self {
            Self::Disabled => Err(Refusal::Disabled),
            _ => self.changeable(),
        }
    }

    /// Checks that the key can be changed: in any state but on its way out.
    ///
    /// # Errors
    /// [`Refusal::PendingDeletion`].
    pub fn changeable(self) -> Result<(), Refusal> {
        match self {
            Self::Enabled | Self::Disabled | Self::PendingImport => Ok(()),
            Self::PendingDeletion { .. }
            | Self::PendingReplicaDeletion { .. }
            | Self::BeingDeleted { .. } => Err(Refusal::PendingDeletion),
        }
    }

    /// Checks that the key can be enabled and disabled.
    ///
    /// # Errors
    /// [`Refusal::PendingDeletion`], [`Refusal::PendingImport`].
    pub fn switchable(self) -> Result<(), Refusal> {
        match self {
            Self::PendingImport => Err(Refusal::PendingImport),
            _ => self.changeable(),
        }
    }

    /// Enables the key; no change if it is.
    ///
    /// # Errors
    /// As [`State::switchable`].
    pub fn enabled(self) -> Result<Self, Refusal> {
        self.switchable().map(|()| Self::Enabled)
    }

    /// Disables the key; no change if it is.
    ///
    /// # Errors
    /// As [`State::switchable`].
    pub fn disabled(self) -> Result<Self, Refusal> {
        self.switchable().map(|()| Self::Disabled)
    }

    /// Schedules the deletion `window_days` from `now`, or from the end of its last replica, if it has any.
    ///
    /// # Errors
    /// [`Refusal::PendingDeletion`] when it is scheduled already.
    pub fn scheduled(self, now: Timestamp, window_days: u16, has_replicas: bool) -> Result<Self, Refusal> {
        self.changeable()?;
        if has_replicas {
            return Ok(Self::PendingReplicaDeletion { window_days });
        }
        Ok(Self::PendingDeletion { due: now.plus_days(window_days) })
    }

    /// The last replica is gone: a deletion that waited for that is scheduled from `now` on.
    #[must_use]
    pub fn without_replicas(self, now: Timestamp) -> Self {
        match self {
            Self::PendingReplicaDeletion { window_days } => {
                Self::PendingDeletion { due: now.plus_days(window_days) }
            }
            other => other,
        }
    }

    /// The time is over and the deletion begins.
    #[must_use]
    pub fn being_deleted(self) -> Self {
        match self {
            Self::PendingDeletion { due } => Self::BeingDeleted { due },
            other => other,
        }
    }

    /// Cancels the deletion, if its time has not come by `now`. The key comes back disabled, whatever it was before, or
    /// waiting for the material that it is missing.
    ///
    /// # Errors
    /// [`Refusal::NotPendingDeletion`], [`Refusal::BeingDeleted`].
    pub fn cancelled(self, now: Timestamp, missing_material: bool) -> Result<Self, Refusal> {
        match self {
            Self::BeingDeleted { .. } => Err(Refusal::BeingDeleted),
            Self::PendingDeletion { due } if due <= now => Err(Refusal::BeingDeleted),
            Self::PendingDeletion { .. } | Self::PendingReplicaDeletion { .. } if missing_material => {
                Ok(Self::PendingImport)
            }
            Self::PendingDeletion { .. } | Self::PendingReplicaDeletion { .. } => Ok(Self::Disabled),
            Self::Enabled | Self::Disabled | Self::PendingImport => Err(Refusal::NotPendingDeletion),
        }
    }

    /// Material came or went; `missing` says whether any that the key encrypts or decrypts with is not there
    /// now. A key that got its last missing material is enabled, whatever it was before. A scheduled deletion
    /// stays.
    #[must_use]
    pub fn with_material(self, missing: bool) -> Self {
        match self {
            Self::Enabled | Self::Disabled if missing => Self::PendingImport,
            Self::PendingImport if !missing => Self::Enabled,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);
    const DUE: Timestamp = Timestamp::from_millis(1_000 + 7 * 24 * 60 * 60 * 1000);
    const PENDING: State = State::PendingDeletion { due: DUE };
    const WAITING: State = State::PendingReplicaDeletion { window_days: 7 };
    const GOING: State = State::BeingDeleted { due: DUE };
    const ALL: [State; 6] = [State::Enabled, State::Disabled, State::PendingImport, PENDING, WAITING, GOING];

    #[test]
    fn every_state_and_way() {
        use Refusal as R;
        use State as S;
        for (state, enabled, disabled, cancelled, scheduled) in [
            (S::Enabled, Ok(S::Enabled), Ok(S::Disabled), Err(R::NotPendingDeletion), Ok(PENDING)),
            (S::Disabled, Ok(S::Enabled), Ok(S::Disabled), Err(R::NotPendingDeletion), Ok(PENDING)),
            (
                S::PendingImport,
                Err(R::PendingImport),
                Err(R::PendingImport),
                Err(R::NotPendingDeletion),
                Ok(PENDING),
            ),
            (
                PENDING,
                Err(R::PendingDeletion),
                Err(R::PendingDeletion),
                Ok(S::Disabled),
                Err(R::PendingDeletion),
            ),
            (
                WAITING,
                Err(R::PendingDeletion),
                Err(R::PendingDeletion),
                Ok(S::Disabled),
                Err(R::PendingDeletion),
            ),
            (
                GOING,
                Err(R::PendingDeletion),
                Err(R::PendingDeletion),
                Err(R::BeingDeleted),
                Err(R::PendingDeletion),
            ),
        ] {
            assert_eq!(state.enabled(), enabled, "{state:?}");
            assert_eq!(state.disabled(), disabled, "{state:?}");
            assert_eq!(state.cancelled(NOW, false), cancelled, "{state:?}");
            assert_eq!(state.scheduled(NOW, 7, false), scheduled, "{state:?}");
        }
    }

    #[test]
    fn nothing_leaves_a_deletion_that_has_begun() {
        assert_eq!(PENDING.being_deleted(), GOING);
        assert_eq!(GOING.key_state(), KeyState::PendingDeletion);
        for state in [GOING.being_deleted(), GOING.without_replicas(NOW), GOING.with_material(true)] {
            assert_eq!(state, GOING);
        }
        for missing in [false, true] {
            assert_eq!(GOING.cancelled(NOW, missing), Err(Refusal::BeingDeleted));
        }
    }

    #[test]
    fn a_deletion_can_be_cancelled_until_it_is_due() {
        let just_before = Timestamp::from_millis(DUE.as_millis() - 1);
        assert_eq!(PENDING.cancelled(just_before, false), Ok(State::Disabled));
        for now in [DUE, DUE.plus_days(1)] {
            assert_eq!(PENDING.cancelled(now, false), Err(Refusal::BeingDeleted));
            assert_eq!(PENDING.cancelled(now, true), Err(Refusal::BeingDeleted));
        }
    }

    #[test]
    fn only_enabled_keys_compute() {
        for state in ALL {
            assert_eq!(state.usable().is_ok(), state == State::Enabled, "{state:?}");
        }
    }

    #[test]
    fn material_comes_and_goes() {
        use State as S;
        for (state, missing, complete) in [
            (S::Enabled, S::PendingImport, S::Enabled),
            (S::Disabled, S::PendingImport, S::Disabled),
            (S::PendingImport, S::PendingImport, S::Enabled),
            (PENDING, PENDING, PENDING),
            (WAITING, WAITING, WAITING),
            (GOING, GOING, GOING),
        ] {
            assert_eq!(state.with_material(true), missing, "{state:?}");
            assert_eq!(state.with_material(false), complete, "{state:?}");
        }
        assert_eq!(PENDING.cancelled(NOW, true), Ok(S::PendingImport));
        assert_eq!(WAITING.cancelled(NOW, true), Ok(S::PendingImport));
    }

    #[test]
    fn a_primary_waits_for_its_replicas_first() {
        for state in ALL {
            let scheduled = state.scheduled(NOW, 7, true);
            assert_eq!(scheduled, state.changeable().map(|()| WAITING), "{state:?}");
            let without = if state == WAITING { PENDING } else { state };
            assert_eq!(state.without_replicas(NOW), without, "{state:?}");
        }
    }
}
