//! Cryptographic operations.

#![expect(clippy::indexing_slicing, reason = "tests")]

use base64_simd::STANDARD;
use serde_json::{Value, json};

use sim::Stage;

/// A key, and its public key in DER.
fn pair(stage: &Stage, spec: &str, usage: &str) -> (String, Vec<u8>) {
    let made = stage.kms("CreateKey", json!({ "KeySpec": spec, "KeyUsage": usage })).ok();
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let public = stage.kms("GetPublicKey", json!({ "KeyId": key })).ok();
    (key, STANDARD.decode_to_vec(public["PublicKey"].as_str().unwrap()).unwrap())
}

findings! {
    46 r46_a_wrong_signature_or_mac_is_an_error_and_never_false(stage) {
        let mut input = json!({
            "KeyId": stage.value("sign-key"), "Message": "aGVsbG8=", "Signature": stage.value("signature"),
            "SigningAlgorithm": "ECDSA_SHA_256",
        });
        assert_eq!(stage.kms("Verify", input.clone()).ok()["SignatureValid"], json!(true));
        input["Message"] = json!("aGVsbG9v");
        assert_eq!(stage.kms("Verify", input).body, r#"{"__type":"KMSInvalidSignatureException"}"#);
        let mut input = json!({
            "KeyId": stage.value("mac-key"), "Message": "aGVsbG8=", "Mac": stage.value("mac"),
            "MacAlgorithm": "HMAC_SHA_256",
        });
        assert_eq!(stage.kms("VerifyMac", input.clone()).ok()["MacValid"], json!(true));
        input["Message"] = json!("aGVsbG9v");
        assert_eq!(stage.kms("VerifyMac", input).body, r#"{"__type":"KMSInvalidMacException"}"#);
    }

    47 r47_a_digest_of_the_wrong_length(stage) {
        let mut input = json!({
            "KeyId": stage.value("sign-key"), "Message": "aGVsbG8=", "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        });
        let text = "Digest is invalid length for algorithm ECDSA_SHA_256.";
        assert_eq!(stage.kms("Sign", input.clone()).refusal(), ("ValidationException", text));
        input["Signature"] = json!(stage.value("signature"));
        assert_eq!(stage.kms("Verify", input).refusal(), ("ValidationException", text));
    }

    48 r48_the_salt_of_pss_is_as_long_as_the_digest(stage) {
        use aws_lc_rs::signature::{
            ParsedPublicKey, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
        };
        let (key, public) = pair(&stage, "RSA_2048", "SIGN_VERIFY");
        for (name, algorithm) in [
            ("RSASSA_PSS_SHA_256", &RSA_PSS_2048_8192_SHA256),
            ("RSASSA_PSS_SHA_384", &RSA_PSS_2048_8192_SHA384),
            ("RSASSA_PSS_SHA_512", &RSA_PSS_2048_8192_SHA512),
        ] {
            let input = json!({ "KeyId": key, "Message": "aGVsbG8=", "SigningAlgorithm": name });
            let signature = stage.kms("Sign", input).ok()["Signature"].as_str().unwrap().to_owned();
            // This verifier takes no salt of another length.
            let verifier = ParsedPublicKey::new(algorithm, &public).unwrap();
            verifier.verify_sig(b"hello", &STANDARD.decode_to_vec(signature).unwrap()).unwrap();
        }
    }

    49 r49_rsa_encrypts_so_much(stage) {
        for (spec, sha_1, sha_256) in [("RSA_2048", 214, 190), ("RSA_3072", 342, 318)] {
            let (key, _) = pair(&stage, spec, "ENCRYPT_DECRYPT");
            for (algorithm, most) in [("RSAES_OAEP_SHA_1", sha_1), ("RSAES_OAEP_SHA_256", sha_256)] {
                let encrypt = |length: usize| {
                    let plaintext = STANDARD.encode_to_string(vec![7; length]);
                    let input = json!({ "KeyId": key, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm });
                    stage.kms("Encrypt", input)
                };
                encrypt(most).ok();
                let text =
                    format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.");
                assert_eq!(encrypt(most + 1).refusal(), ("ValidationException", text.as_str()));
            }
        }
    }

    50 r50_the_hash_of_oaep_follows_the_algorithm(stage) {
        let (key, public) = pair(&stage, "RSA_2048", "ENCRYPT_DECRYPT");
        for (made_with, asked, opens) in [
            ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_1", true),
            ("RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_256", true),
            ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", false),
            ("RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", false),
        ] {
            let blob = STANDARD.encode_to_string(sim::wrap(made_with, &public, b"hello"));
            let input = json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionAlgorithm": asked });
            let answer = stage.kms("Decrypt", input);
            if opens {
                assert_eq!(answer.ok()["Plaintext"], "aGVsbG8=");
            } else {
                assert_eq!(answer.body, r#"{"__type":"InvalidCiphertextException"}"#);
            }
        }
    }

    51 r51_contexts_and_lengths_that_are_wrong_are_one_silent_error(stage) {
        let blob = stage.value("ciphertext");
        let mut bytes = base64_simd::STANDARD.decode_to_vec(&blob).unwrap();
        let cut = crate::bodies::base64_of(&bytes[..bytes.len() - 1]);
        bytes.push(0);
        let extended = crate::bodies::base64_of(&bytes);
        for input in [
            json!({ "CiphertextBlob": blob, "EncryptionContext": { "a": "b" } }),
            json!({ "CiphertextBlob": cut }),
            json!({ "CiphertextBlob": extended }),
        ] {
            let answer = stage.kms("Decrypt", input);
            assert_eq!(answer.body, r#"{"__type":"InvalidCiphertextException"}"#);
        }
    }

    52 r52_a_ciphertext_whose_key_is_gone(stage) {
        let blob = stage.value("ciphertext");
        stage.kms("ScheduleKeyDeletion", json!({ "KeyId": stage.value("key"), "PendingWindowInDays": 7 })).ok();
        stage.world.clock().advance_days(8);
        stage.world.tick().unwrap();
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob }));
        let text = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                    region, or you are not allowed to access.";
        assert_eq!(answer.refusal(), ("AccessDeniedException", text));
    }

    53 r53_members_of_the_answers(stage) {
        let key = stage.value("key");
        let names = |answer: Value| {
            let mut names: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
            names.sort_unstable();
            names
        };
        let encrypted = stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==" })).ok();
        let blob = encrypted["CiphertextBlob"].clone();
        assert_eq!(names(encrypted), ["CiphertextBlob", "EncryptionAlgorithm", "KeyId"]);
        let decrypted = stage.kms("Decrypt", json!({ "CiphertextBlob": blob })).ok();
        assert_eq!(names(decrypted), ["EncryptionAlgorithm", "KeyId", "KeyMaterialId", "Plaintext"]);
        let data_key = stage.kms("GenerateDataKey", json!({ "KeyId": key, "KeySpec": "AES_256" })).ok();
        assert_eq!(names(data_key), ["CiphertextBlob", "KeyId", "KeyMaterialId", "Plaintext"]);
    }

    54 r54_re_encrypting_needs_no_source_key(stage) {
        let target = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"]["Arn"].clone();
        let input = json!({ "CiphertextBlob": stage.value("ciphertext"), "DestinationKeyId": target });
        let blob = stage.kms("ReEncrypt", input).ok()["CiphertextBlob"].clone();
        let opened = stage.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": target })).ok();
        assert_eq!(opened["Plaintext"], "c2VjcmV0");
    }

    55 r55_a_data_key_pair_opens_to_the_same_bytes(stage) {
        use aws_lc_rs::{encoding::{AsDer, PublicKeyX509Der}, signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair}};
        let input = json!({ "KeyId": stage.value("key"), "KeyPairSpec": "ECC_NIST_P256" });
        let pair = stage.kms("GenerateDataKeyPair", input).ok();
        let opened = stage.kms("Decrypt", json!({ "CiphertextBlob": pair["PrivateKeyCiphertextBlob"] })).ok();
        assert_eq!(opened["Plaintext"], pair["PrivateKeyPlaintext"]);
        let bytes = |member: &str| STANDARD.decode_to_vec(pair[member].as_str().unwrap()).unwrap();
        let private = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &bytes("PrivateKeyPlaintext")).unwrap();
        let public: PublicKeyX509Der<'_> = private.public_key().as_der().unwrap();
        assert_eq!(public.as_ref(), bytes("PublicKey"), "PKCS#8, and SubjectPublicKeyInfo of the same key");
    }

    56 r56_a_shared_secret(stage) {
        let input = |public: &str| {
            json!({ "KeyId": stage.value("agree-key"), "KeyAgreementAlgorithm": "ECDH", "PublicKey": public })
        };
        let answer = stage.kms("DeriveSharedSecret", input(&stage.value("peer-public-key"))).ok();
        let mut names: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["KeyAgreementAlgorithm", "KeyId", "KeyOrigin", "SharedSecret"]);
        let junk = stage.kms("DeriveSharedSecret", input("anVuaw=="));
        assert_eq!(junk.body, r#"{"__type":"ValidationException"}"#);
    }

    57 r57_a_dry_run_that_succeeds_is_an_error(stage) {
        let key = stage.value("key");
        let text = "The request would have succeeded, but the DryRun option is set.";
        for (operation, input) in [
            ("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==", "DryRun": true })),
            ("Decrypt", json!({ "CiphertextBlob": stage.value("ciphertext"), "DryRun": true })),
            ("GenerateDataKey", json!({ "KeyId": key, "NumberOfBytes": 1, "DryRun": true })),
        ] {
            assert_eq!(stage.kms(operation, input).refusal(), ("DryRunOperationException", text), "{operation}");
        }
    }
}
