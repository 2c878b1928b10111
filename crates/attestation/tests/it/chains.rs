//! The path from a document's certificate up to a root.

use attestation::{NotARoot, Rejected, Roots, verify};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use std::time::Duration;

use crate::{
    forms::NOW,
    hypervisor::{Cbor, Hypervisor},
    keys::RSA_2048,
};

/// Verifies a document whose certificates were changed before they were issued.
fn issued(levels: usize, change: impl Fn(usize, &mut CertificateParams)) -> Result<(), Rejected> {
    verified(&Hypervisor::with(NOW, levels, change))
}

fn verified(hypervisor: &Hypervisor) -> Result<(), Rejected> {
    verify(&hypervisor.document(NOW, &RSA_2048), &root(hypervisor)?, NOW).map(drop)
}

fn root(hypervisor: &Hypervisor) -> Result<Roots, Rejected> {
    let mut roots = Roots::none();
    let added = roots.add_pem(hypervisor.root_pem.as_bytes());
    added.map(|()| roots).map_err(|error| Rejected::Untrusted(error.to_string()))
}

fn is_untrusted(result: &Result<(), Rejected>) -> bool {
    matches!(result, Err(Rejected::Untrusted(_)))
}

fn path_length(most: u8) -> IsCa {
    IsCa::Ca(BasicConstraints::Constrained(most))
}

#[test]
fn chains_of_any_length_up_to_a_limit() {
    for levels in 2..=8 {
        assert_eq!(issued(levels, |_, _| ()), Ok(()), "{levels}");
    }
    assert!(is_untrusted(&issued(9, |_, _| ())));
}

#[test]
fn a_root_must_be_one_of_ours() {
    let (ours, theirs) = (Hypervisor::at(NOW), Hypervisor::at(NOW));
    let document = theirs.document(NOW, &RSA_2048);
    let told = verify(&document, &root(&ours).unwrap(), NOW).map(drop);
    assert!(is_untrusted(&told), "{told:?}");
    assert!(is_untrusted(&verify(&document, &Roots::aws().unwrap(), NOW).map(drop)));
    assert_eq!(verify(&document, &Roots::none(), NOW), Err(Rejected::NoRoots));
    let mut both = root(&ours).unwrap();
    both.add(root(&theirs).unwrap());
    assert!(verify(&document, &both, NOW).is_ok());
}

#[test]
fn the_bundle_must_lead_there_in_any_order() {
    let hypervisor = Hypervisor::at(NOW);
    let bundle = |places: &[usize]| {
        let bundle =
            places.iter().map(|place| Cbor::Bytes(hypervisor.certificates[*place].clone())).collect();
        let members = hypervisor.members(NOW, Some(&RSA_2048)).with("cabundle", Some(Cbor::Array(bundle)));
        verify(&hypervisor.sign(&members.payload()), &root(&hypervisor).unwrap(), NOW).map(drop)
    };
    assert_eq!(bundle(&[2, 1, 0]), Ok(()));
    assert_eq!(bundle(&[1, 2]), Ok(()));
    for missing in [&[0, 1][..], &[0, 2], &[0], &[3]] {
        assert!(is_untrusted(&bundle(missing)), "{missing:?}");
    }
}

#[test]
fn certificates_have_their_time() {
    let hour = Duration::from_secs(3600);
    for level in 0..4 {
        let over = issued(4, |at, params| {
            if at == level {
                params.not_after = params.not_before + Duration::from_secs(60);
            }
        });
        assert!(is_untrusted(&over), "{level}: {over:?}");
        let early = issued(4, |at, params| {
            if at == level {
                params.not_before += hour + Duration::from_secs(1);
            }
        });
        assert!(is_untrusted(&early), "{level}: {early:?}");
    }
}

/// An enclave that has just started, on a machine whose clock is a little ahead.
#[test]
fn a_certificate_that_begins_with_its_document_is_good() {
    let ahead = NOW + 30_000;
    let hypervisor = Hypervisor::with(NOW, 4, |level, params| {
        if level == 3 {
            params.not_before += Duration::from_secs(3600 + 30);
        }
    });
    let roots = root(&hypervisor).unwrap();
    assert!(verify(&hypervisor.document(ahead, &RSA_2048), &roots, NOW).is_ok());
    assert!(verify(&hypervisor.document(NOW, &RSA_2048), &roots, NOW).is_err());
}

#[test]
fn an_authority_signs_no_document_and_a_signer_no_certificate() {
    let authority = issued(4, |level, params| {
        if level == 3 {
            params.is_ca = path_length(0);
            params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        }
    });
    assert!(is_untrusted(&authority), "{authority:?}");
    let signer = issued(4, |level, params| {
        if level == 2 {
            params.is_ca = IsCa::ExplicitNoCa;
        }
    });
    assert!(is_untrusted(&signer), "{signer:?}");
    let no_constraints = issued(4, |level, params| {
        if level == 2 {
            params.is_ca = IsCa::NoCa;
        }
    });
    assert!(is_untrusted(&no_constraints), "{no_constraints:?}");
}

#[test]
fn path_lengths_hold() {
    let limited = |at: usize, most: u8| {
        issued(4, |level, params| {
            if level == at {
                params.is_ca = path_length(most);
            }
        })
    };
    assert_eq!(limited(0, 2), Ok(()));
    assert!(is_untrusted(&limited(0, 1)));
    assert_eq!(limited(1, 1), Ok(()));
    assert!(is_untrusted(&limited(1, 0)));
    assert_eq!(limited(2, 0), Ok(()));
}

#[test]
fn key_usages_hold() {
    for (level, usages) in [
        (3, vec![]),
        (3, vec![KeyUsagePurpose::ContentCommitment, KeyUsagePurpose::KeyAgreement]),
        (2, vec![]),
        (2, vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign]),
        (1, vec![KeyUsagePurpose::CrlSign]),
        (0, vec![KeyUsagePurpose::CrlSign]),
        (0, vec![]),
    ] {
        let told = issued(4, |at, params| {
            if at == level {
                params.key_usages = usages.clone();
            }
        });
        assert!(is_untrusted(&told), "{level} {usages:?}: {told:?}");
    }
}

#[test]
fn a_certificate_for_another_purpose_signs_no_document() {
    let purpose = |purpose: &ExtendedKeyUsagePurpose| {
        issued(4, |level, params| {
            if level == 3 {
                params.extended_key_usages = vec![purpose.clone()];
            }
        })
    };
    for other in [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth] {
        assert!(is_untrusted(&purpose(&other)), "{other:?}");
    }
    assert_eq!(purpose(&ExtendedKeyUsagePurpose::Any), Ok(()));
}

#[test]
fn critical_extensions_that_are_not_known_are_refused() {
    for level in 1..4 {
        let told = issued(4, |at, params| {
            if at == level {
                let mut unknown =
                    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
                unknown.set_criticality(true);
                params.custom_extensions.push(unknown);
            }
        });
        assert!(is_untrusted(&told), "{level}: {told:?}");
    }
}

#[test]
fn what_is_no_root_is_told() {
    let add = |pem: &str| Roots::none().add_pem(pem.as_bytes());
    assert_eq!(add(""), Err(NotARoot::NoCertificate));
    assert_eq!(
        add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        Err(NotARoot::Malformed)
    );
    assert_eq!(add("-----BEGIN CERTIFICATE-----\n***"), Err(NotARoot::Malformed));
    let root = |change: &dyn Fn(&mut CertificateParams), algorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        change(&mut params);
        params.self_signed(&key).unwrap().pem()
    };
    let p384 = &rcgen::PKCS_ECDSA_P384_SHA384;
    let good = root(&|_| (), p384);
    assert_eq!(add(&good), Ok(()));
    assert_eq!(add(&root(&|_| (), &rcgen::PKCS_ECDSA_P256_SHA256)), Err(NotARoot::OtherCurve));
    assert_eq!(add(&root(&|params| params.is_ca = IsCa::ExplicitNoCa, p384)), Err(NotARoot::NoAuthority));
    assert_eq!(add(&root(&|params| params.is_ca = IsCa::NoCa, p384)), Err(NotARoot::NoAuthority));
    assert_eq!(add(&root(&|params| params.key_usages.clear(), p384)), Err(NotARoot::NoAuthority));

    let mut roots = Roots::none();
    let mixed = format!("{good}{}", root(&|_| (), &rcgen::PKCS_ECDSA_P256_SHA256));
    assert_eq!(roots.add_pem(mixed.as_bytes()), Err(NotARoot::OtherCurve));
    assert!(roots.is_empty(), "all or nothing");
}
