//! The examples of the tables made into calls.

use base64_simd::STANDARD;
use bytes::Bytes;
use dispatch::{ACT_FOR, Facts};
use http::{HeaderValue, Request};
use serde_json::{Value, json};

use super::Stage;
use crate::{BUCKET, Credentials, stage, wrap};

impl Stage {
    /// What a placeholder stands for; made on first use.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        if let Some(made) = self.made.borrow().get(name) {
            return made.clone();
        }
        let value = self.make(name);
        self.made.borrow_mut().insert(name.to_owned(), value.clone());
        value
    }

    /// An example with its placeholders filled in.
    #[track_caller]
    pub fn fill(&self, example: &str) -> String {
        let mut filled = String::new();
        let mut rest = example;
        while let Some((before, name, after)) = placeholder(rest) {
            filled.push_str(before);
            let value = Value::from(self.value(name)).to_string();
            filled.push_str(value.trim_matches('"'));
            rest = after;
        }
        filled + rest
    }

    /// The request of an operation's example, not signed.
    #[track_caller]
    pub fn example(&self, service: &str, facts: &Facts) -> Request<Bytes> {
        self.world.written(service, facts.name, &self.fill(facts.example))
    }

    /// The request of an operation's example, signed by someone; of one that is for services, by a service in place of the
    /// root user.
    #[track_caller]
    pub fn example_by(&self, credentials: &Credentials, service: &str, facts: &Facts) -> Request<Bytes> {
        let example = self.example(service, facts);
        if service == OWN && *credentials == self.root {
            return self.sign_as_service(example, self.service.get_or_init(|| self.make_service()), service);
        }
        self.world.sign(example, credentials, service)
    }

    /// A service identity, which has been used before.
    #[track_caller]
    fn make_service(&self) -> Credentials {
        let gateway = self.user("gateway");
        let random = self.world.written("kms", "GenerateRandom", r#"{"NumberOfBytes":1}"#);
        self.world.send(self.sign_as_service(random, &gateway, "kms"));
        gateway
    }

    fn sign_as_service(
        &self,
        mut request: Request<Bytes>,
        gateway: &Credentials,
        service: &str,
    ) -> Request<Bytes> {
        request.headers_mut().insert(ACT_FOR, HeaderValue::from_static("service"));
        self.world.sign(request, gateway, service)
    }

    /// A trail that logs.
    #[track_caller]
    fn make_trail(&self) -> String {
        let input = json!({ "Name": "staged", "S3BucketName": BUCKET });
        self.world.call(&self.root, "cloudtrail", "CreateTrail", input).ok();
        self.world.call(&self.root, "cloudtrail", "StartLogging", json!({ "Name": "staged" })).ok();
        "staged".to_owned()
    }

    /// Something to work with. Whoever writes an example with a new placeholder makes it here.
    #[track_caller]
    fn make(&self, name: &str) -> String {
        let text = |answer: Value, pointer: &str| stage::text(&answer, pointer);
        let key = |input: Value| self.key(input);
        match name {
            "key" => key(json!({})),
            "pending-key" => {
                let key = key(json!({}));
                self.kms("ScheduleKeyDeletion", json!({ "KeyId": key })).ok();
                key
            }
            "trail" => self.make_trail(),
            "trail-arn" => {
                let input = json!({ "Name": self.value("trail") });
                text(self.world.call(&self.root, "cloudtrail", "GetTrail", input).ok(), "/Trail/TrailARN")
            }
            "root" => self.world.partition().iam_arn(&self.root.account, "root"),
            "grant" => {
                let (key, root) = (self.value("key"), self.value("root"));
                let input = json!({
                    "KeyId": key, "GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Decrypt"],
                });
                text(self.kms("CreateGrant", input).ok(), "/GrantId")
            }
            "primary-key" => key(json!({ "MultiRegion": true })),
            "replicated-key" => {
                let key = key(json!({ "MultiRegion": true }));
                self.kms("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": "eu-west-1" })).ok();
                key
            }
            "alias" => {
                let alias = "alias/staged";
                let input = json!({ "AliasName": alias, "TargetKeyId": self.value("key") });
                self.kms("CreateAlias", input).ok();
                alias.to_owned()
            }
            "ciphertext" => {
                let input = json!({ "KeyId": self.value("key"), "Plaintext": "c2VjcmV0" });
                text(self.kms("Encrypt", input).ok(), "/CiphertextBlob")
            }
            "sign-key" => key(json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" })),
            "mac-key" => key(json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" })),
            "agree-key" => key(json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" })),
            "kem-key" => key(json!({ "KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE" })),
            "signature" => {
                let input = json!({
                    "KeyId": self.value("sign-key"), "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256",
                });
                text(self.kms("Sign", input).ok(), "/Signature")
            }
            "mac" => {
                let input = json!({
                    "KeyId": self.value("mac-key"), "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256",
                });
                text(self.kms("GenerateMac", input).ok(), "/Mac")
            }
            "peer-public-key" => {
                let input = json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" });
                text(self.kms("GetPublicKey", json!({ "KeyId": key(input) })).ok(), "/PublicKey")
            }
            "kem-ciphertext" => {
                let input = json!({ "KeyId": self.value("kem-key"), "EncapsulationAlgorithm": "ML_KEM" });
                text(self.kms("Encapsulate", input).ok(), "/SharedSecretCiphertextBlob")
            }
            "date" => self.world.now().to_iso8601().chars().filter(char::is_ascii_digit).take(8).collect(),
            "policy" => text(self.kms("GetKeyPolicy", json!({ "KeyId": self.value("key") })).ok(), "/Policy"),
            _ => self.make_for_import(name),
        }
    }

    #[track_caller]
    fn make_for_import(&self, name: &str) -> String {
        let parameters = |member: &str| {
            let parameters: Value =
                serde_json::from_str(&self.value("import-parameters")).expect("an answer in JSON");
            stage::text(&parameters, member)
        };
        match name {
            "external-key" => self.key(json!({ "Origin": "EXTERNAL" })),
            "import-parameters" => {
                let key = self.value("external-key");
                let input =
                    json!({ "KeyId": key, "WrappingAlgorithm": WRAPPING, "WrappingKeySpec": "RSA_2048" });
                self.kms("GetParametersForImport", input).ok().to_string()
            }
            "import-token" => parameters("/ImportToken"),
            "wrapped-material" => {
                let public_key = STANDARD.decode_to_vec(parameters("/PublicKey")).expect("base64");
                STANDARD.encode_to_string(wrap(WRAPPING, &public_key, &[7; 32]))
            }
            "imported-key" => {
                let key = self.value("external-key");
                let input = json!({
                    "KeyId": key,
                    "ImportToken": self.value("import-token"),
                    "EncryptedKeyMaterial": self.value("wrapped-material"),
                    "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
                });
                self.kms("ImportKeyMaterial", input).ok();
                key
            }
            _ => self.make_identity(name).unwrap_or_else(|| {
                panic!("nothing is made for {{{name}}}; see Stage::make and Stage::make_identity");
            }),
        }
    }
}

/// Keywright's own service, whose operations are for services.
const OWN: &str = "keywright";

/// `hello`, in base64.
const HELLO: &str = "aGVsbG8=";

/// How material is wrapped here.
const WRAPPING: &str = "RSAES_OAEP_SHA_256";

/// The first `{name}` of a text, with what is before and after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    text.match_indices('{').find_map(|(at, _)| {
        let (before, rest) = text.split_at_checked(at)?;
        let (name, after) = rest.strip_prefix('{')?.split_once('}')?;
        is_name(name).then_some((before, name, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_between_the_braces_of_json() {
        assert_eq!(placeholder(r#"{"A":"{key}"}"#), Some((r#"{"A":""#, "key", r#""}"#)));
        assert_eq!(placeholder(r#"{"A":{}}"#), None);
    }
}
