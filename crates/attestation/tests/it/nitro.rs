//! AWS's own root, and a document that a hypervisor of AWS signed.

use attestation::{AGE_MS_MAX, Rejected, Roots, verify};
use aws_lc_rs::digest::{SHA256, digest};

/// <https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html>
const FINGERPRINT: &str = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";

/// Of an enclave in us-west-1, without a public key. It is verified all the way, as far as the key.
const DOCUMENT: &[u8] = include_bytes!("nitro-2021.cbor");
/// When it was made: 26 April 2021, 04:09:13 UTC.
const MADE: u64 = 1_619_410_153_100;

#[test]
fn the_root_has_the_fingerprint_that_aws_publishes() {
    let pem = include_str!("../../src/aws-nitro-enclaves-g1.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64_simd::STANDARD.decode_to_vec(base64).unwrap();
    let hex: String = digest(&SHA256, &der).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, FINGERPRINT);
    assert!(!Roots::aws().unwrap().is_empty());
}

#[test]
fn what_aws_signed_is_verified() {
    let roots = Roots::aws().unwrap();
    let told = |document: &[u8], now| verify(document, &roots, now).unwrap_err();
    assert_eq!(told(DOCUMENT, MADE), Rejected::NoPublicKey, "the last thing that is looked at");
    let mut changed = DOCUMENT.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(told(&changed, MADE), Rejected::WrongSignature);
    assert!(matches!(told(DOCUMENT, MADE + AGE_MS_MAX + 1), Rejected::Expired { .. }));
    assert_eq!(verify(DOCUMENT, &Roots::none(), MADE), Err(Rejected::NoRoots));
}
