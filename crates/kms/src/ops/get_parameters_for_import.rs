//! `GetParametersForImport`: a public key to wrap material with, and the token that comes back with it.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::Partition,
    kms::{
        AlgorithmSpec, GetParametersForImportRequest, GetParametersForImportResponse, KeySpec,
        WrappingKeySpec,
    },
};
use secret::Plaintext;

use crate::{
    Kms, faults,
    gate::{self, Asked, ToGetImportParameters},
    import::{self, VALID_DAYS},
};

/// The operation.
pub(super) struct GetParametersForImport;

impl Operation for GetParametersForImport {
    type Service = Kms;
    type Input = GetParametersForImportRequest;
    type Output = GetParametersForImportResponse;
    const FACTS: Facts = Facts::reading(
        "GetParametersForImport",
        r#"{"KeyId":"{external-key}","WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}"#,
    )
    .at(Rate::PerSecond(1))
    .shows(&["keyId", "wrappingAlgorithm", "wrappingKeySpec"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (algorithm, wrapping_key) = (input.wrapping_algorithm, input.wrapping_key_spec);
        let key = {
            let asked = Asked::nothing()
                .with("kms:WrappingAlgorithm", algorithm)
                .with("kms:WrappingKeySpec", wrapping_key);
            gate::key::<ToGetImportParameters>(kms, cx, &input.key_id, &asked)?
        };
        import::check_open(key.record())?;
        let in_china = key.record().arn.region.partition() == Partition::Cn;
        check_fit(key.record().spec, algorithm, wrapping_key, in_china)?;

        let valid_to = cx.now.plus_days(VALID_DAYS);
        let arn = &key.record().arn;
        let offer = import::offer(kms, cx, arn, algorithm, wrapping_key, valid_to).await?;
        Ok(GetParametersForImportResponse {
            key_id: Some(key.arn()),
            import_token: Some(offer.token.into()),
            public_key: Some(Plaintext::new(offer.public_key)),
            parameters_valid_to: Some(valid_to),
        }
        .into())
    }
}

/// Whether material of a key fits into what this algorithm wraps with such a wrapping key.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html>
fn check_fit(
    spec: KeySpec,
    algorithm: AlgorithmSpec,
    wrapping_key: WrappingKeySpec,
    in_china: bool,
) -> Result<(), Fault> {
    use AlgorithmSpec as A;
    use WrappingKeySpec as W;
    let is_rsa = matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096);
    let fits = match (algorithm, wrapping_key) {
        // AWS has taken this one out of service.
        (A::RsaesPkcs1V15, _) => return Err(faults::wrong_kind()),
        // SM2 is for the Regions of China.
        (A::Sm2pke, _) | (_, W::Sm2) if !in_china => return Err(faults::wrong_kind()),
        (A::Sm2pke, W::Sm2) => matches!(
            spec,
            KeySpec::SymmetricDefault
                | KeySpec::Hmac224
                | KeySpec::Hmac256
                | KeySpec::Hmac384
                | KeySpec::Hmac512
                | KeySpec::Sm2
        ),
        (A::Sm2pke, _) | (_, W::Sm2) => false,
        (A::RsaesOaepSha1 | A::RsaesOaepSha256, _) => {
            !(is_rsa || spec == KeySpec::EccNistP521 && wrapping_key == W::Rsa2048)
        }
        (A::RsaAesKeyWrapSha1 | A::RsaAesKeyWrapSha256, _) => true,
    };
    if fits {
        return Ok(());
    }
    Err(faults::validation(format!(
        "WrappingAlgorithm {algorithm} with WrappingKeySpec {wrapping_key} cannot wrap the key material of KeySpec \
         {spec}."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination() {
        use AlgorithmSpec as A;
        use WrappingKeySpec as W;
        let fits = |spec, algorithm, wrapping_key, in_china| {
            check_fit(spec, algorithm, wrapping_key, in_china).is_ok()
        };
        for (size, in_china) in [(W::Rsa2048, false), (W::Rsa3072, true), (W::Rsa4096, false)] {
            for (spec, whole) in [
                (KeySpec::SymmetricDefault, true),
                (KeySpec::Hmac512, true),
                (KeySpec::EccNistP256, true),
                (KeySpec::EccSecgP256k1, true),
                (KeySpec::EccNistP521, size != W::Rsa2048),
                (KeySpec::Rsa2048, false),
                (KeySpec::Rsa4096, false),
            ] {
                for algorithm in [A::RsaesOaepSha1, A::RsaesOaepSha256] {
                    assert_eq!(fits(spec, algorithm, size, in_china), whole, "{spec} {algorithm} {size}");
                }
                for algorithm in [A::RsaAesKeyWrapSha1, A::RsaAesKeyWrapSha256] {
                    assert!(fits(spec, algorithm, size, in_china), "{spec} {algorithm} {size}");
                }
                for algorithm in [A::RsaesPkcs1V15, A::Sm2pke] {
                    assert!(!fits(spec, algorithm, size, in_china), "{spec} {algorithm} {size}");
                }
            }
        }
        for (spec, in_china, expected) in [
            (KeySpec::SymmetricDefault, true, true),
            (KeySpec::Hmac256, true, true),
            (KeySpec::Sm2, true, true),
            (KeySpec::EccNistP256, true, false),
            (KeySpec::Rsa2048, true, false),
            (KeySpec::SymmetricDefault, false, false),
        ] {
            assert_eq!(fits(spec, A::Sm2pke, W::Sm2, in_china), expected, "{spec} {in_china}");
            assert!(!fits(spec, A::RsaesOaepSha256, W::Sm2, in_china), "{spec} {in_china}");
        }
    }
}
