//! The states of a KMS key and the ways between them, as pure functions.
//!
//! ```text
//!            DisableKey                    ScheduleKeyDeletion
//!  Enabled ------------> Disabled      Enabled, Disabled ------------> PendingDeletion --(due)--> gone
//!          <------------                                 CancelKeyDeletion |
//!            EnableKey                 Disabled <--------------------------+
//! ```
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>

use model::{Timestamp, kms::KeyState};

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Usable.
    Enabled,
    /// Switched off.
    Disabled,
    /// Waits for its deletion.
    PendingDeletion {
        /// When it is deleted.
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
}

/// Milliseconds in a day.
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

impl State {
    /// As on the wire.
    #[must_use]
    pub fn key_state(self) -> KeyState {
        match self {
            Self::Enabled => KeyState::Enabled,
            Self::Disabled => KeyState::Disabled,
            Self::PendingDeletion { .. } => KeyState::PendingDeletion,
        }
    }

    /// Checks that the key can be used to compute.
    ///
    /// # Errors
    /// Whatever stands against it.
    pub fn usable(self) -> Result<(), Refusal> {
        match self {
            Self::Enabled => Ok(()),
            Self::Disabled => Err(Refusal::Disabled),
            Self::PendingDeletion { .. } => Err(Refusal::PendingDeletion),
        }
    }

    /// Checks that the key can be changed: in any state but on its way out.
    ///
    /// # Errors
    /// [`Refusal::PendingDeletion`].
    pub fn changeable(self) -> Result<(), Refusal> {
        match self {
            Self::Enabled | Self::Disabled => Ok(()),
            Self::PendingDeletion { .. } => Err(Refusal::PendingDeletion),
        }
    }

    /// Enables the key; no change if it is.
    ///
    /// # Errors
    /// [`Refusal::PendingDeletion`].
    pub fn enabled(self) -> Result<Self, Refusal> {
        self.changeable().map(|()| Self::Enabled)
    }

    /// Disables the key; no change if it is.
    ///
    /// # Errors
    /// [`Refusal::PendingDeletion`].
    pub fn disabled(self) -> Result<Self, Refusal> {
        self.changeable().map(|()| Self::Disabled)
    }

    /// Schedules the deletion `window_days` from `now`.
    ///
    /// # Errors
    /// [`Refusal::PendingDeletion`] when it is scheduled already.
    pub fn scheduled(self, now: Timestamp, window_days: u16) -> Result<Self, Refusal> {
        self.changeable()?;
        let due = now.as_millis().saturating_add(i64::from(window_days).saturating_mul(DAY_MILLIS));
        Ok(Self::PendingDeletion { due: Timestamp::from_millis(due) })
    }

    /// Cancels the deletion. The key comes back disabled, whatever it was before.
    ///
    /// # Errors
    /// [`Refusal::NotPendingDeletion`].
    pub fn cancelled(self) -> Result<Self, Refusal> {
        match self {
            Self::PendingDeletion { .. } => Ok(Self::Disabled),
            Self::Enabled | Self::Disabled => Err(Refusal::NotPendingDeletion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn every_state_and_way() {
        let pending = State::Enabled.scheduled(NOW, 7).unwrap();
        assert_eq!(pending, State::PendingDeletion { due: Timestamp::from_millis(1_000 + 7 * DAY_MILLIS) });
        for (state, enabled, disabled, cancelled, scheduled) in [
            (
                State::Enabled,
                Ok(State::Enabled),
                Ok(State::Disabled),
                Err(Refusal::NotPendingDeletion),
                Ok(pending),
            ),
            (
                State::Disabled,
                Ok(State::Enabled),
                Ok(State::Disabled),
                Err(Refusal::NotPendingDeletion),
                Ok(pending),
            ),
            (
                pending,
                Err(Refusal::PendingDeletion),
                Err(Refusal::PendingDeletion),
                Ok(State::Disabled),
                Err(Refusal::PendingDeletion),
            ),
        ] {
            assert_eq!(state.enabled(), enabled, "{state:?}");
            assert_eq!(state.disabled(), disabled, "{state:?}");
            assert_eq!(state.cancelled(), cancelled, "{state:?}");
            assert_eq!(state.scheduled(NOW, 7), scheduled, "{state:?}");
        }
    }
}
