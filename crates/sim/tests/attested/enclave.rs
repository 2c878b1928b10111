//! An enclave with a key of its own, and a server that trusts its hypervisor.

use attestation::Roots;
use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    encoding::{AsDer, PublicKeyX509Der},
    rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey},
};
use dispatch::Clock;
use serde_json::{Value, json};
use sim::{Answer, Settings, SimClock, Stage, World};

use crate::hypervisor::Hypervisor;

/// An enclave, and a stage on a server that trusts its hypervisor.
pub(crate) struct Enclave {
    pub(crate) stage: Stage,
    pub(crate) hypervisor: Hypervisor,
    pub(crate) public_key: Vec<u8>,
    private_key: OaepPrivateDecryptingKey,
}

impl Enclave {
    pub(crate) fn new() -> Self {
        let hypervisor = Hypervisor::at(millis(SimClock::default().now()));
        let mut roots = Roots::none();
        roots.add_pem(hypervisor.root_pem.as_bytes()).unwrap();
        let private_key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let public_key: PublicKeyX509Der<'_> = private_key.public_key().as_der().unwrap();
        let public_key = public_key.as_ref().to_vec();
        let private_key = OaepPrivateDecryptingKey::new(private_key).unwrap();
        let world = World::of(Settings { attestation_roots: roots, ..Settings::default() });
        Self { stage: Stage::on(world), hypervisor, public_key, private_key }
    }

    pub(crate) fn now(&self) -> u64 {
        millis(self.stage.world.now())
    }

    /// A document for the enclave's key, as of now.
    pub(crate) fn document(&self) -> Vec<u8> {
        self.hypervisor.document(self.now(), &self.public_key)
    }

    /// A call of the root user for the enclave.
    pub(crate) fn attested(&self, operation: &str, input: Value) -> Answer {
        self.stage.kms(operation, for_recipient(input, &self.document()))
    }

    /// A call of the root user with a document.
    pub(crate) fn with_document(&self, operation: &str, input: Value, document: &[u8]) -> Answer {
        self.stage.kms(operation, for_recipient(input, document))
    }

    /// What the enclave reads in an answer. The place of each part follows from the lengths of a 2048 bit key; that the
    /// whole is what CMS says is shown by OpenSSL, in the tests with real clients.
    pub(crate) fn open(&self, answer: &Value) -> Vec<u8> {
        let sent = decode(answer["CiphertextForRecipient"].as_str().unwrap());
        let mut key = vec![0; self.private_key.min_output_size()];
        let key = self.private_key.decrypt(&OAEP_SHA256_MGF1SHA256, &sent[131..387], &mut key, None).unwrap();
        let iv: [u8; 16] = sent[415..431].try_into().unwrap();
        let (content, ends) = sent[433..].split_last_chunk::<10>().unwrap();
        assert_eq!(ends, &[0; 10]);
        let head = match content[1] {
            0x81 => 3,
            0x82 => 4,
            _ => 2,
        };
        let mut content = content[head..].to_vec();
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, key).unwrap()).unwrap();
        key.decrypt(&mut content, DecryptionContext::Iv128(iv.into())).unwrap().to_vec()
    }
}

/// An input with a recipient.
pub(crate) fn for_recipient(mut input: Value, document: &[u8]) -> Value {
    let document = base64_simd::STANDARD.encode_to_string(document);
    input["Recipient"] =
        json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": document });
    input
}

pub(crate) fn decode(base64: &str) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(base64).unwrap()
}

fn millis(time: model::Timestamp) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}
