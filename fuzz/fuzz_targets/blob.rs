//! Arbitrary blobs and tokens are read and never open.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use strongroom::{
    Binding, Blob, Context, Material, Purpose, SealedDomainKey, Spec, Strongroom,
    seal::{FileSeal, PassphraseParameters},
    testing::Seeded,
};

const BINDING: Binding =
    Binding { account: 111_122_223_333, key_id: [7; 16], multi_region: false, spec: Spec::SymmetricDefault };

static OPEN: LazyLock<(Strongroom, Material)> = LazyLock::new(|| {
    let entropy = Seeded::new(0);
    let text = FileSeal::generate(&entropy).expect("entropy");
    let seal = FileSeal::parse(&text).expect("own key file");
    let key = SealedDomainKey::generate(1, &seal, &entropy).expect("domain key");
    let room = Strongroom::sealed();
    room.unseal(&seal, &[key]).expect("unseals");
    let made = room.generate(&BINDING, &entropy).expect("material");
    let material = room.material(&made.token, &BINDING).expect("opens");
    (room, material)
});

fuzz_target!(|data: &[u8]| {
    let (room, material) = &*OPEN;
    if let Ok(blob) = Blob::parse(data) {
        let _ = (blob.account(), blob.key_id(), blob.multi_region(), blob.material_id());
        assert!(material.decrypt(&blob, &Context::empty()).is_err());
    }
    assert!(room.material(data, &BINDING).is_err());
    assert!(room.open_secret(Purpose::SecretAccessKey, b"name", data).is_err());
    assert!(room.check_tag(Purpose::PaginationMarker, b"message", data).is_err());
    let _ = SealedDomainKey::from_bytes(data);
    let _ = PassphraseParameters::from_bytes(data);
    let _ = FileSeal::parse(&secret::Plaintext::new(data.to_vec()));
});
