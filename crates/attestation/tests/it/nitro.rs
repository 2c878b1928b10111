//! AWS's own root.

use attestation::Roots;
use aws_lc_rs::digest::{SHA256, digest};

/// <https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html>
const FINGERPRINT: &str = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";

#[test]
fn the_root_has_the_fingerprint_that_aws_publishes() {
    let pem = include_str!("../../src/aws-nitro-enclaves-g1.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64_simd::STANDARD.decode_to_vec(base64).unwrap();
    let hex: String = digest(&SHA256, &der).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, FINGERPRINT);
    assert!(!Roots::aws().unwrap().is_empty());
}
