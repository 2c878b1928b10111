//! Sealed and unsealed: what an operator does with a strongroom.

use secret::Plaintext;
use strongroom::seal::{FileSeal, PassphraseParameters, PassphraseSeal};
use strongroom::{
    Binding, Purpose, Refused, Seal, SealError, SealedDomainKey, Spec, Strongroom, UnsealError,
};

use strongroom::testing::Seeded;

const BINDING: Binding =
    Binding { account: 1, key_id: [1; 16], multi_region: true, spec: Spec::SymmetricDefault };

#[test]
fn a_sealed_strongroom_refuses_all_work() {
    let entropy = Seeded::new(0);
    let room = Strongroom::sealed();
    let sealed = Some(Refused::Sealed);
    let secret = Plaintext::zeroed(8);
    assert!(!room.is_unsealed());
    assert_eq!(room.generate(&BINDING, &entropy).err(), sealed);
    assert_eq!(room.material(&[0; 116], &BINDING).err(), sealed);
    assert_eq!(room.seal_secret(Purpose::SecretAccessKey, b"", &secret, &entropy).err(), sealed);
    assert_eq!(room.open_secret(Purpose::SecretAccessKey, b"", &[0; 92]).err(), sealed);
    assert_eq!(room.tag(Purpose::PaginationMarker, b"").err(), sealed);
    assert_eq!(room.check_tag(Purpose::PaginationMarker, b"", &[0; 36]).err(), sealed);
}

#[test]
fn unsealing_again_rotates_and_old_keys_still_open() {
    let entropy = Seeded::new(0);
    let seal = file_seal(&entropy);
    let room = Strongroom::sealed();
    room.unseal(&seal, &[domain_key(1, &seal, &entropy)]).unwrap();
    assert!(room.is_unsealed());
    let old = room.generate(&BINDING, &entropy).unwrap();
    let old_tag = room.tag(Purpose::PaginationMarker, b"page 2").unwrap();
    assert_eq!(old.token[4..8], [0, 0, 0, 1]);

    room.unseal(&seal, &[domain_key(2, &seal, &entropy)]).unwrap();
    let new = room.generate(&BINDING, &entropy).unwrap();
    assert_eq!(new.token[4..8], [0, 0, 0, 2]);
    assert_eq!(room.tag(Purpose::PaginationMarker, b"page 2").unwrap()[..4], [0, 0, 0, 2]);
    for generated in [old, new] {
        assert_eq!(room.material(&generated.token, &BINDING).unwrap().id(), &generated.id);
    }
    assert_eq!(room.check_tag(Purpose::PaginationMarker, b"page 2", &old_tag), Ok(()));
}

#[test]
fn unsealing_is_all_or_nothing() {
    let entropy = Seeded::new(0);
    let (seal, stranger) = (file_seal(&entropy), file_seal(&entropy));
    let (good, foreign) = (domain_key(1, &seal, &entropy), domain_key(2, &stranger, &entropy));
    let room = Strongroom::sealed();
    let refused = Err(UnsealError::NotOpened { number: 2, cause: SealError::WouldNotOpen });
    assert_eq!(room.unseal(&seal, &[good.clone(), foreign.clone()]), refused);
    assert_eq!(room.unseal(&seal, &[foreign, good.clone()]), refused);
    assert_eq!(room.unseal(&seal, &[]), Err(UnsealError::NoKeys));
    assert!(!room.is_unsealed());

    room.unseal(&seal, std::slice::from_ref(&good)).unwrap();
    let namesake = domain_key(1, &seal, &entropy);
    let newer = domain_key(3, &seal, &entropy);
    assert_eq!(room.unseal(&seal, &[newer, namesake.clone()]), Err(UnsealError::NumberTaken(1)));
    assert_eq!(room.generate(&BINDING, &entropy).unwrap().token[4..8], [0, 0, 0, 1]);
    assert_eq!(room.unseal(&seal, std::slice::from_ref(&good)), Ok(()), "the same key again");
    let empty = Strongroom::sealed();
    assert_eq!(empty.unseal(&seal, &[good, namesake]), Err(UnsealError::NumberTaken(1)));
    assert!(!empty.is_unsealed());
}

#[test]
fn altered_or_renumbered_domain_keys_are_refused() {
    let entropy = Seeded::new(0);
    let seal = file_seal(&entropy);
    let stored = domain_key(1, &seal, &entropy).to_bytes();
    let opens = |bytes: &[u8]| match SealedDomainKey::from_bytes(bytes) {
        Ok(key) => Strongroom::sealed().unseal(&seal, &[key]).is_ok(),
        Err(_) => false,
    };
    assert!(opens(&stored));
    for position in 0..stored.len() {
        let mut altered = stored.clone();
        altered[position] ^= 1;
        assert!(!opens(&altered), "byte {position}");
        assert!(!opens(&stored[..position]), "{position} bytes");
    }
    assert!(!opens(&[stored.as_slice(), &[0]].concat()));
}

#[test]
fn a_passphrase_opens_what_it_sealed_and_no_other_does() {
    let entropy = Seeded::new(0);
    let parameters = PassphraseParameters::new(19 * 1024, 2, 1, [8; 16]).unwrap();
    let other_salt = PassphraseParameters::new(19 * 1024, 2, 1, [9; 16]).unwrap();
    let seal = passphrase_seal("open sesame", &parameters);
    let key = domain_key(1, &seal, &entropy);
    let outcome = |seal: &dyn Seal| Strongroom::sealed().unseal(seal, std::slice::from_ref(&key));
    assert_eq!(outcome(&passphrase_seal("open sesame", &parameters)), Ok(()));
    let refused = Err(UnsealError::NotOpened { number: 1, cause: SealError::WouldNotOpen });
    assert_eq!(outcome(&passphrase_seal("open sesame ", &parameters)), refused);
    assert_eq!(outcome(&passphrase_seal("open sesame", &other_salt)), refused);
    assert_eq!(outcome(&file_seal(&entropy)), refused);
}

#[test]
fn the_recommended_passphrase_parameters_work() {
    let entropy = Seeded::new(0);
    let parameters = PassphraseParameters::recommended(&entropy).unwrap();
    assert_ne!(parameters, PassphraseParameters::recommended(&entropy).unwrap(), "salts differ");
    assert_eq!(PassphraseParameters::from_bytes(&parameters.to_bytes()), Ok(parameters));
    let seal = passphrase_seal("open sesame", &parameters);
    let key = domain_key(1, &seal, &entropy);
    assert_eq!(Strongroom::sealed().unseal(&seal, &[key]), Ok(()));
}

#[test]
fn keys_added_at_the_same_time_are_all_kept() {
    let entropy = Seeded::new(0);
    let seal = file_seal(&entropy);
    let room = Strongroom::sealed();
    std::thread::scope(|threads| {
        for number in 1..=8 {
            let key = domain_key(number, &seal, &entropy);
            let (room, seal) = (&room, &seal);
            threads.spawn(move || room.unseal(seal, &[key]).unwrap());
        }
    });
    for number in 1..=8_u32 {
        let namesake = domain_key(number, &seal, &entropy);
        assert_eq!(room.unseal(&seal, &[namesake]), Err(UnsealError::NumberTaken(number)));
    }
}

fn file_seal(entropy: &Seeded) -> FileSeal {
    FileSeal::parse(&FileSeal::generate(entropy).unwrap()).unwrap()
}

fn passphrase_seal(passphrase: &str, parameters: &PassphraseParameters) -> PassphraseSeal {
    PassphraseSeal::new(&Plaintext::new(passphrase.into()), parameters).unwrap()
}

fn domain_key(number: u32, seal: &dyn Seal, entropy: &Seeded) -> SealedDomainKey {
    SealedDomainKey::generate(number, seal, entropy).unwrap()
}
