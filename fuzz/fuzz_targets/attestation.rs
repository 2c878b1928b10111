//! Arbitrary bytes are read as attestation documents and as roots, and nothing is ever attested.

#![no_main]

use std::sync::LazyLock;

use attestation::{Roots, verify};
use libfuzzer_sys::fuzz_target;

static AWS: LazyLock<Roots> = LazyLock::new(|| Roots::aws().expect("AWS's root"));

fuzz_target!(|data: &[u8]| {
    // The age is no obstacle: the time of the server is the time that stands where it would.
    let place = data.windows(9).position(|part| part == b"timestamp").map(|place| place + 10);
    let stated = place.and_then(|place| data.get(place..place + 8)).and_then(|bytes| bytes.try_into().ok());
    assert!(verify(data, &AWS, stated.map_or(0, u64::from_be_bytes)).is_err());
    let _ = Roots::none().add_pem(data);
});
