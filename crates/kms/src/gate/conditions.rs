//! What policies can ask about a call to this service: the `kms:*` condition keys, and those of tags.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>

use std::{borrow::Cow, collections::BTreeMap, fmt::Display, sync::Arc};

use dispatch::{Cx, Says, tag, truth};
use model::{
    arn::AliasName,
    kms::{EncryptionAlgorithmSpec, KeySpec, KeyUsageType, MultiRegionKeyType, OriginType},
};
use policy::{ConditionKey, Values};

use super::Recipient;
use crate::{
    grants::{Context, ContextConstraint, Wanted},
    key::Key,
    limits::RESOURCE_ALIASES,
    tables::Shelf,
    tags::Tags,
};

/// What a request says beyond the key, as far as policies can ask about it.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    encryption: Option<(EncryptionAlgorithmSpec, Option<&'a BTreeMap<String, String>>)>,
    re_encrypt_on_same_key: Option<bool>,
    parameters: Vec<(&'static str, String)>,
    tags: Option<&'a Tags>,
    tag_keys: Option<&'a [String]>,
    tokens: &'a [String],
    child: Option<&'a Wanted>,
    more: Option<&'a (dyn Says + Sync)>,
    days_unused: bool,
}

impl<'a> Asked<'a> {
    /// Nothing that policies could ask about.
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    /// An algorithm, given or by default, and an encryption context.
    pub(crate) fn encryption(
        algorithm: EncryptionAlgorithmSpec,
        context: Option<&'a BTreeMap<String, String>>,
    ) -> Self {
        Self { encryption: Some((algorithm, context)), ..Self::default() }
    }

    /// The symmetric algorithm and an encryption context.
    pub(crate) fn symmetric(context: Option<&'a BTreeMap<String, String>>) -> Self {
        Self::encryption(EncryptionAlgorithmSpec::SymmetricDefault, context)
    }

    /// The algorithm of an encryption.
    pub(super) fn algorithm(&self) -> Option<EncryptionAlgorithmSpec> {
        self.encryption.map(|(algorithm, _)| algorithm)
    }

    /// Whether a re-encryption stays with one key.
    pub(crate) fn re_encrypting(self, on_same_key: bool) -> Self {
        Self { re_encrypt_on_same_key: Some(on_same_key), ..self }
    }

    /// A parameter that has a condition key of its own.
    pub(crate) fn with(mut self, key: &'static str, value: impl Display) -> Self {
        self.parameters.push((key, value.to_string()));
        self
    }

    /// Tags to be put on the key.
    pub(crate) fn tagging(self, tags: &'a Tags) -> Self {
        Self { tags: Some(tags), ..self }
    }

    /// Tags to be taken off the key.
    pub(crate) fn untagging(self, keys: &'a [String]) -> Self {
        Self { tag_keys: Some(keys), ..self }
    }

    /// Grant tokens that came along.
    pub(crate) fn with_tokens(self, tokens: Option<&'a Vec<String>>) -> Self {
        Self { tokens: tokens.map_or(&[], Vec::as_slice), ..self }
    }

    /// A grant to be made.
    pub(crate) fn granting(self, child: &'a Wanted) -> Self {
        Self { child: Some(child), more: Some(child), ..self }
    }

    /// A recipient that has shown what it is, if there is one.
    pub(crate) fn for_recipient(self, recipient: Option<&'a Recipient>) -> Self {
        Self { more: recipient.map(|recipient| recipient as _), ..self }
    }

    /// How long the key has not been used.
    pub(crate) fn days_unused() -> Self {
        Self { days_unused: true, ..Self::default() }
    }

    /// The value of a parameter's condition key.
    pub(super) fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// Something with condition keys of its own.
    pub(super) fn about(self, more: &'a (dyn Says + Sync)) -> Self {
        Self { more: Some(more), ..self }
    }

    /// Grant tokens that came along.
    pub(super) fn tokens(&self) -> &'a [String] {
        self.tokens
    }

    /// The grant to be made, if one is.
    pub(super) fn child(&self) -> Option<&'a Wanted> {
        self.child
    }

    /// The encryption context that constraints of grants are about.
    pub(super) fn constrained_context(&self) -> Option<&'a Context> {
        match self.child {
            Some(child) => child.context.as_ref().map(ContextConstraint::pairs),
            None => self.encryption.and_then(|(_, context)| context),
        }
    }

    fn lookup(&'a self, cx: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        if let Some(found) = self.more.and_then(|more| more.lookup(cx, key)) {
            return Some(found);
        }
        match (key.name(), key.variable()) {
            ("kms:encryptionalgorithm", None) => Some(Values::one(self.encryption?.0.as_str())),
            ("kms:encryptioncontext", Some(name)) => Values::of(name, self.encryption?.1?),
            ("kms:encryptioncontextkeys", None) => filled(self.encryption?.1?.keys()),
            ("kms:reencryptonsamekey", None) => self.re_encrypt_on_same_key.map(truth),
            ("aws:requesttag", Some(name)) => tag(self.tags?, name),
            ("aws:tagkeys", None) => match (self.tags, self.tag_keys) {
                (Some(tags), _) => filled(tags.keys()),
                (None, Some(keys)) => filled(keys.iter()),
                (None, None) => None,
            },
            (name, None) => {
                let known = self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                known.map(|(_, value)| Values::one(value.as_str()))
            }
            _ => None,
        }
    }
}

/// The values of a key with several; a key of which there is none is absent.
fn filled<'a>(names: impl Iterator<Item = &'a String>) -> Option<Values<'a>> {
    let names: Vec<&str> = names.map(String::as_str).collect();
    (!names.is_empty()).then(|| Values::many(names))
}

/// What a call on a key says to condition keys.
pub(super) struct OnKey<'a> {
    pub(super) shelf: Option<&'a Arc<Shelf>>,
    pub(super) key: &'a Key,
    pub(super) alias: Option<&'a AliasName>,
    pub(super) asked: &'a Asked<'a>,
}

impl Says for OnKey<'_> {
    fn lookup<'a>(&'a self, cx: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        match (key.name(), key.variable()) {
            // A service that calls as itself is of no account.
            ("kms:calleraccount", None) => cx.caller.principal.account().map(Values::one),
            ("kms:requestalias", None) => self.alias.map(|alias| Values::one(alias.as_str())),
            ("kms:viaservice", None) => {
                let via = cx.origin.for_user()?;
                Some(Values::one(via.service.in_region(cx.region)))
            }
            ("kms:trailingdayswithoutkeyusage", None) if self.asked.days_unused => {
                let days = self.key.trailing_days(cx.now);
                Some(Values::one(days.to_string()))
            }
            _ => of_key(self.key, self.shelf.map(Arc::as_ref), key).or_else(|| self.asked.lookup(cx, key)),
        }
    }
}

/// What a key says of itself to every request on it. `shelf` is where it lies, and has its aliases.
pub(super) fn of_key<'a>(key: &'a Key, shelf: Option<&'a Shelf>, asked: &ConditionKey) -> Option<Values<'a>> {
    match (asked.name(), asked.variable()) {
        ("aws:resourceaccount", None) => Some(Values::one(key.arn.account.as_str())),
        ("aws:resourcetag", Some(name)) => tag(&key.tags, name),
        ("kms:keyorigin", None) => Some(Values::one(key.origin.as_str())),
        ("kms:keyspec" | "kms:customermasterkeyspec", None) => Some(Values::one(key.spec.as_str())),
        ("kms:keyusage" | "kms:customermasterkeyusage", None) => Some(Values::one(key.usage.as_str())),
        ("kms:multiregion", None) => Some(truth(key.arn.key_id.is_multi_region())),
        ("kms:multiregionkeytype", None) => key.family_role().map(|role| Values::one(role.as_str())),
        ("kms:resourcealiases", None) => {
            let aliases: Vec<Cow<'_, str>> =
                shelf?.aliases_of(key.arn.key_id).map(|name| Cow::Borrowed(name.as_str())).collect();
            (1..=RESOURCE_ALIASES).contains(&aliases.len()).then(|| Values::many(aliases))
        }
        _ => None,
    }
}

/// What a call that makes a key says to condition keys.
pub(crate) struct NewKey<'a> {
    pub(crate) account: String,
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsageType,
    pub(crate) origin: OriginType,
    pub(crate) tags: &'a Tags,
    pub(crate) bypass: Option<bool>,
    /// What it will be in its family; `None` for a key of one Region.
    pub(crate) family_role: Option<MultiRegionKeyType>,
}

impl Says for NewKey<'_> {
    fn lookup<'a>(&'a self, _: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        match (key.name(), key.variable()) {
            ("kms:bypasspolicylockoutsafetycheck", None) => self.bypass.map(truth),
            ("kms:calleraccount", None) => Some(Values::one(self.account.as_str())),
            ("kms:keyorigin", None) => Some(Values::one(self.origin.as_str())),
            ("kms:keyspec" | "kms:customermasterkeyspec", None) => Some(Values::one(self.spec.as_str())),
            ("kms:keyusage" | "kms:customermasterkeyusage", None) => Some(Values::one(self.usage.as_str())),
            ("kms:multiregion", None) => Some(truth(self.family_role.is_some())),
            ("kms:multiregionkeytype", None) => self.family_role.map(|role| Values::one(role.as_str())),
            ("aws:requesttag" | "aws:resourcetag", Some(name)) => tag(self.tags, name),
            ("aws:tagkeys", None) => filled(self.tags.keys()),
            _ => None,
        }
    }
}
