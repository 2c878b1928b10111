//! Users and roles of the first account, and their sessions.

use serde_json::{Value, json};

use super::{ACCOUNT, Stage, allow, trusting};
use crate::{Answer, Credentials};

impl Stage {
    /// A new user with an access key.
    #[track_caller]
    pub fn user(&self, name: &str) -> Credentials {
        self.user_of(&self.root, name)
    }

    /// A new user with an access key, in the account of this root user.
    ///
    /// # Panics
    /// If there is such a user already.
    #[track_caller]
    pub fn user_of(&self, root: &Credentials, name: &str) -> Credentials {
        let answer = self.iam_as(root, "CreateUser", json!({ "UserName": name }));
        assert_eq!(answer.code, None, "{answer:?}");
        self.iam_as(root, "CreateAccessKey", json!({ "UserName": name })).credentials(&root.account)
    }

    /// A new access key of a user.
    #[track_caller]
    pub fn access_key(&self, user: &str) -> Credentials {
        self.iam("CreateAccessKey", json!({ "UserName": user })).credentials(ACCOUNT)
    }

    /// A user with an access key, and with a policy that allows these actions on everything.
    #[track_caller]
    pub fn user_who_may(&self, name: &str, actions: &[&str]) -> Credentials {
        let user = self.user(name);
        self.put_user_policy(name, &allow(actions));
        user
    }

    /// Gives a user a policy, instead of the one that it was given before.
    #[track_caller]
    pub fn put_user_policy(&self, user: &str, policy: &Value) {
        let policy = policy.to_string();
        let input = json!({ "UserName": user, "PolicyName": INLINE, "PolicyDocument": policy });
        self.iam("PutUserPolicy", input);
    }

    /// A new role that trusts as said; its ARN.
    #[track_caller]
    pub fn role(&self, name: &str, trust: &Value) -> String {
        let input = json!({
            "RoleName": name, "AssumeRolePolicyDocument": trust.to_string(), "MaxSessionDuration": 7200,
        });
        self.iam("CreateRole", input);
        self.world.partition().iam_arn(ACCOUNT, format_args!("role/{name}"))
    }

    /// A role that the whole account may assume, and that may do these actions; its ARN.
    #[track_caller]
    pub fn role_who_may(&self, name: &str, actions: &[&str]) -> String {
        let arn = self.role(name, &trusting(&self.world.partition().iam_arn(ACCOUNT, "root")));
        self.put_role_policy(name, &allow(actions));
        arn
    }

    /// Gives a role a policy, instead of the one that it was given before.
    #[track_caller]
    pub fn put_role_policy(&self, role: &str, policy: &Value) {
        let policy = policy.to_string();
        let input = json!({ "RoleName": role, "PolicyName": INLINE, "PolicyDocument": policy });
        self.iam("PutRolePolicy", input);
    }

    /// Asks for a session named `any`, with these members of the request beside.
    ///
    /// # Panics
    /// If `more` is no object.
    pub fn assume(&self, who: &Credentials, role: &str, more: Value) -> Answer {
        let mut input = json!({ "RoleArn": role, "RoleSessionName": "any" });
        let (Value::Object(more), Some(members)) = (more, input.as_object_mut()) else {
            panic!("members of the request")
        };
        members.extend(more);
        self.sts_as(who, "AssumeRole", input)
    }

    /// A session of a role, with these members of the request beside.
    #[track_caller]
    pub fn session(&self, who: &Credentials, role: &str, more: Value) -> Credentials {
        self.assume(who, role, more).credentials(ACCOUNT)
    }

    /// Who the server says that somebody is.
    pub fn identity(&self, of: &Credentials) -> Answer {
        self.sts_as(of, "GetCallerIdentity", json!({}))
    }
}

/// How a policy that stands in a user or a role is called.
const INLINE: &str = "inline";
