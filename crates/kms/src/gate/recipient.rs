//! Answers for a recipient that is not the caller: an enclave, or an instance with NitroTPM, that has shown by an
//! attestation document what it is, and gets the secret encrypted to its key.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/cryptographic-attestation.html>
//!
//! The document is verified before anything is decided, because policies ask about it, and before any key is touched.

use std::sync::Arc;

use attestation::{Attestation, Platform};
use audit::Value;
use base16ct::lower::encode_string as hex;
use dispatch::{Cx, Fault, Says};
use model::{Blob, kms::RecipientInfo};
use policy::{ConditionKey, Values};
use secret::Plaintext;

use crate::{
    Kms, faults,
    workshop::{Customer, Effort},
};

/// Whom the answer is for.
pub(crate) struct Recipient(Attestation);

/// A secret as it is answered: itself, or what only its recipient opens.
pub(crate) struct Handed {
    pub(crate) plaintext: Option<Plaintext>,
    pub(crate) for_recipient: Option<Blob>,
}

/// The recipient that a request names, if it names one, its document verified and noted.
pub(crate) async fn recipient(
    kms: &Kms,
    cx: &mut Cx<'_>,
    sent: Option<RecipientInfo>,
) -> Result<Option<Recipient>, Fault> {
    // There is one mechanism of encryption, so that a request without it can mean no other.
    let Some(RecipientInfo { attestation_document, key_encryption_algorithm: _ }) = sent else {
        return Ok(None);
    };
    let document = attestation_document
        .ok_or_else(|| faults::validation("AttestationDocument is required for a Recipient."))?;
    let roots = Arc::clone(&kms.attestation_roots);
    let now_ms = u64::try_from(cx.now.as_millis()).unwrap_or_default();
    let verify = move || attestation::verify(&document, &roots, now_ms);
    let verified = kms.workshop.work(|| Customer::of(cx), Effort::Medium, verify).await?;
    let attestation = verified.map_err(|rejected| faults::not_attested(&rejected))?;
    cx.notes.additional("recipient", recorded(&attestation));
    Ok(Some(Recipient(attestation)))
}

/// Hands a secret to the recipient, or else to the caller.
pub(crate) fn hand(cx: &Cx<'_>, recipient: Option<Recipient>, secret: Plaintext) -> Result<Handed, Fault> {
    let Some(Recipient(attestation)) = recipient else {
        return Ok(Handed { plaintext: Some(secret), for_recipient: None });
    };
    let encrypted = strongroom::encrypt_to_recipient(&attestation.public_key, &secret, cx.entropy);
    let encrypted = encrypted.map_err(faults::strongroom)?;
    Ok(Handed { plaintext: None, for_recipient: Some(encrypted.into()) })
}

/// What a call on no key says to condition keys. Without a recipient they are absent, so that a policy that asks for one
/// allows nothing.
pub(crate) fn of_recipient(recipient: Option<&Recipient>) -> &dyn Says {
    match recipient {
        Some(recipient) => recipient,
        None => &(),
    }
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-attestation.html>
impl Says for Recipient {
    fn lookup<'a>(&'a self, _: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        let name = key.name().strip_prefix("kms:recipientattestation:")?;
        let (platform, number) = if name == "imagesha384" {
            (Platform::Enclave, IMAGE)
        } else if let Some(number) = name.strip_prefix("nitrotpmpcr") {
            (Platform::Tpm, register_number(number)?)
        } else {
            (Platform::Enclave, register_number(name.strip_prefix("pcr")?)?)
        };
        let register = self.0.registers.get(&number).filter(|_| self.0.platform == platform)?;
        Some(Values::one(hex(register)))
    }
}

/// The register that holds the digest of an enclave's image.
const IMAGE: u8 = 0;

/// The registers that AWS's trail shows, with their names there.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-enclave.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-tpm.html>
const OF_ENCLAVES: [(u8, &str); 6] = [
    (IMAGE, "attestationDocumentEnclaveImageDigest"),
    (1, "attestationDocumentEnclavePCR1"),
    (2, "attestationDocumentEnclavePCR2"),
    (3, "attestationDocumentEnclavePCR3"),
    (4, "attestationDocumentEnclavePCR4"),
    (8, "attestationDocumentEnclavePCR8"),
];
const OF_TPMS: [(u8, &str); 6] = [
    (4, "attestationDocumentNitroTPMPCR4"),
    (7, "attestationDocumentNitroTPMPCR7"),
    (8, "attestationDocumentNitroTPMPCR8"),
    (9, "attestationDocumentNitroTPMPCR9"),
    (16, "attestationDocumentNitroTPMPCR16"),
    (23, "attestationDocumentNitroTPMPCR23"),
];

fn recorded(attestation: &Attestation) -> Value<'static> {
    let shown = match attestation.platform {
        Platform::Enclave => OF_ENCLAVES,
        Platform::Tpm => OF_TPMS,
    };
    let registers =
        shown.into_iter().filter_map(|(number, name)| Some((name, hex(attestation.registers.get(&number)?))));
    Value::map([("attestationDocumentModuleId", attestation.module_id.clone())].into_iter().chain(registers))
}

/// The number of a register as condition keys write it, without leading zeros: each register has one name.
fn register_number(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}
