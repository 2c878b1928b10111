//! Request rates: how many calls of a class an account may make in a Region in a second. Off unless configured.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>
//!
//! A bucket holds the calls of one second and fills as time goes by. It is one number, the moment at which it will be
//! full again, computed from the time of each call: no timer, no lock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use arc_swap::ArcSwap;
use dispatch::{Facts, Rate};
use imbl::OrdMap;
use model::{
    Timestamp,
    arn::Region,
    kms::{DataKeyPairSpec, KeySpec},
};

use crate::layout::Place;

/// The rates that are kept to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RequestRates {
    /// None.
    #[default]
    Unlimited,
    /// AWS's, except where given.
    Limited(Overrides),
}

/// Calls per second in the classes of cryptographic operations, where they are not to be AWS's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overrides {
    /// With symmetric and HMAC keys, and random bytes.
    pub symmetric: Option<u32>,
    /// With RSA keys.
    pub rsa: Option<u32>,
    /// With keys on elliptic curves.
    pub elliptic_curve: Option<u32>,
    /// With ML-DSA keys.
    pub ml_dsa: Option<u32>,
}

/// The account has made too many calls of this class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// Calls that share a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    name: &'static str,
    per_second: u32,
}

/// The buckets of all accounts.
pub struct Rates {
    kept: RequestRates,
    buckets: ArcSwap<OrdMap<(Place, &'static str), Arc<AtomicI64>>>,
}

/// A second in microseconds: what a bucket holds.
const SECOND: i64 = 1_000_000;
/// From this many on, buckets that are full are forgotten when another is added.
const BUCKETS_SWEPT: usize = 10_000;

impl Rates {
    /// Full buckets.
    #[must_use]
    pub fn new(kept: RequestRates) -> Self {
        Self { kept, buckets: ArcSwap::default() }
    }

    /// Takes a call out of its account's bucket.
    ///
    /// # Errors
    /// [`Exceeded`] when the bucket is empty.
    pub(crate) fn take(
        &self,
        place: &Place,
        operation: &'static Facts,
        computed: &Computation<'_>,
        now: Timestamp,
    ) -> Result<(), Exceeded> {
        let RequestRates::Limited(overrides) = &self.kept else { return Ok(()) };
        let Some(class) = class(operation, computed, &place.region, overrides) else { return Ok(()) };
        let now = now.as_millis().saturating_mul(1000);
        let bucket = self.bucket(place, class, now);
        let taken = bucket.fetch_update(Ordering::AcqRel, Ordering::Acquire, |full_at| {
            take(full_at, now, class.per_second)
        });
        taken.map(|_| ()).map_err(|_| Exceeded)
    }

    fn bucket(&self, place: &Place, class: Class, now: i64) -> Arc<AtomicI64> {
        let at = (place.clone(), class.name);
        if let Some(bucket) = self.buckets.load().get(&at) {
            return Arc::clone(bucket);
        }
        let new = Arc::new(AtomicI64::new(now));
        let mut bucket = Arc::clone(&new);
        self.buckets.rcu(|buckets| {
            let mut buckets = OrdMap::clone(buckets);
            if buckets.len() >= BUCKETS_SWEPT {
                let full = |bucket: &AtomicI64| bucket.load(Ordering::Acquire) <= now;
                buckets = buckets.into_iter().filter(|(_, bucket)| !full(bucket)).collect();
            }
            // Another thread may have made it meanwhile.
            bucket = Arc::clone(buckets.entry(at.clone()).or_insert_with(|| Arc::clone(&new)));
            buckets
        });
        bucket
    }
}

/// When a bucket that would be full at a time is full again after one more call; `None` when it is empty. A bucket that
/// is not full within a second was used before the clock was set back, and begins anew.
fn take(full_at: i64, now: i64, per_second: u32) -> Option<i64> {
    let full_at = if full_at.saturating_sub(now) > SECOND { now } else { full_at };
    let after = full_at.max(now).saturating_add(SECOND / i64::from(per_second.max(1)));
    (after.saturating_sub(now) <= SECOND).then_some(after)
}

/// What a call computes, as far as its class goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Computation<'a> {
    /// The kind of key that it is made on.
    pub(crate) spec: Option<KeySpec>,
    /// The kind of data key pair that is asked for.
    pub(crate) pair: Option<&'a str>,
}

/// The class of a call; `None` for those that AWS gives no rate for.
fn class(
    operation: &'static Facts,
    computed: &Computation<'_>,
    region: &Region,
    overrides: &Overrides,
) -> Option<Class> {
    match operation.rate {
        Rate::Unlimited => None,
        Rate::PerSecond(per_second) => Some(Class { name: operation.name, per_second }),
        Rate::Cryptographic => Some(cryptographic(computed.spec, region, overrides)),
        Rate::DataKeyPair => DataKeyPairSpec::parse(computed.pair?).map(pair),
    }
}

/// Cryptographic operations share a rate with those on keys of the same family.
fn cryptographic(spec: Option<KeySpec>, region: &Region, overrides: &Overrides) -> Class {
    use KeySpec as K;
    let (name, per_second) = match spec {
        None | Some(K::SymmetricDefault | K::Hmac224 | K::Hmac256 | K::Hmac384 | K::Hmac512) => {
            ("symmetric", overrides.symmetric.unwrap_or_else(|| symmetric(region)))
        }
        Some(K::Rsa2048 | K::Rsa3072 | K::Rsa4096) => ("rsa", overrides.rsa.unwrap_or(1000)),
        Some(
            K::EccNistP256
            | K::EccNistP384
            | K::EccNistP521
            | K::EccSecgP256k1
            | K::EccNistEdwards25519
            | K::Sm2,
        ) => ("elliptic-curve", overrides.elliptic_curve.unwrap_or(1000)),
        Some(K::MlDsa44 | K::MlDsa65 | K::MlDsa87) => ("ml-dsa", overrides.ml_dsa.unwrap_or(1000)),
        // AWS gives no figure; that of its sibling is taken.
        Some(K::MlKem512 | K::MlKem768 | K::MlKem1024) => ("ml-kem", overrides.ml_dsa.unwrap_or(1000)),
    };
    Class { name, per_second }
}

/// AWS's rate for symmetric operations in a Region.
fn symmetric(region: &Region) -> u32 {
    match region.as_str() {
        "us-east-1" | "us-west-2" | "eu-west-1" => 100_000,
        "us-east-2" | "ap-southeast-1" | "ap-southeast-2" | "ap-northeast-1" | "eu-central-1"
        | "eu-west-2" => 20_000,
        _ => 10_000,
    }
}

/// Data key pairs have a rate for each kind, with and without their plaintext together.
fn pair(spec: DataKeyPairSpec) -> Class {
    let per_second = match spec {
        DataKeyPairSpec::Rsa2048 => 20,
        DataKeyPairSpec::Rsa3072 => 4,
        DataKeyPairSpec::Rsa4096 => 1,
        DataKeyPairSpec::Sm2 => 25,
        _ => 100,
    };
    Class { name: spec.as_str(), per_second }
}

#[cfg(test)]
mod tests {
    use model::arn::AccountId;
    use proptest::prelude::*;

    use super::*;

    fn place(account: &str) -> Place {
        Place { account: AccountId::parse(account).unwrap(), region: Region::parse("eu-west-3").unwrap() }
    }

    static CREATE_KEY: Facts = Facts::changing("CreateKey", "").at(Rate::PerSecond(5));
    static CREATE_ALIAS: Facts = Facts::changing("CreateAlias", "").at(Rate::PerSecond(5));
    static ENCRYPT: Facts = Facts::reading("Encrypt", "").at(Rate::Cryptographic);
    static SIGN: Facts = Facts::reading("Sign", "").at(Rate::Cryptographic);

    fn take_one(
        rates: &Rates,
        place: &Place,
        operation: &'static Facts,
        now: Timestamp,
    ) -> Result<(), Exceeded> {
        rates.take(place, operation, &Computation::default(), now)
    }

    proptest! {
        #[test]
        fn no_more_than_the_bucket_and_what_flows_in(
            per_second in 1u32..2000, waits in proptest::collection::vec(0i64..300_000, 1..300),
        ) {
            let (mut full_at, mut now, mut admitted) = (0, 0, 0i64);
            for wait in &waits {
                now += wait;
                if let Some(after) = take(full_at, now, per_second) {
                    full_at = after;
                    admitted += 1;
                }
            }
            let rate = i64::from(per_second);
            // The interval between calls is rounded down to microseconds, so a little more may pass.
            let flown = (now + SECOND) / (SECOND / rate);
            prop_assert!(admitted <= flown, "{admitted} of {flown}");
        }
    }

    #[test]
    fn a_call_at_its_rate_is_never_refused() {
        for per_second in [1, 3, 100] {
            let mut full_at = 0;
            for number in 0..1000 {
                let now = number * (SECOND / i64::from(per_second) + 1);
                full_at = take(full_at, now, per_second).expect("the rate is kept");
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_refuses_nobody() {
        let (mut full_at, year) = (0, 365 * 24 * 3600 * SECOND);
        for now in [year, 0, -year] {
            for _ in 0..5 {
                full_at = take(full_at, now, 5).expect("a full bucket");
            }
            assert_eq!(take(full_at, now, 5), None, "an empty bucket");
        }
    }

    #[test]
    fn accounts_and_operations_have_buckets_of_their_own() {
        let rates = Rates::new(RequestRates::Limited(Overrides::default()));
        let (mine, yours) = (place("111122223333"), place("444455556666"));
        let now = Timestamp::from_millis(1_000_000);
        for _ in 0..5 {
            assert_eq!(take_one(&rates, &mine, &CREATE_KEY, now), Ok(()));
        }
        assert_eq!(take_one(&rates, &mine, &CREATE_KEY, now), Err(Exceeded));
        assert_eq!(take_one(&rates, &mine, &CREATE_ALIAS, now), Ok(()));
        assert_eq!(take_one(&rates, &yours, &CREATE_KEY, now), Ok(()));
        let later = Timestamp::from_millis(1_000_200);
        assert_eq!(take_one(&rates, &mine, &CREATE_KEY, later), Ok(()));
        assert_eq!(take_one(&rates, &mine, &CREATE_KEY, later), Err(Exceeded));
    }

    #[test]
    fn cryptographic_operations_share_by_kind_of_key() {
        let overrides = Overrides { symmetric: Some(1), rsa: Some(1), ..Overrides::default() };
        let rates = Rates::new(RequestRates::Limited(overrides));
        let (here, now) = (place("111122223333"), Timestamp::from_millis(1_000_000));
        let take = |operation: &'static Facts, spec| {
            rates.take(&here, operation, &Computation { spec, pair: None }, now)
        };
        assert_eq!(take(&ENCRYPT, Some(KeySpec::SymmetricDefault)), Ok(()));
        for spec in [Some(KeySpec::SymmetricDefault), Some(KeySpec::Hmac256), None] {
            assert_eq!(take(&SIGN, spec), Err(Exceeded), "{spec:?}");
        }
        assert_eq!(take(&ENCRYPT, Some(KeySpec::Rsa2048)), Ok(()));
        assert_eq!(take(&SIGN, Some(KeySpec::Rsa4096)), Err(Exceeded));
        assert_eq!(take(&SIGN, Some(KeySpec::EccNistP256)), Ok(()));
    }

    #[test]
    fn unlimited_is_unlimited() {
        let rates = Rates::new(RequestRates::Unlimited);
        for _ in 0..1000 {
            assert_eq!(take_one(&rates, &place("111122223333"), &CREATE_KEY, Timestamp::default()), Ok(()));
        }
    }
}
