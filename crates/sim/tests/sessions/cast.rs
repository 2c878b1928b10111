//! Users, roles and a key to play with.

use serde_json::{Value, json};
use sim::{Answer, Credentials, World};

pub(crate) const ACCOUNT: &str = "111122223333";

/// A world with a key that its account's identity policies decide about.
pub(crate) struct Cast {
    pub(crate) world: World,
    pub(crate) root: Credentials,
    pub(crate) key: String,
}

impl Cast {
    pub(crate) fn new() -> Self {
        Self::on(World::new())
    }

    pub(crate) fn on(world: World) -> Self {
        let root = world.root();
        let made = world.call(&root, "kms", "CreateKey", json!({})).ok();
        let key = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        Self { world, root, key }
    }

    /// A call of the root user to IAM that is answered.
    #[track_caller]
    pub(crate) fn iam(&self, operation: &str, input: Value) -> Answer {
        let answer = self.world.call(&self.root, "iam", operation, input);
        assert_eq!(answer.code, None, "{operation}: {answer:?}");
        answer
    }

    /// A new user with an access key.
    #[track_caller]
    pub(crate) fn user(&self, name: &str) -> Credentials {
        self.iam("CreateUser", json!({ "UserName": name }));
        self.iam("CreateAccessKey", json!({ "UserName": name })).credentials(ACCOUNT)
    }

    /// A user with a policy that allows these actions on everything.
    #[track_caller]
    pub(crate) fn user_who_may(&self, name: &str, actions: &[&str]) -> Credentials {
        let user = self.user(name);
        let policy = allow(actions).to_string();
        self.iam("PutUserPolicy", json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": policy }));
        user
    }

    /// A new role that trusts as said; its ARN.
    #[track_caller]
    pub(crate) fn role(&self, name: &str, trust: &Value) -> String {
        let input = json!({
            "RoleName": name, "AssumeRolePolicyDocument": trust.to_string(), "MaxSessionDuration": 7200,
        });
        self.iam("CreateRole", input);
        format!("arn:aws:iam::{ACCOUNT}:role/{name}")
    }

    /// A role that the whole account may assume, and that may do these actions.
    #[track_caller]
    pub(crate) fn role_who_may(&self, name: &str, actions: &[&str]) -> String {
        let arn = self.role(name, &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
        self.put_role_policy(name, &allow(actions));
        arn
    }

    #[track_caller]
    pub(crate) fn put_role_policy(&self, role: &str, policy: &Value) {
        let policy = policy.to_string();
        self.iam("PutRolePolicy", json!({ "RoleName": role, "PolicyName": "p", "PolicyDocument": policy }));
    }

    /// Gives the key a policy that hands decisions on to the account, and has these statements too.
    #[track_caller]
    pub(crate) fn put_key_policy(&self, statements: &[Value]) {
        let root = format!("arn:aws:iam::{ACCOUNT}:root");
        let mut all = vec![
            json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" }),
        ];
        all.extend_from_slice(statements);
        let policy = json!({ "Version": "2012-10-17", "Statement": all }).to_string();
        let answer = self.world.call(
            &self.root,
            "kms",
            "PutKeyPolicy",
            json!({ "KeyId": self.key, "Policy": policy }),
        );
        assert_eq!(answer.code, None, "{answer:?}");
    }

    /// Asks for a session named `any`, with what else is said.
    pub(crate) fn assume(&self, by: &Credentials, role: &str, more: Value) -> Answer {
        let mut input = json!({ "RoleArn": role, "RoleSessionName": "any" });
        let Value::Object(more) = more else { panic!("members of the request") };
        input.as_object_mut().unwrap().extend(more);
        self.world.call(by, "sts", "AssumeRole", input)
    }

    /// A session of a role.
    #[track_caller]
    pub(crate) fn session(&self, by: &Credentials, role: &str, more: Value) -> Credentials {
        self.assume(by, role, more).credentials(ACCOUNT)
    }

    /// A call to KMS about the key.
    pub(crate) fn kms(&self, by: &Credentials, operation: &str) -> Answer {
        let mut input = json!({ "KeyId": self.key });
        if operation == "Encrypt" {
            input["Plaintext"] = "c2VjcmV0".into();
        }
        self.world.call(by, "kms", operation, input)
    }

    /// Who the server says it is.
    pub(crate) fn identity(&self, of: &Credentials) -> Answer {
        self.world.call(of, "sts", "GetCallerIdentity", json!({}))
    }
}

/// A policy that allows these actions on everything.
pub(crate) fn allow(actions: &[&str]) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    })
}

/// A trust policy that names a principal, for everything that goes with assuming a role.
pub(crate) fn trusting(principal: &str) -> Value {
    let actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions }],
    })
}

/// The same under a condition.
pub(crate) fn trusting_if(principal: &str, condition: Value) -> Value {
    let mut trust = trusting(principal);
    trust["Statement"][0]["Condition"] = condition;
    trust
}
