//! The form of documents: what verifies, and every way in which bytes are no document.

use std::sync::LazyLock;

use attestation::{AGE_MS_MAX, Attestation, Platform, Rejected, Roots, SKEW_MS_MAX, verify};
use proptest::prelude::*;

use crate::{
    hypervisor::{Cbor, Hypervisor, MODULE, Members, register, text},
    keys::RSA_2048,
};

/// The server's time: 24 November 2025.
pub(crate) const NOW: u64 = 1_764_000_000_000;

static HYPERVISOR: LazyLock<Hypervisor> = LazyLock::new(|| Hypervisor::at(NOW));

fn members() -> Members {
    HYPERVISOR.members(NOW, Some(&RSA_2048))
}

fn at(document: &[u8], now: u64) -> Result<Attestation, Rejected> {
    let mut roots = Roots::none();
    roots.add_pem(HYPERVISOR.root_pem.as_bytes()).unwrap();
    verify(document, &roots, now)
}

fn payload(members: &Members) -> Result<Attestation, Rejected> {
    at(&HYPERVISOR.sign(&members.payload()), NOW)
}

fn changed(name: &str, value: Option<Cbor>) -> Result<Attestation, Rejected> {
    payload(&members().with(name, value))
}

#[test]
fn what_a_hypervisor_signed_is_verified() {
    let verified = payload(&members()).unwrap();
    assert_eq!(verified.module_id, MODULE);
    assert_eq!(verified.platform, Platform::Enclave);
    assert_eq!(verified.timestamp_ms, NOW);
    assert_eq!(verified.registers.len(), 16);
    assert_eq!(verified.registers[&8], [8; 48]);
    assert_eq!(verified.public_key, *RSA_2048);
}

#[test]
fn a_tag_open_maps_and_absent_options_change_nothing() {
    let expected = payload(&members()).unwrap();
    let tagged = Cbor::Tagged(18, Box::new(frame(&members().payload())));
    assert_eq!(at(&tagged.encode(), NOW).unwrap(), expected);

    let open = members().with("cabundle", Some(Cbor::OpenArray(bundle())));
    let open = Cbor::OpenMap(open.0).encode();
    assert_eq!(at(&HYPERVISOR.sign(&open), NOW).unwrap(), expected);

    let fewer = members().with("user_data", None).with("nonce", None);
    assert_eq!(payload(&fewer).unwrap(), expected);
    let more = Cbor::Bytes(vec![7; 3000]);
    assert_eq!(changed("user_data", Some(more.clone())).unwrap(), expected);
    assert_eq!(changed("nonce", Some(more)).unwrap(), expected);
}

#[test]
fn a_tpm_has_registers_by_another_name() {
    let registers = Cbor::Map((0..24).map(|number| (Cbor::Unsigned(number), register(0xab))).collect());
    let tpm = members().with("pcrs", None).with("nitrotpm_pcrs", Some(registers.clone()));
    let verified = payload(&tpm).unwrap();
    assert_eq!(verified.platform, Platform::Tpm);
    assert_eq!(verified.registers.len(), 24);
    assert_eq!(changed("nitrotpm_pcrs", Some(registers)), Err(Rejected::Malformed("pcrs")), "both");
}

#[test]
fn five_minutes_and_a_little_skew() {
    let document = HYPERVISOR.sign(&members().payload());
    assert!(at(&document, NOW + AGE_MS_MAX).is_ok());
    assert_eq!(at(&document, NOW + AGE_MS_MAX + 1), Err(Rejected::Expired { age_ms: AGE_MS_MAX + 1 }));
    assert!(at(&document, NOW - SKEW_MS_MAX).is_ok());
    assert_eq!(at(&document, NOW - SKEW_MS_MAX - 1), Err(Rejected::Early { ahead_ms: SKEW_MS_MAX + 1 }));
    // The smallest and the largest numbers are times like others.
    for (timestamp, now) in [(u64::MAX, 0), (1, u64::MAX), (i64::MAX as u64, 1)] {
        let document =
            HYPERVISOR.sign(&members().with("timestamp", Some(Cbor::Unsigned(timestamp))).payload());
        assert!(matches!(at(&document, now), Err(Rejected::Expired { .. } | Rejected::Early { .. })));
    }
}

#[test]
fn the_frame_is_a_sign1_with_es384_and_nothing_else() {
    let payload = members().payload();
    let refused = |frame: &Cbor| {
        let rejected = at(&frame.encode(), NOW).unwrap_err();
        assert!(matches!(rejected, Rejected::NotSigned(_)), "{rejected:?}");
    };
    for tag in [17, 19, 98, 61] {
        refused(&Cbor::Tagged(tag, Box::new(frame(&payload))));
    }
    refused(&Cbor::Tagged(18, Box::new(Cbor::Tagged(18, Box::new(frame(&payload))))));
    let Cbor::Array(parts) = frame(&payload) else { panic!("an array") };
    refused(&Cbor::OpenArray(parts.clone()));
    refused(&Cbor::Array(parts[..3].to_vec()));
    refused(&Cbor::Array([&parts[..], &[Cbor::Null]].concat()));
    refused(&Cbor::Map(Vec::new()));
    refused(&Cbor::Bytes(payload.clone()));
    let replaced = |place: usize, value: Cbor| {
        let mut parts = parts.clone();
        parts[place] = value;
        refused(&Cbor::Array(parts));
    };
    let Cbor::Bytes(signature) = &parts[3] else { panic!("bytes") };
    replaced(0, Cbor::Map(vec![(Cbor::Unsigned(1), Cbor::Negative(-35))]));
    replaced(1, Cbor::Map(vec![(Cbor::Unsigned(4), Cbor::Bytes(vec![1]))]));
    replaced(1, Cbor::Bytes(Vec::new()));
    replaced(2, Cbor::Null);
    replaced(2, Cbor::Bytes(Vec::new()));
    replaced(2, Cbor::Bytes(vec![0; 16_385]));
    replaced(2, Cbor::OpenBytes(vec![payload[..10].to_vec(), payload[10..].to_vec()]));
    replaced(3, Cbor::Bytes(signature[..95].to_vec()));
    replaced(3, Cbor::Bytes([&signature[..], &[0]].concat()));
    replaced(3, Cbor::OpenBytes(vec![signature.clone()]));
}

#[test]
fn other_algorithms_are_refused_also_when_the_signature_holds() {
    let payload = members().payload();
    let one = || Cbor::Unsigned(1);
    for protected in [
        Cbor::Map(vec![(one(), Cbor::Negative(-7))]),
        Cbor::Map(vec![(one(), Cbor::Negative(-36))]),
        Cbor::Map(vec![(one(), Cbor::Negative(-257))]),
        Cbor::Map(vec![(one(), text("ES384"))]),
        Cbor::Map(vec![(Cbor::Unsigned(2), Cbor::Negative(-35))]),
        Cbor::Map(Vec::new()),
        Cbor::Map(vec![(one(), Cbor::Negative(-35)), (one(), Cbor::Negative(-35))]),
        Cbor::Map(vec![(one(), Cbor::Negative(-35)), (Cbor::Unsigned(2), Cbor::Array(vec![one()]))]),
        Cbor::OpenMap(vec![(one(), Cbor::Negative(-35))]),
        Cbor::Negative(-35),
    ] {
        let document = HYPERVISOR.frame(&protected.encode(), &payload).encode();
        assert!(matches!(at(&document, NOW), Err(Rejected::NotSigned(_))), "{document:02x?}");
    }
    let empty = HYPERVISOR.frame(&[], &payload).encode();
    assert!(matches!(at(&empty, NOW), Err(Rejected::NotSigned(_))));
}

#[test]
fn bytes_that_follow_are_refused() {
    let document = HYPERVISOR.sign(&members().payload());
    let longer = [&document[..], &[0]].concat();
    assert_eq!(at(&longer, NOW), Err(Rejected::NotSigned("bytes follow it")));
    let longer = [&members().payload()[..], &[0xf6]].concat();
    assert_eq!(at(&HYPERVISOR.sign(&longer), NOW), Err(Rejected::Malformed("bytes follow the payload")));
}

#[test]
fn every_member_has_its_limits() {
    let many =
        |count: u64| Cbor::Map((0..count).map(|number| (Cbor::Unsigned(number), register(1))).collect());
    let of_length = |length| Cbor::Map(vec![(Cbor::Unsigned(0), Cbor::Bytes(vec![1; length]))]);
    let wrong: [(&str, Vec<Option<Cbor>>); 9] = [
        (
            "module_id",
            vec![None, Some(Cbor::Null), Some(text("")), Some(text(&"i".repeat(257))), Some(text("i\n"))],
        ),
        (
            "digest",
            vec![None, Some(text("SHA256")), Some(text("sha384")), Some(Cbor::Bytes(b"SHA384".to_vec()))],
        ),
        (
            "timestamp",
            vec![None, Some(Cbor::Unsigned(0)), Some(Cbor::Negative(-1)), Some(text("1764000000000"))],
        ),
        (
            "pcrs",
            vec![
                None,
                Some(many(0)),
                Some(many(33)),
                Some(of_length(32)),
                Some(of_length(47)),
                Some(of_length(49)),
                Some(of_length(64)),
                Some(Cbor::Map(vec![(Cbor::Unsigned(32), register(1))])),
                Some(Cbor::Map(vec![(Cbor::Negative(-1), register(1))])),
                Some(Cbor::Map(vec![(text("0"), register(1))])),
                Some(Cbor::Map(vec![(Cbor::Unsigned(0), register(1)), (Cbor::Unsigned(0), register(2))])),
                Some(Cbor::Map(vec![(Cbor::Unsigned(0), Cbor::OpenBytes(vec![vec![1; 48]]))])),
                Some(Cbor::Array(vec![register(1)])),
            ],
        ),
        (
            "certificate",
            vec![None, Some(Cbor::Bytes(Vec::new())), Some(Cbor::Bytes(vec![0; 1025])), Some(Cbor::Null)],
        ),
        (
            "cabundle",
            vec![
                None,
                Some(Cbor::Array(Vec::new())),
                Some(Cbor::Array(vec![Cbor::Bytes(Vec::new())])),
                Some(Cbor::Array([bundle(), vec![Cbor::Bytes(vec![0; 1025])]].concat())),
                Some(Cbor::Array(vec![bundle()[0].clone(); 17])),
                Some(Cbor::Array(vec![text("certificate")])),
                Some(bundle()[0].clone()),
            ],
        ),
        ("public_key", vec![Some(text("key")), Some(Cbor::OpenBytes(vec![RSA_2048.clone()]))]),
        ("user_data", vec![Some(text("text")), Some(Cbor::Unsigned(1))]),
        ("nonce", vec![Some(Cbor::Array(Vec::new()))]),
    ];
    for (name, values) in wrong {
        for (number, value) in values.into_iter().enumerate() {
            assert_eq!(changed(name, value), Err(Rejected::Malformed(name)), "{name} {number}");
        }
    }
}

#[test]
fn members_that_come_twice_or_are_not_known_are_refused() {
    for (name, value) in members().0 {
        let mut twice = members();
        twice.0.push((name.clone(), value));
        let Cbor::Text(name) = name else { panic!("a name") };
        assert!(
            matches!(payload(&twice), Err(Rejected::Malformed(told)) if told == name),
            "{name}: {:?}",
            payload(&twice)
        );
    }
    let unknown = Err(Rejected::Malformed("a member that the specification does not know"));
    assert_eq!(changed("debug", Some(Cbor::Null)), unknown);
    let numbered = Members(vec![(Cbor::Unsigned(1), Cbor::Null)]);
    assert!(matches!(payload(&numbered), Err(Rejected::Malformed(_))));
    for no_map in [Cbor::Null, Cbor::Array(Vec::new()), text("map"), Cbor::Bytes(vec![0xa0])] {
        assert!(matches!(at(&HYPERVISOR.sign(&no_map.encode()), NOW), Err(Rejected::Malformed(_))));
    }
}

#[test]
fn what_was_changed_on_the_way_is_not_verified() {
    let document = HYPERVISOR.sign(&members().payload());
    let mut signature = document;
    *signature.last_mut().unwrap() ^= 1;
    assert_eq!(at(&signature, NOW), Err(Rejected::WrongSignature));

    let other = members().with("module_id", Some(text("i-0123456789abcdef0-enc0123456789abcdee")));
    let Cbor::Array(mut parts) = frame(&members().payload()) else { panic!("an array") };
    parts[2] = Cbor::Bytes(other.payload());
    assert_eq!(at(&Cbor::Array(parts.clone()).encode(), NOW), Err(Rejected::WrongSignature));
    parts[3] = Cbor::Bytes(vec![0; 96]);
    assert_eq!(at(&Cbor::Array(parts).encode(), NOW), Err(Rejected::WrongSignature));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// A document with one bit flipped, or with its end cut off, gives no attestation.
    #[test]
    fn no_changed_bit_goes_unnoticed(place in any::<prop::sample::Index>(), bit in 0..8u32) {
        let mut document = HYPERVISOR.sign(&members().payload());
        let place = place.index(document.len());
        prop_assert!(at(&document[..place], NOW).is_err());
        document[place] ^= 1 << bit;
        // The only freedom is to write numbers longer than necessary; one flipped bit cannot do that.
        prop_assert!(at(&document, NOW).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_no_document(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(at(&bytes, NOW).is_err());
        prop_assert!(at(&HYPERVISOR.sign(&bytes), NOW).is_err());
    }
}

fn frame(payload: &[u8]) -> Cbor {
    let protected = Cbor::Map(vec![(Cbor::Unsigned(1), Cbor::Negative(-35))]).encode();
    HYPERVISOR.frame(&protected, payload)
}

fn bundle() -> Vec<Cbor> {
    let (_, bundle) = HYPERVISOR.certificates.split_last().unwrap();
    bundle.iter().cloned().map(Cbor::Bytes).collect()
}
