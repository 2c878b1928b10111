//! The order in which constraint texts list the values of an enumeration.
//!
//! AWS's order is not that of its model, and changes when AWS adds a value. Where an answer of AWS shows the values that
//! there are today, its order is taken; else the model's.

use crate::shape::Choice;

/// The values of an enumeration as constraint texts list them.
pub(crate) fn listed<C: Choice>() -> Vec<&'static str> {
    match LISTED.iter().find(|(name, _)| *name == C::NAME) {
        Some((_, values)) => values.to_vec(),
        None => C::ALL.iter().map(|value| value.as_str()).collect(),
    }
}

/// Names of enumerations, and their values.
const LISTED: &[(&str, &[&str])] = &[
    (
        "DataKeySpec",
        // AWS lists the specs of KMS keys, and takes `AES_256` and `AES_128`
        // (<https://github.com/boto/boto3/issues/3428>).
        &[
            "RSA_2048",
            "RSA_3072",
            "RSA_4096",
            "ECC_NIST_P256",
            "ECC_NIST_P384",
            "ECC_NIST_P521",
            "ECC_SECG_P256K1",
            "SYMMETRIC_DEFAULT",
            "HMAC_224",
            "HMAC_256",
            "HMAC_384",
            "HMAC_512",
            "SM2",
            "ML_DSA_44",
            "ML_DSA_65",
            "ML_DSA_87",
            "ECC_NIST_EDWARDS25519",
            "ML_KEM_512",
            "ML_KEM_768",
            "ML_KEM_1024",
        ],
    ),
    ("EncryptionAlgorithmSpec", &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE", "SYMMETRIC_DEFAULT"]),
    ("MacAlgorithmSpec", &["HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kms::{DataKeySpec, EncryptionAlgorithmSpec, KeySpec, MacAlgorithmSpec, MessageType};

    fn of_the_model<C: Choice>() -> BTreeSet<&'static str> {
        C::ALL.iter().map(|value| value.as_str()).collect()
    }

    #[test]
    fn the_order_is_that_of_awss_answers() {
        let algorithms = ["HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512"];
        assert_eq!(listed::<MacAlgorithmSpec>(), algorithms);
        assert_eq!(listed::<EncryptionAlgorithmSpec>().last(), Some(&"SYMMETRIC_DEFAULT"));
        assert_eq!(listed::<DataKeySpec>(), listed::<KeySpec>());
        assert_eq!(listed::<MessageType>(), ["RAW", "DIGEST", "EXTERNAL_MU"]);
    }

    #[test]
    fn no_value_is_left_out() {
        let set = |values: Vec<&'static str>| values.into_iter().collect::<BTreeSet<_>>();
        assert_eq!(set(listed::<MacAlgorithmSpec>()), of_the_model::<MacAlgorithmSpec>());
        assert_eq!(set(listed::<EncryptionAlgorithmSpec>()), of_the_model::<EncryptionAlgorithmSpec>());
        let names = [DataKeySpec::NAME, EncryptionAlgorithmSpec::NAME, MacAlgorithmSpec::NAME];
        assert!(LISTED.iter().map(|(name, _)| *name).eq(names), "each row is of an enumeration");
    }
}
