//! The vectors that `tests/strongroom/check_blob.py` makes and checks from the documents alone.

use std::collections::BTreeMap;

use secret::Plaintext;
use serde_json::Value;
use strongroom::seal::{FileSeal, PassphraseParameters, PassphraseSeal};
use strongroom::{
    BLOB_OVERHEAD_BYTES, Binding, Blob, Context, Purpose, Refused, Seal, SealedDomainKey, Spec, Strongroom,
    TAG_BYTES, WrappingKeySpec,
};

use strongroom::testing::{Scripted, Seeded};

#[test]
fn domain_keys_are_wrapped_and_unwrapped_as_written() {
    for vector in list(&vectors(), "seals") {
        let seal = seal(&vector);
        let entropy =
            Scripted::new(&[&hex(&vector["domain_key"]), &hex(&vector["nonce"]), &hex(&vector["iv"])]);
        let sealed = SealedDomainKey::generate(number(&vector), seal.as_ref(), &entropy).unwrap();
        assert_eq!(sealed.to_bytes(), hex(&vector["sealed_domain_key"]), "{}", seal.kind());
        Strongroom::sealed().unseal(seal.as_ref(), &[sealed]).unwrap();
    }
}

#[test]
fn material_is_sealed_named_and_opened_as_written() {
    let vectors = vectors();
    let room = unsealed(&vectors);
    for vector in list(&vectors, "materials") {
        let entropy =
            Scripted::new(&[&hex(&vector["material"]), &hex(&vector["nonce"]), &hex(&vector["iv"])]);
        let generated = room.generate(&binding(&vector["binding"]), &entropy).unwrap();
        assert_eq!(generated.token, hex(&vector["token"]));
        assert_eq!(generated.id.to_vec(), hex(&vector["material_id"]));
        let public_key = vector.get("public_key").map(hex);
        assert_eq!(generated.public_key, public_key, "{}", vector["binding"]["spec"]);
        let material = room.material(&generated.token, &binding(&vector["binding"])).unwrap();
        assert_eq!(material.id(), &generated.id);
    }
}

#[test]
fn blobs_are_made_and_opened_as_written() {
    let vectors = vectors();
    let room = unsealed(&vectors);
    for vector in list(&vectors, "materials").into_iter().filter(|vector| vector.get("blobs").is_some()) {
        let binding = binding(&vector["binding"]);
        let material = room.material(&hex(&vector["token"]), &binding).unwrap();
        for expected in list(&vector, "blobs") {
            let context: BTreeMap<String, String> =
                serde_json::from_value(expected["context"].clone()).unwrap();
            let context = Context::new(&context);
            let entropy = Scripted::new(&[&hex(&expected["nonce"]), &hex(&expected["iv"])]);
            let plaintext = Plaintext::new(hex(&expected["plaintext"]));
            let blob = material.encrypt(&plaintext, &context, &entropy).unwrap();
            assert_eq!(blob, hex(&expected["blob"]));
            assert_eq!(blob.len(), plaintext.len() + BLOB_OVERHEAD_BYTES);

            let blob = Blob::parse(&blob).unwrap();
            assert_eq!(material.decrypt(&blob, &context).unwrap().reveal(), plaintext.reveal());
            assert_eq!((blob.account(), blob.key_id()), (binding.account, binding.key_id));
            assert_eq!(blob.multi_region(), binding.multi_region);
            assert_eq!(&blob.material_id(), material.id());
        }
    }
    assert_eq!(BLOB_OVERHEAD_BYTES, 152);
}

#[test]
fn wrapping_keys_are_sealed_as_written() {
    let vectors = vectors();
    let room = unsealed(&vectors);
    for vector in list(&vectors, "wrapping_keys") {
        let spec = WrappingKeySpec::parse(&text(&vector["spec"])).unwrap();
        let entropy = Scripted::new(&[&hex(&vector["key"]), &hex(&vector["nonce"]), &hex(&vector["iv"])]);
        let key = room.wrapping_key(spec, &hex(&vector["binding"]), &entropy).unwrap();
        assert_eq!(key.sealed, hex(&vector["token"]));
    }
}

#[test]
fn stored_records_are_tagged_and_counted_as_written() {
    let vectors = vectors();
    let room = unsealed(&vectors);
    for vector in list(&vectors, "records") {
        let (key, stored) = (text(&vector["key"]), hex(&vector["stored"]));
        let tag: [u8; TAG_BYTES] = stored[12..][..TAG_BYTES].try_into().unwrap();
        let length = u16::try_from(key.len()).unwrap().to_be_bytes();
        let message = [&length[..], key.as_bytes(), &stored[4..12], &hex(&vector["value"])].concat();
        assert_eq!(room.tag_record(&message).unwrap(), tag);
        assert_eq!(room.tag(Purpose::StoredRecord, &message).unwrap(), tag, "one construction for all tags");
        assert_eq!(room.check_record(&message, &tag), Ok(()));
        assert_eq!(room.check_record(&message[1..], &tag), Err(Refused::WouldNotOpen));
        let mut other = tag;
        other[3] ^= 1;
        assert_eq!(room.check_record(&message, &other), Err(Refused::WouldNotOpen), "no such domain key");
        assert_eq!(room.term(&other), Err(Refused::WouldNotOpen));
        assert_eq!(room.term(&tag).unwrap().to_vec(), hex(&vector["term"]));
        assert_eq!(Strongroom::sealed().tag_record(&message), Err(Refused::Sealed));
        assert_eq!(Strongroom::sealed().check_record(&message, &tag), Err(Refused::Sealed));
        assert_eq!(Strongroom::sealed().term(&tag), Err(Refused::Sealed));
    }
}

#[test]
fn secrets_are_sealed_and_opened_as_written() {
    let vectors = vectors();
    let room = unsealed(&vectors);
    for vector in list(&vectors, "secrets") {
        assert_eq!(vector["purpose"], "secret-access-key");
        let (purpose, name) = (Purpose::SecretAccessKey, text(&vector["name"]));
        let secret = Plaintext::new(hex(&vector["secret"]));
        let entropy = Scripted::new(&[&hex(&vector["nonce"]), &hex(&vector["iv"])]);
        let token = room.seal_secret(purpose, name.as_bytes(), &secret, &entropy).unwrap();
        assert_eq!(token, hex(&vector["token"]));
        assert_eq!(room.open_secret(purpose, name.as_bytes(), &token).unwrap().reveal(), secret.reveal());
    }
}

#[test]
fn tags_are_made_as_written() {
    let vectors = vectors();
    let room = unsealed(&vectors);
    for vector in list(&vectors, "tags") {
        assert_eq!(vector["purpose"], "pagination-marker");
        let message = text(&vector["message"]);
        let tag = room.tag(Purpose::PaginationMarker, message.as_bytes()).unwrap();
        assert_eq!(tag, hex(&vector["tag"]));
        assert_eq!(room.check_tag(Purpose::PaginationMarker, message.as_bytes(), &tag), Ok(()));
    }
}

#[test]
fn a_store_changes_its_seal() {
    let vectors = vectors();
    let [file, passphrase] = list(&vectors, "seals").try_into().unwrap();
    let stored = SealedDomainKey::from_bytes(&hex(&file["sealed_domain_key"])).unwrap();
    let resealed = stored.reseal(seal(&file).as_ref(), seal(&passphrase).as_ref(), &Seeded::new(0)).unwrap();
    let room = Strongroom::sealed();
    room.unseal(seal(&passphrase).as_ref(), &[resealed]).unwrap();
    for vector in list(&vectors, "materials") {
        assert!(room.material(&hex(&vector["token"]), &binding(&vector["binding"])).is_ok());
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../tests/strongroom/vectors.json")).unwrap()
}

/// A strongroom opened with the stored domain key of the first seal.
fn unsealed(vectors: &Value) -> Strongroom {
    let vector = &vectors["seals"][0];
    let room = Strongroom::sealed();
    let stored = SealedDomainKey::from_bytes(&hex(&vector["sealed_domain_key"])).unwrap();
    room.unseal(seal(vector).as_ref(), &[stored]).unwrap();
    room
}

fn seal(vector: &Value) -> Box<dyn Seal> {
    if vector["kind"] == "file" {
        let file = Plaintext::new(text(&vector["file"]).into());
        return Box::new(FileSeal::parse(&file).unwrap());
    }
    let parameters = PassphraseParameters::from_bytes(&hex(&vector["parameters"])).unwrap();
    let passphrase = Plaintext::new(text(&vector["passphrase"]).into());
    Box::new(PassphraseSeal::new(&passphrase, &parameters).unwrap())
}

fn binding(value: &Value) -> Binding {
    Binding {
        account: value["account"].as_u64().unwrap(),
        key_id: hex(&value["key_id"]).try_into().unwrap(),
        multi_region: value["multi_region"].as_bool().unwrap(),
        spec: Spec::parse(&text(&value["spec"])).unwrap(),
    }
}

fn number(vector: &Value) -> u32 {
    vector["number"].as_u64().unwrap().try_into().unwrap()
}

/// The members of a list, of which there must be some.
fn list(value: &Value, name: &str) -> Vec<Value> {
    let list = value[name].as_array().unwrap().clone();
    assert!(!list.is_empty(), "{name}");
    list
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn hex(value: &Value) -> Vec<u8> {
    let digit = |character: char| u8::try_from(character.to_digit(16).unwrap()).unwrap();
    let digits: Vec<u8> = text(value).chars().map(digit).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
