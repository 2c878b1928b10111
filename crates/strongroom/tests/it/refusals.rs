//! What must not open: anything that was not sealed in this form, for this place and for this use.

use std::collections::BTreeMap;

use proptest::prelude::*;
use secret::Plaintext;
use strongroom::{
    Binding, Blob, Context, Generated, Material, Purpose, Refused, SealedDomainKey, Spec, Strongroom,
};

use crate::world::{alterations, unsealed};
use strongroom::testing::{Scripted, Seeded};

const BINDING: Binding = Binding {
    account: 111_122_223_333,
    key_id: [0x5a; 16],
    multi_region: false,
    spec: Spec::SymmetricDefault,
};

#[test]
fn an_altered_blob_is_refused() {
    let world = World::new();
    let blob = world.blob(&Context::empty());
    assert!(world.opens(&blob, &Context::empty()));
    for altered in alterations(&blob) {
        assert!(!world.opens(&altered, &Context::empty()), "{altered:02x?}");
    }
}

#[test]
fn a_blob_of_other_material_or_another_key_is_refused() {
    let world = World::new();
    let other = world.generate(&BINDING);
    let other = world.room.material(&other.token, &BINDING).unwrap();
    let blob = world.blob(&Context::empty());
    assert_eq!(decrypt(&other, &blob, &Context::empty()), Err(Refused::WouldNotOpen));

    // Under another binding, even the same bytes are another material.
    for binding in other_bindings() {
        let entropy = Scripted::new(&[&[3; 32], &[4; 28]]);
        let one = world.room.generate(&BINDING, &entropy).unwrap();
        let entropy = Scripted::new(&[&[3; 32], &[4; 28]]);
        let two = world.room.generate(&binding, &entropy).unwrap();
        assert_eq!(one.id == two.id, binding.key_id == BINDING.key_id && !binding.multi_region);
        let one = world.room.material(&one.token, &BINDING).unwrap();
        let two = world.room.material(&two.token, &binding).unwrap();
        let blob = one.encrypt(&plaintext(), &Context::empty(), &world.entropy).unwrap();
        assert!(decrypt(&one, &blob, &Context::empty()).is_ok());
        assert_eq!(decrypt(&two, &blob, &Context::empty()), Err(Refused::WouldNotOpen));
    }
}

#[test]
fn a_blob_relabelled_for_another_key_is_refused() {
    let world = World::new();
    let other = world.generate(&Binding { account: 2, ..BINDING });
    let other = world.room.material(&other.token, &Binding { account: 2, ..BINDING }).unwrap();
    let blob = world.blob(&Context::empty());
    let target = other.encrypt(&plaintext(), &Context::empty(), &world.entropy).unwrap();
    for cut in 0..blob.len() {
        let spliced = [&target[..cut], &blob[cut..]].concat();
        assert_eq!(decrypt(&other, &spliced, &Context::empty()), Err(Refused::WouldNotOpen), "{cut}");
    }
}

#[test]
fn another_context_is_refused() {
    let world = World::new();
    let contexts = [
        vec![],
        vec![("a", "b")],
        vec![("A", "b")],
        vec![("a", "B")],
        vec![("ab", "")],
        vec![("", "ab")],
        vec![("b", "a")],
        vec![("a", "b"), ("c", "d")],
        vec![("a", "bc"), ("", "d")],
    ]
    .map(|pairs| Context::new(&pairs.into_iter().collect::<BTreeMap<_, _>>()));
    for (made, context) in contexts.iter().enumerate() {
        let blob = world.blob(context);
        for (given, context) in contexts.iter().enumerate() {
            assert_eq!(world.opens(&blob, context), made == given, "made with {made}, opened with {given}");
        }
    }
}

#[test]
fn an_altered_or_moved_material_token_is_refused() {
    let world = World::new();
    let token = world.generate(&BINDING).token;
    assert!(world.room.material(&token, &BINDING).is_ok());
    for altered in alterations(&token) {
        assert_eq!(world.room.material(&altered, &BINDING).err(), Some(Refused::WouldNotOpen));
    }
    let other_specs = Spec::ALL.into_iter().skip(1).map(|spec| Binding { spec, ..BINDING });
    for binding in other_bindings().into_iter().chain(other_specs) {
        assert_eq!(world.room.material(&token, &binding).err(), Some(Refused::WouldNotOpen), "{binding:?}");
    }
    let read = world.room.open_secret(Purpose::SecretAccessKey, b"", &token).err();
    assert_eq!(read, Some(Refused::WouldNotOpen));
}

#[test]
fn an_altered_or_moved_secret_is_refused() {
    let World { room, entropy, .. } = World::new();
    let token = room.seal_secret(Purpose::SecretAccessKey, b"name", &plaintext(), &entropy).unwrap();
    assert!(room.open_secret(Purpose::SecretAccessKey, b"name", &token).is_ok());
    for altered in alterations(&token) {
        let opened = room.open_secret(Purpose::SecretAccessKey, b"name", &altered);
        assert_eq!(opened.err(), Some(Refused::WouldNotOpen));
    }
    for (purpose, name) in [
        (Purpose::SecretAccessKey, &b"nam"[..]),
        (Purpose::SecretAccessKey, b"name2"),
        (Purpose::SecretAccessKey, b""),
        (Purpose::PaginationMarker, b"name"),
    ] {
        assert_eq!(room.open_secret(purpose, name, &token).err(), Some(Refused::WouldNotOpen));
    }
    assert_eq!(room.material(&token, &BINDING).err(), Some(Refused::WouldNotOpen));
}

#[test]
fn an_altered_or_misused_tag_is_refused() {
    let World { room, .. } = World::new();
    let tag = room.tag(Purpose::PaginationMarker, b"message").unwrap();
    assert_eq!(room.check_tag(Purpose::PaginationMarker, b"message", &tag), Ok(()));
    for altered in alterations(&tag) {
        let checked = room.check_tag(Purpose::PaginationMarker, b"message", &altered);
        assert_eq!(checked, Err(Refused::WouldNotOpen));
    }
    let refused = Err(Refused::WouldNotOpen);
    assert_eq!(room.check_tag(Purpose::PaginationMarker, b"messag", &tag), refused);
    assert_eq!(room.check_tag(Purpose::SecretAccessKey, b"message", &tag), refused);
}

#[test]
fn without_randomness_nothing_is_made() {
    let world = World::new();
    let dry = Scripted::new(&[]);
    let broken = Some(Refused::Broken);
    assert_eq!(world.room.generate(&BINDING, &dry).err(), broken);
    assert_eq!(world.room.generate(&BINDING, &Scripted::new(&[&[1; 59]])).err(), broken);
    assert_eq!(world.material.encrypt(&plaintext(), &Context::empty(), &dry).err(), broken);
    assert_eq!(world.room.seal_secret(Purpose::SecretAccessKey, b"", &plaintext(), &dry).err(), broken);
}

proptest! {
    #[test]
    fn what_was_encrypted_is_decrypted(
        bytes in prop::collection::vec(any::<u8>(), 0..4200),
        context in prop::collection::btree_map(".{0,20}", ".{0,20}", 0..4),
    ) {
        let world = World::new();
        let context = Context::new(&context);
        let blob = world.material.encrypt(&Plaintext::new(bytes.clone()), &context, &world.entropy).unwrap();
        prop_assert_eq!(blob.len(), bytes.len() + 152);
        prop_assert_eq!(decrypt(&world.material, &blob, &context), Ok(bytes));
    }

    #[test]
    fn no_other_bytes_are_decrypted(
        kept in 0_usize..160,
        tail in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let world = World::new();
        let blob = world.blob(&Context::empty());
        let made_up = [blob.get(..kept).unwrap_or(&blob), &tail].concat();
        prop_assert_eq!(world.opens(&made_up, &Context::empty()), made_up == blob);
        prop_assert!(world.room.material(&made_up, &BINDING).is_err());
        prop_assert!(SealedDomainKey::from_bytes(&made_up).is_err());
    }
}

/// An open strongroom with one key.
struct World {
    room: Strongroom,
    material: Material,
    entropy: Seeded,
}

impl World {
    fn new() -> Self {
        let entropy = Seeded::new(0);
        let room = unsealed(&entropy);
        let generated = room.generate(&BINDING, &entropy).unwrap();
        let material = room.material(&generated.token, &BINDING).unwrap();
        Self { room, material, entropy }
    }

    fn generate(&self, binding: &Binding) -> Generated {
        self.room.generate(binding, &self.entropy).unwrap()
    }

    fn blob(&self, context: &Context) -> Vec<u8> {
        self.material.encrypt(&plaintext(), context, &self.entropy).unwrap()
    }

    fn opens(&self, blob: &[u8], context: &Context) -> bool {
        decrypt(&self.material, blob, context).is_ok()
    }
}

fn plaintext() -> Plaintext {
    Plaintext::new(b"attack at dawn".to_vec())
}

fn decrypt(material: &Material, blob: &[u8], context: &Context) -> Result<Vec<u8>, Refused> {
    Ok(material.decrypt(&Blob::parse(blob)?, context)?.reveal().to_vec())
}

fn other_bindings() -> [Binding; 4] {
    let mut key_id = BINDING.key_id;
    key_id[15] ^= 1;
    [
        Binding { account: BINDING.account + 1, ..BINDING },
        Binding { account: 0, ..BINDING },
        Binding { key_id, ..BINDING },
        Binding { multi_region: true, ..BINDING },
    ]
}
