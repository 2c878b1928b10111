//! The quotas of the key management service: AWS's, except where the file says otherwise.

use std::fmt;

use kms::{Overrides, Quotas, RequestRates};

use super::{ConfigError, Expected, keys::Keys};

/// Quotas as given. The fields are those of [`Quotas`] and [`Overrides`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct QuotaSettings {
    pub(crate) keys_per_region: Option<usize>,
    pub(crate) aliases_per_key: Option<usize>,
    pub(crate) grants_per_key: Option<usize>,
    pub(crate) key_policy_bytes: Option<usize>,
    pub(crate) on_demand_rotations: Option<u16>,
    /// Whether AWS's request rates are kept to.
    pub(crate) limited: Option<bool>,
    pub(crate) rates: Overrides,
}

const MILLION: u64 = 1_000_000;

impl QuotaSettings {
    /// From the keys of a file.
    pub(super) fn read(keys: &mut Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            keys_per_region: keys.number("quotas.keys_per_region", 1..=10 * MILLION)?,
            aliases_per_key: keys.number("quotas.aliases_per_key", 0..=10_000)?,
            grants_per_key: keys.number("quotas.grants_per_key", 0..=MILLION)?,
            // The API takes no longer text than that.
            key_policy_bytes: keys.number("quotas.key_policy_bytes", 1..=131_072)?,
            on_demand_rotations: keys.number("quotas.on_demand_rotations", 0..=1000)?,
            limited: keys.text("quotas.request_rates", |text| match text {
                "aws" => Ok(true),
                "unlimited" => Ok(false),
                _ => Err(Expected("`unlimited` or `aws`")),
            })?,
            rates: Overrides {
                symmetric: keys.number("quotas.symmetric_per_second", 1..=MILLION)?,
                rsa: keys.number("quotas.rsa_per_second", 1..=MILLION)?,
                elliptic_curve: keys.number("quotas.elliptic_curve_per_second", 1..=MILLION)?,
                ml_dsa: keys.number("quotas.ml_dsa_per_second", 1..=MILLION)?,
            },
        })
    }

    /// These settings, and where they are silent those.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            keys_per_region: self.keys_per_region.or(below.keys_per_region),
            aliases_per_key: self.aliases_per_key.or(below.aliases_per_key),
            grants_per_key: self.grants_per_key.or(below.grants_per_key),
            key_policy_bytes: self.key_policy_bytes.or(below.key_policy_bytes),
            on_demand_rotations: self.on_demand_rotations.or(below.on_demand_rotations),
            limited: self.limited.or(below.limited),
            rates: Overrides {
                symmetric: self.rates.symmetric.or(below.rates.symmetric),
                rsa: self.rates.rsa.or(below.rates.rsa),
                elliptic_curve: self.rates.elliptic_curve.or(below.rates.elliptic_curve),
                ml_dsa: self.rates.ml_dsa.or(below.rates.ml_dsa),
            },
        }
    }

    /// The quotas that hold.
    pub(super) fn quotas(&self) -> Quotas {
        let aws = Quotas::default();
        Quotas {
            keys_per_region: self.keys_per_region.unwrap_or(aws.keys_per_region),
            aliases_per_key: self.aliases_per_key.unwrap_or(aws.aliases_per_key),
            grants_per_key: self.grants_per_key.unwrap_or(aws.grants_per_key),
            key_policy_bytes: self.key_policy_bytes.unwrap_or(aws.key_policy_bytes),
            on_demand_rotations: self.on_demand_rotations.unwrap_or(aws.on_demand_rotations),
        }
    }

    /// The request rates that are kept to: some when they are asked for, and when one is given.
    pub(super) fn request_rates(&self) -> RequestRates {
        let given = self.rates != Overrides::default();
        if self.limited.unwrap_or(given) {
            RequestRates::Limited(self.rates)
        } else {
            RequestRates::Unlimited
        }
    }
}

/// The checked quotas as a part of a file that says the same.
pub(super) fn write(f: &mut fmt::Formatter<'_>, quotas: &Quotas, rates: &RequestRates) -> fmt::Result {
    let Quotas { keys_per_region, aliases_per_key, grants_per_key, key_policy_bytes, on_demand_rotations } =
        quotas;
    writeln!(f, "\n[quotas]\nkeys_per_region = {keys_per_region}\naliases_per_key = {aliases_per_key}")?;
    writeln!(f, "grants_per_key = {grants_per_key}\nkey_policy_bytes = {key_policy_bytes}")?;
    writeln!(f, "on_demand_rotations = {on_demand_rotations}")?;
    let RequestRates::Limited(overrides) = rates else {
        return writeln!(f, "request_rates = \"unlimited\"");
    };
    writeln!(f, "request_rates = \"aws\"")?;
    let Overrides { symmetric, rsa, elliptic_curve, ml_dsa } = overrides;
    let given =
        [("symmetric", symmetric), ("rsa", rsa), ("elliptic_curve", elliptic_curve), ("ml_dsa", ml_dsa)];
    for (name, rate) in given {
        if let Some(rate) = rate {
            writeln!(f, "{name}_per_second = {rate}")?;
        }
    }
    Ok(())
}
