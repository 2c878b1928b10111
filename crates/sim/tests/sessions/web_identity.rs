//! Roles that are assumed with a provider's token.

use audit::{Record, RecordedDecision, RecordedOutcome, Value as Recorded};
use serde_json::{Value, json};
use sim::{
    Answer, Stage, TokenSigner,
    stage::{ACCOUNT, allow},
};

const ISSUER: &str = "https://id.example.com/Realm";
const LOCATION: &str = "id.example.com/Realm";
const CLIENT: &str = "keywright-users";

/// A stage with a provider and a role that trusts it.
struct Federation {
    stage: Stage,
    signer: TokenSigner,
    provider: String,
    role: String,
}

impl Federation {
    fn new() -> Self {
        let stage = Stage::new();
        let made = json!({ "Url": ISSUER, "ClientIDList": ["other", CLIENT] });
        let provider =
            stage.iam("CreateOpenIDConnectProvider", made).xml("OpenIDConnectProviderArn").unwrap();
        assert_eq!(provider, format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{LOCATION}"));
        let signer = TokenSigner::es256(Some("k1"));
        stage.world.issuers().publish(ISSUER, &[&signer]);
        let role = stage.role("federated", &trusting(&provider));
        stage.put_role_policy("federated", &allow(&["kms:Encrypt"]));
        Self { stage, signer, provider, role }
    }

    fn now(&self) -> i64 {
        self.stage.world.now().as_seconds()
    }

    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "sub": "carol", "aud": CLIENT,
            "iat": self.now(), "nbf": self.now(), "exp": self.now() + 600,
        })
    }

    /// The claims, with others over them; `null` takes one away.
    fn claims_with(&self, others: Value) -> Value {
        let mut claims = self.claims();
        let Value::Object(others) = others else { panic!("claims") };
        for (name, value) in others {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(&name);
            } else {
                claims[name] = value;
            }
        }
        claims
    }

    fn assume(&self, role: &str, token: &str, more: Value) -> Answer {
        let mut input = json!({ "RoleArn": role, "RoleSessionName": "web", "WebIdentityToken": token });
        let Value::Object(more) = more else { panic!("members of the request") };
        input.as_object_mut().unwrap().extend(more);
        self.stage.world.send(self.stage.world.request("sts", "AssumeRoleWithWebIdentity", &input))
    }

    /// Assumes the role with these claims.
    fn with(&self, others: Value) -> Answer {
        self.assume(&self.role, &self.signer.sign(&self.claims_with(others)), json!({}))
    }

    fn role_if(&self, name: &str, condition: Value) -> String {
        let mut trust = trusting(&self.provider);
        trust["Statement"][0]["Condition"] = condition;
        self.stage.role(name, &trust)
    }

    /// The record of the last attempt. Those of changes may come later to the journal than they were made.
    fn last_record(&self) -> Record<'static> {
        let records = self.stage.world.records();
        records.into_iter().rfind(|record| record.operation == "AssumeRoleWithWebIdentity").unwrap()
    }
}

fn trusting(provider: &str) -> Value {
    let actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Federated": provider }, "Action": actions }],
    })
}

#[test]
fn a_token_of_a_trusted_provider_gives_a_session() {
    let federation = Federation::new();
    let answer = federation.with(json!({}));
    let session = answer.credentials(ACCOUNT);
    for (element, value) in
        [("SubjectFromWebIdentityToken", "carol"), ("Provider", ISSUER), ("Audience", CLIENT)]
    {
        assert_eq!(answer.xml(element).as_deref(), Some(value), "{element}");
    }
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/federated/web");
    assert_eq!(answer.xml("Arn").as_deref(), Some(arn.as_str()));
    let stage = &federation.stage;
    assert_eq!(stage.identity(&session).xml("Arn").as_deref(), Some(arn.as_str()));
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    assert_eq!(stage.try_key(&session, "DescribeKey").fault(), "AccessDeniedException");
    stage.world.clock().advance(std::time::Duration::from_secs(3_600));
    assert_eq!(stage.try_key(&session, "Encrypt").fault(), "ExpiredTokenException");
}

#[test]
fn the_record_says_for_whom_the_provider_vouched() {
    let federation = Federation::new();
    let token = federation.signer.sign(&federation.claims());
    let answer = federation.assume(&federation.role, &token, json!({ "DurationSeconds": 900 }));
    assert_eq!(answer.code, None);
    let record = federation.last_record();
    let caller = record.caller.as_ref().unwrap();
    assert_eq!((&*caller.kind, &*caller.arn), ("WebIdentityUser", federation.provider.as_str()));
    assert_eq!(caller.unique_id, format!("{}:{CLIENT}:carol", federation.provider));
    assert_eq!((caller.access_key_id.as_deref(), record.account.as_deref()), (None, Some(ACCOUNT)));
    assert_eq!(
        (&*record.operation, &*record.region, record.read_only),
        ("AssumeRoleWithWebIdentity", "us-east-1", true)
    );
    assert!(matches!(&record.decision, RecordedDecision::Allowed { layer, .. } if layer == "trust-policy"));
    let said = |name: &str, value: &str| {
        record.response.iter().any(|(key, said)| key == name && *said == Recorded::Text(value.into()))
    };
    assert!(
        said("subjectFromWebIdentityToken", "carol") && said("provider", ISSUER) && said("audience", CLIENT)
    );
    let shown = format!("{record:?}");
    assert!(!shown.contains(&token) && !shown.contains(token.rsplit('.').next().unwrap()), "{shown}");

    // Of a denial as well, and nobody is named who was not believed.
    let denied = federation.role_if("denied", json!({ "Bool": { "aws:SecureTransport": "true" } }));
    assert_eq!(federation.assume(&denied, &token, json!({})).fault(), "AccessDenied");
    let record = federation.last_record();
    assert!(
        matches!(record.decision, RecordedDecision::Denied { .. })
            && record.caller.is_some()
            && record.trace.is_some()
    );
    let stranger = TokenSigner::es256(Some("k1")).sign(&federation.claims());
    assert_eq!(federation.assume(&federation.role, &stranger, json!({})).fault(), "InvalidIdentityToken");
    let record = federation.last_record();
    assert_eq!((record.decision, record.caller), (RecordedDecision::None, None));
    assert!(
        matches!(&record.outcome, RecordedOutcome::Fault { code, .. } if code == "InvalidIdentityTokenException")
    );
}

#[test]
fn tokens_that_are_not_believed_are_refused_in_awss_words() {
    let federation = Federation::new();
    let now = federation.now();
    let refused = |others: Value| {
        let answer = federation.with(others);
        assert_eq!(answer.status, 400, "{answer:?}");
        let (code, message) = answer.refusal();
        (code.to_owned(), message.to_owned())
    };
    let invalid = |message: &str| ("InvalidIdentityToken".to_owned(), message.to_owned());
    assert_eq!(refused(json!({ "aud": "somebody-else" })), invalid("Incorrect token audience"));
    assert_eq!(refused(json!({ "azp": "somebody-else" })), invalid("Incorrect token audience"));
    for other in ["https://id.example.com", "https://id.example.com/realm", "https://evil.example.com/Realm"]
    {
        let message = format!("No OpenIDConnect provider found in your account for {other}");
        assert_eq!(refused(json!({ "iss": other })), invalid(&message));
    }
    assert_eq!(
        refused(json!({ "exp": now })),
        (
            "ExpiredTokenException".to_owned(),
            format!("Token expired: current date/time {now} must be before the expiration date/time {now}")
        )
    );
    assert_eq!(refused(json!({ "nbf": now + 301 })), invalid("The token is not yet valid"));
    assert_eq!(refused(json!({ "iat": now + 301 })), invalid("The token is not yet valid"));
    for name in ["sub", "aud", "exp", "iat", "iss"] {
        assert_eq!(refused(json!({ name: null })), invalid(&format!("Missing a required claim: {name}")));
    }
    for (others, audience) in [
        (json!({ "aud": ["x", "other"] }), "other"),
        (json!({ "aud": "not-ours", "azp": CLIENT }), CLIENT),
        (json!({ "nbf": now + 300, "iat": now + 300 }), CLIENT),
        (json!({ "nbf": null, "exp": now + 1 }), CLIENT),
    ] {
        let answer = federation.with(others);
        assert_eq!(answer.xml("Audience").as_deref(), Some(audience), "{answer:?}");
    }
    let huge = federation.assume(&federation.role, &"a.".repeat(10_001), json!({}));
    assert_eq!(huge.fault(), "ValidationError");
    let text = federation.assume(&federation.role, "no token", json!({}));
    assert_eq!(text.fault(), "InvalidIdentityToken");
}

#[test]
fn keys_are_the_issuers() {
    let federation = Federation::new();
    let (stage, token) = (&federation.stage, federation.signer.sign(&federation.claims()));
    let code = |token: &str| federation.assume(&federation.role, token, json!({})).code;
    let rsa = TokenSigner::rs256(Some("k2"));
    assert_eq!(code(&rsa.sign(&federation.claims())).as_deref(), Some("InvalidIdentityToken"));
    stage.world.issuers().publish(ISSUER, &[&federation.signer, &rsa]);
    assert_eq!((code(&rsa.sign(&federation.claims())), code(&token)), (None, None));
    stage.world.issuers().cut(ISSUER);
    let answer = federation.assume(&federation.role, &token, json!({}));
    assert_eq!((answer.status, answer.fault()), (400, "IDPCommunicationError"));
    assert!(federation.last_record().detail.unwrap().contains("it was cut off"));

    // Of a provider that the configuration does not know, nothing is fetched.
    let other = "https://unknown.example.com";
    stage.iam("CreateOpenIDConnectProvider", json!({ "Url": other, "ClientIDList": [CLIENT] }));
    let token = federation.signer.sign(&federation.claims_with(json!({ "iss": other })));
    let answer = federation.assume(&federation.role, &token, json!({}));
    assert_eq!(answer.fault(), "InvalidIdentityToken");
    assert!(answer.message.unwrap().starts_with("Couldn't retrieve verification key"));
    let asked = stage.world.issuers().asked();
    let stranger =
        federation.signer.sign(&federation.claims_with(json!({ "iss": "https://nobody.example.com" })));
    assert_eq!(code(&stranger).as_deref(), Some("InvalidIdentityToken"));
    assert_eq!(stage.world.issuers().asked(), asked, "who is no provider of the account is not asked for");
}

#[test]
fn a_role_is_assumed_by_whom_its_policy_names() {
    let federation = Federation::new();
    let (stage, token) = (&federation.stage, federation.signer.sign(&federation.claims()));
    let denied = |role: &str| {
        let answer = federation.assume(role, &token, json!({}));
        assert_eq!(
            (answer.status, answer.refusal()),
            (403, ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")),
        );
    };
    denied(&format!("arn:aws:iam::{ACCOUNT}:role/nobody"));
    let web = "sts:AssumeRoleWithWebIdentity";
    let statement = |principal: Value, action: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": principal, "Action": action,
        }] })
    };
    // Everybody is everybody with an account: a provider has to be named.
    denied(&stage.role("everybody", &statement("*".into(), web)));
    denied(&stage.role("accounts", &statement(json!({ "AWS": ["*", ACCOUNT] }), web)));
    denied(
        &stage
            .role("other-action", &statement(json!({ "Federated": federation.provider }), "sts:AssumeRole")),
    );
    let other = json!({ "Url": "https://other.example.com", "ClientIDList": [CLIENT] });
    let other = stage.iam("CreateOpenIDConnectProvider", other).xml("OpenIDConnectProviderArn").unwrap();
    denied(&stage.role("other-provider", &trusting(&other)));
    let mut deny = trusting(&federation.provider);
    let all = json!({ "Effect": "Deny", "Principal": "*", "Action": web });
    deny["Statement"].as_array_mut().unwrap().push(all);
    denied(&stage.role("denied", &deny));
    assert_eq!(federation.assume("x".repeat(20).as_str(), &token, json!({})).fault(), "ValidationError");
    // A provider of another account is nobody here.
    let elsewhere = federation.assume("arn:aws:iam::444455556666:role/federated", &token, json!({}));
    assert_eq!(elsewhere.fault(), "InvalidIdentityToken");
}

#[test]
fn conditions_see_the_claims() {
    let federation = Federation::new();
    let key = |name: &str| format!("{LOCATION}:{name}");
    for (name, operator, claim, wanted, good, bad) in [
        ("subject", "StringEquals", "sub", json!("carol"), json!({}), json!({ "sub": "dave" })),
        (
            "liked",
            "StringLike",
            "sub",
            json!("team:red:*"),
            json!({ "sub": "team:red:1" }),
            json!({ "sub": "team:blue:1" }),
        ),
        ("audience", "StringEquals", "aud", json!("other"), json!({ "aud": "other" }), json!({})),
        (
            "party",
            "StringEquals",
            "aud",
            json!(CLIENT),
            json!({ "aud": "api", "azp": CLIENT }),
            json!({ "azp": "other" }),
        ),
        ("original", "StringEquals", "oaud", json!("api"), json!({ "aud": "api", "azp": CLIENT }), json!({})),
        (
            "method",
            "ForAnyValue:StringLike",
            "amr",
            json!("mfa"),
            json!({ "amr": ["pwd", "mfa"] }),
            json!({ "amr": ["pwd"] }),
        ),
    ] {
        let role = federation.role_if(name, json!({ operator: { key(claim): wanted } }));
        let token = |others| federation.signer.sign(&federation.claims_with(others));
        assert_eq!(federation.assume(&role, &token(good), json!({})).code, None, "{name}");
        assert_eq!(federation.assume(&role, &token(bad), json!({})).fault(), "AccessDenied", "{name}");
    }
    let role = federation.role_if("named", json!({ "StringEquals": { "sts:RoleSessionName": "web" } }));
    let token = federation.signer.sign(&federation.claims());
    assert_eq!(federation.assume(&role, &token, json!({})).code, None);
    let other = json!({ "RoleSessionName": "other" });
    assert_eq!(federation.assume(&role, &token, other).fault(), "AccessDenied");
}

#[test]
fn the_session_remembers_who_vouched_for_whom() {
    let federation = Federation::new();
    let stage = &federation.stage;
    let session = federation.with(json!({})).credentials(ACCOUNT);
    for (key, value, stranger) in [
        ("aws:FederatedProvider", federation.provider.as_str(), "arn:aws:iam::111122223333:oidc-provider/x"),
        ("id.example.com/Realm:sub", "carol", "dave"),
        ("id.example.com/Realm:aud", CLIENT, "other"),
    ] {
        let mut policy = allow(&["kms:DescribeKey"]);
        policy["Statement"][0]["Condition"] = json!({ "StringEquals": { key: stranger } });
        stage.put_role_policy("federated", &policy);
        assert_eq!(stage.try_key(&session, "DescribeKey").fault(), "AccessDeniedException", "{key}");
        policy["Statement"][0]["Condition"] = json!({ "StringEquals": { key: value } });
        stage.put_role_policy("federated", &policy);
        assert_eq!(stage.try_key(&session, "DescribeKey").code, None, "{key}");
    }
}

#[test]
fn tags_and_source_identity_come_from_the_token() {
    let federation = Federation::new();
    let stage = &federation.stage;
    let mut policy = allow(&["kms:DescribeKey"]);
    policy["Statement"][0]["Condition"] = json!({ "StringEquals": { "aws:PrincipalTag/team": "red", "aws:SourceIdentity": "carol@example.com" } });
    stage.put_role_policy("federated", &policy);
    let tags = |team: &str| json!({ "principal_tags": { "team": [team] }, "transitive_tag_keys": ["team"] });
    let said = |team: &str| json!({ "https://aws.amazon.com/tags": tags(team), "https://aws.amazon.com/source_identity": "carol@example.com" });
    let answer = federation.with(said("red"));
    assert_eq!(answer.xml("SourceIdentity").as_deref(), Some("carol@example.com"));
    assert_eq!(stage.try_key(&answer.credentials(ACCOUNT), "DescribeKey").code, None);
    let blue = federation.with(said("blue")).credentials(ACCOUNT);
    assert_eq!(stage.try_key(&blue, "DescribeKey").fault(), "AccessDeniedException");

    let mut trust = trusting(&federation.provider);
    trust["Statement"][0]["Action"] = "sts:AssumeRoleWithWebIdentity".into();
    let role = stage.role("plain", &trust);
    for (claim, action) in [
        (json!({ "https://aws.amazon.com/tags": tags("red") }), "sts:TagSession"),
        (json!({ "https://aws.amazon.com/source_identity": "carol" }), "sts:SetSourceIdentity"),
    ] {
        let token = federation.signer.sign(&federation.claims_with(claim));
        let answer = federation.assume(&role, &token, json!({}));
        assert_eq!(
            answer.refusal(),
            ("AccessDenied", format!("Not authorized to perform {action}").as_str())
        );
    }
    for bad in [
        json!({ "https://aws.amazon.com/source_identity": "a b" }),
        json!({ "https://aws.amazon.com/tags": { "principal_tags": { "team": ["a", "b"] } } }),
        json!({ "https://aws.amazon.com/tags": { "principal_tags": { "team": "x".repeat(257) } } }),
        json!({ "https://aws.amazon.com/tags": [] }),
    ] {
        assert_eq!(federation.with(bad.clone()).fault(), "InvalidIdentityToken", "{bad}");
    }
}

#[test]
fn a_session_policy_and_a_duration_are_passed_as_with_any_role() {
    let federation = Federation::new();
    let token = federation.signer.sign(&federation.claims());
    let assume = |more| federation.assume(&federation.role, &token, more);
    let limited = assume(json!({ "Policy": allow(&["kms:DescribeKey"]).to_string() }));
    let session = limited.credentials(ACCOUNT);
    assert_eq!(federation.stage.try_key(&session, "Encrypt").fault(), "AccessDeniedException");
    assert_eq!(assume(json!({ "DurationSeconds": 7_200 })).code, None);
    assert_eq!(assume(json!({ "DurationSeconds": 7_201 })).fault(), "ValidationError");
    assert_eq!(assume(json!({ "ProviderId": "www.amazon.com" })).fault(), "UnsupportedOperationException");
    // A signature is not asked for, and one that comes along proves nothing.
    let world = &federation.stage.world;
    let input = json!({ "RoleArn": federation.role, "RoleSessionName": "web", "WebIdentityToken": token });
    let request = world.request("sts", "AssumeRoleWithWebIdentity", &input);
    let nobody = sim::Credentials { access_key_id: "AKIANOBODYNOBODYNOBO".to_owned(), ..world.root() };
    assert_eq!(world.send(world.sign(request, &nobody, "sts")).code, None);
    // Whoever states for whom it calls has to sign for it.
    let mut stated = world.request("sts", "AssumeRoleWithWebIdentity", &input);
    stated.headers_mut().insert("x-keywright-act-for", world.root().account.parse().unwrap());
    assert_eq!(world.send(stated).fault(), "AccessDenied");
    // Nor does the lack of one help with anything else.
    let unsigned = world.request("sts", "GetCallerIdentity", &json!({}));
    assert_eq!(world.send(unsigned).fault(), "MissingAuthenticationToken");
}

/// Such calls are never signed, so that only the name of the operation can say that it is not offered.
#[test]
fn an_assertion_is_not_taken_for_an_unsigned_call() {
    let world = sim::World::new();
    let input = json!({
        "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/worker"),
        "PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:saml-provider/idp"), "SAMLAssertion": "YXNzZXJ0aW9u",
    });
    let answer = world.send(world.request("sts", "AssumeRoleWithSAML", &input));
    assert_eq!(answer.message.as_deref(), Some("AssumeRoleWithSAML is not offered yet."), "{answer:?}");
    let signature = world.send(world.request("sts", "GetSessionToken", &json!({})));
    assert_eq!(signature.fault(), "MissingAuthenticationToken");
}
