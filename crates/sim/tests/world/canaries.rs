//! No secret is in a record, in an event or in the log: what may not be shown is planted in every request, taken from every
//! answer, and looked for.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use base64_simd::STANDARD;
use dispatch::Facts;
use serde_json::{Value as Json, json};
use sim::{Stage, World};
use tracing::{Event, Metadata, Subscriber, field, span};

use crate::shapes::Model;

/// Texts that prove or permit something, though the model does not call them sensitive.
const PROOFS: [&str; 7] = [
    "EncodedMessage",
    "GrantToken",
    "GrantTokens",
    "ProvidedContexts",
    "Recipient",
    "SessionToken",
    "TokenCode",
];

/// What is planted: so many bytes that no other text has them by chance.
const CANARY: &[u8] = b"canary-6b1f0c4de2a79538";

/// A code of a second factor has six digits.
const CODE: &str = "918273";

#[test]
fn nothing_secret_is_recorded_shown_or_logged() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let (mut broken, mut planted, mut taken) = (Vec::new(), 0, 0);
    for (service, facts) in World::new().operations() {
        let stage = Stage::new();
        let model = Model::of(service);
        let mut secrets = Vec::new();
        for (member, shape) in model.members(facts.name, "input") {
            if model.is_secret(shape) || PROOFS.contains(&member) {
                let (value, secret) = canary(&model, member, shape);
                plant(&stage, service, facts, (member, &value));
                secrets.push((member.to_owned(), secret));
                planted += 1;
            }
        }
        for (member, secret) in answered(&stage, service, facts, &model) {
            secrets.push((member, secret));
            taken += 1;
        }
        let traces = traces(&stage, &log);
        for (member, secret) in secrets {
            let found = traces.iter().filter(|(_, bytes)| has(bytes, &secret));
            broken.extend(found.map(|(place, _)| format!("{member} of {} is in the {place}", facts.name)));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(planted > 40 && taken > 25, "{planted} were planted and {taken} taken");
}

/// A value for a secret member of a request, and what is looked for.
fn canary(model: &Model, member: &str, shape: &str) -> (Json, Vec<u8>) {
    let (base64, text) = (STANDARD.encode_to_string(CANARY), std::str::from_utf8(CANARY).unwrap());
    let value = match (member, model.text(shape, "type")) {
        ("Recipient", _) => {
            json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": base64 })
        }
        ("ProvidedContexts", _) => {
            json!([{ "ProviderArn": "arn:aws:iam::aws:contextProvider/any", "ContextAssertion": text }])
        }
        ("TokenCode", _) => return (json!(CODE), CODE.as_bytes().to_vec()),
        (_, "blob") => json!(base64),
        (_, "list") => json!([text]),
        _ => json!(text),
    };
    (value, CANARY.to_vec())
}

/// Sends an operation's example with a canary: by one who may, by one who may not, and by nobody.
fn plant(stage: &Stage, service: &str, facts: &Facts, (member, value): (&str, &Json)) {
    let example = stage.fill(facts.example);
    let request = if ["iam", "sts"].contains(&service) {
        let is_other = |field: &&str| field.split(['=', '.']).next() != Some(member);
        let kept: Vec<_> = example.split('&').filter(is_other).collect();
        let fields = kept.join("&") + &sim::fields(&json!({ member: value }));
        stage.world.written(service, facts.name, &fields)
    } else {
        let mut input: Json = serde_json::from_str(&example).unwrap();
        input.as_object_mut().unwrap().insert(member.to_owned(), value.clone());
        stage.world.request(service, facts.name, &input)
    };
    stage.world.send(stage.world.sign(request.clone(), &stage.root, service));
    stage.world.send(stage.world.sign(request.clone(), &stage.world.stranger(), service));
    stage.world.send(request);
}

/// What the answer to an operation's example has that may not be shown.
fn answered(stage: &Stage, service: &str, facts: &Facts, model: &Model) -> Vec<(String, Vec<u8>)> {
    let mut example = stage.fill(facts.example);
    let blob = stage.value("ciphertext");
    if example.contains(&blob) {
        let canary = json!({ "KeyId": stage.value("key"), "Plaintext": STANDARD.encode_to_string(CANARY) });
        let made = stage.kms("Encrypt", canary).ok();
        example = example.replace(&blob, &sim::stage::text(&made, "/CiphertextBlob"));
    }
    let request = stage.world.written(service, facts.name, &example);
    let answer = stage.world.send(stage.world.sign(request, &stage.root, service));
    if ["iam", "sts"].contains(&service) {
        let elements = ["SecretAccessKey", "SessionToken"].into_iter();
        let found =
            elements.filter_map(|element| Some((element.to_owned(), answer.xml(element)?.into_bytes())));
        return found.collect();
    }
    let output = answer.json();
    let secret = model
        .members(facts.name, "output")
        .filter(|(member, shape)| model.is_secret(shape) || PROOFS.contains(member));
    let decoded = |text: &str| STANDARD.decode_to_vec(text).unwrap_or_else(|_| text.as_bytes().to_vec());
    secret
        .filter_map(|(member, _)| Some((member.to_owned(), decoded(output.get(member)?.as_str()?))))
        .collect()
}

/// Everything that a world and its server have written down.
fn traces(stage: &Stage, log: &Log) -> [(&'static str, Vec<u8>); 3] {
    let mut journal = Vec::new();
    let records = stage.world.records();
    audit::verify(stage.world.disk(), &mut |_, payload: &[u8]| journal.extend_from_slice(payload)).unwrap();
    let events = records.iter().flat_map(|record| trail::events(record));
    let shown: String = events.map(|event| event.to_json().unwrap() + "\n").collect();
    [("journal", journal), ("events", shown.into_bytes()), ("log", log.text().into_bytes())]
}

/// Whether bytes have a secret: itself, in base64 or in hexadecimal.
fn has(bytes: &[u8], secret: &[u8]) -> bool {
    let base64 = STANDARD.encode_to_string(secret);
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let forms = [secret, base64.trim_end_matches('=').as_bytes(), hex.as_bytes()];
    forms.into_iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}

/// Everything that is logged, at any level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut Written(&mut self.0.lock().unwrap()));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Written(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Written(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// A line for each field.
struct Written<'a>(&'a mut String);

impl field::Visit for Written<'_> {
    fn record_debug(&mut self, field: &field::Field, value: &dyn fmt::Debug) {
        use fmt::Write as _;
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

#[test]
fn secrets_are_found_in_every_form() {
    for form in [String::from_utf8(CANARY.to_vec()).unwrap(), STANDARD.encode_to_string(CANARY)] {
        assert!(has(format!("before {form} after").as_bytes(), CANARY));
    }
    assert!(has(b"63616e6172792d36623166306334646532613739353338", CANARY));
    assert!(!has(b"canary-6b1f0c4de2a7953", CANARY));
}
