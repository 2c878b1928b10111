//! The identities that the examples of IAM ask for.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::Stage;
use crate::{Answer, TokenSigner};

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
const TRUST: &str =
    r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"a.example"},"Action":"sts:AssumeRole"}}"#;

impl Stage {
    /// Something to work with, as it stands in a form; `None` for what is no identity.
    #[track_caller]
    pub(super) fn make_identity(&self, name: &str) -> Option<String> {
        match name {
            "user" => self.user_in_group("staged"),
            "other-user" => {
                self.iam("CreateUser", json!({ "UserName": "other" }));
            }
            "spare-user" => {
                self.iam("CreateUser", json!({ "UserName": "spare" }));
            }
            "group" => self.holder("Group", json!({ "GroupName": "staged" })),
            "spare-group" => {
                self.iam("CreateGroup", json!({ "GroupName": "spare" }));
            }
            "role" => {
                self.holder("Role", json!({ "RoleName": "staged", "AssumeRolePolicyDocument": TRUST }));
            }
            "spare-role" => {
                self.iam("CreateRole", json!({ "RoleName": "spare", "AssumeRolePolicyDocument": TRUST }));
            }
            "profile" => {
                self.iam("CreateInstanceProfile", json!({ "InstanceProfileName": "staged" }));
                let input = json!({ "InstanceProfileName": "staged", "RoleName": self.value("role") });
                self.iam("AddRoleToInstanceProfile", input);
            }
            "spare-profile" => {
                self.iam("CreateInstanceProfile", json!({ "InstanceProfileName": "spare" }));
            }
            "account-alias" => {
                self.iam("CreateAccountAlias", json!({ "AccountAlias": "staged" }));
            }
            _ => return self.make_named(name),
        }
        Some(match name.split_once('-') {
            Some((kind @ ("spare" | "other"), _)) => kind.to_owned(),
            _ => "staged".to_owned(),
        })
    }

    /// What has a name of its own.
    #[track_caller]
    fn make_named(&self, name: &str) -> Option<String> {
        let of = |answer: Answer, element: &str| {
            let text = answer.xml(element).unwrap_or_else(|| panic!("{name}: {answer:?} has no {element}"));
            utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
        };
        Some(match name {
            "managed-policy" => {
                let arn = self.policy("staged");
                let version = json!({ "PolicyArn": arn, "PolicyDocument": POLICY });
                self.iam("CreatePolicyVersion", version);
                utf8_percent_encode(&arn, NON_ALPHANUMERIC).to_string()
            }
            "other-managed-policy" => {
                utf8_percent_encode(&self.policy("other"), NON_ALPHANUMERIC).to_string()
            }
            "role-arn" => {
                let trust = TRUST.replace(r#""Service":"a.example""#, r#""AWS":"111122223333""#);
                let input = json!({ "RoleName": "assumed", "AssumeRolePolicyDocument": trust });
                of(self.iam("CreateRole", input), "Arn")
            }
            "user-arn" => {
                let arn = self
                    .world
                    .partition()
                    .iam_arn(&self.root.account, format_args!("user/{}", self.value("user")));
                utf8_percent_encode(&arn, NON_ALPHANUMERIC).to_string()
            }
            "federated-role-arn" => {
                let provider =
                    self.world.partition().iam_arn(&self.root.account, "oidc-provider/staged.example.com");
                let trust =
                    TRUST.replace(r#""Service":"a.example""#, &format!(r#""Federated":"{provider}""#));
                let trust = trust.replace("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity");
                self.value("provider");
                let input = json!({ "RoleName": "federated", "AssumeRolePolicyDocument": trust });
                of(self.iam("CreateRole", input), "Arn")
            }
            "web-identity-token" => {
                let (issuer, now) = ("https://staged.example.com", self.world.now().as_seconds());
                let signer = TokenSigner::es256(None);
                self.world.issuers().publish(issuer, &[&signer]);
                let claims =
                    json!({ "iss": issuer, "sub": "carol", "aud": "app", "iat": now, "exp": now + 600 });
                signer.sign(&claims)
            }
            "service-linked-role" => {
                let input = json!({ "AWSServiceName": "autoscaling.amazonaws.com" });
                of(self.iam("CreateServiceLinkedRole", input), "RoleName")
            }
            "access-report" => {
                let arn = self.value("user-arn");
                let arn = percent_decode_str(&arn).decode_utf8_lossy();
                of(self.iam("GenerateServiceLastAccessedDetails", json!({ "Arn": arn })), "JobId")
            }
            "access-key" => {
                let user = self.value("user");
                of(self.iam("CreateAccessKey", json!({ "UserName": user })), "AccessKeyId")
            }
            "provider" => {
                let input = json!({ "Url": "https://staged.example.com", "ClientIDList": ["app"] });
                of(self.iam("CreateOpenIDConnectProvider", input), "OpenIDConnectProviderArn")
            }
            _ => return None,
        })
    }

    /// A user with a group and everything that users have.
    #[track_caller]
    fn user_in_group(&self, name: &str) {
        self.holder("User", json!({ "UserName": name }));
        let group = self.value("group");
        self.iam("AddUserToGroup", json!({ "GroupName": group, "UserName": name }));
    }

    /// A user, group or role with an inline and an attached policy.
    #[track_caller]
    fn holder(&self, kind: &str, input: Value) {
        let member = format!("{kind}Name");
        let name = input.get(&member).cloned().unwrap_or_default();
        self.iam(&format!("Create{kind}"), input);
        let inline = json!({ &member: name, "PolicyName": "inline", "PolicyDocument": POLICY });
        self.iam(&format!("Put{kind}Policy"), inline);
        let arn = self.world.partition().iam_arn(&self.root.account, "policy/staged");
        self.value("managed-policy");
        self.iam(&format!("Attach{kind}Policy"), json!({ &member: name, "PolicyArn": arn }));
    }

    /// A managed policy, by its ARN.
    #[track_caller]
    fn policy(&self, name: &str) -> String {
        let made = self.iam("CreatePolicy", json!({ "PolicyName": name, "PolicyDocument": POLICY }));
        made.xml("Arn").expect("an ARN")
    }
}
