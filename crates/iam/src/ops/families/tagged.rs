//! The tags of whatever bears tags: `Tag…`, `Untag…` and `List…Tags`.

use dispatch::{Cx, Fault, Page};
use model::iam::Tag;
use store::Batch;

use super::Named;
use crate::{
    Iam,
    entities::{Role, Tags, User},
    gate::Asked,
    managed::ManagedPolicy,
    pages,
    profiles::InstanceProfile,
    providers::Provider,
    tags,
};

changes! {
    TagInstanceProfile(input: TagInstanceProfileRequest):
        "InstanceProfileName={profile}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
        ["instanceProfileName", "tags"],
        tag::<InstanceProfile>(&input.instance_profile_name, &input.tags);
    TagOpenIDConnectProvider(input: TagOpenIDConnectProviderRequest):
        "OpenIDConnectProviderArn={provider}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
        ["openIDConnectProviderArn", "tags"],
        tag::<Provider>(&input.open_id_connect_provider_arn, &input.tags);
    TagPolicy(input: TagPolicyRequest):
        "PolicyArn={managed-policy}&Tags.member.1.Key=team&Tags.member.1.Value=pay", ["policyArn", "tags"],
        tag::<ManagedPolicy>(&input.policy_arn, &input.tags);
    TagRole(input: TagRoleRequest):
        "RoleName={role}&Tags.member.1.Key=team&Tags.member.1.Value=pay", ["roleName", "tags"],
        tag::<Role>(&input.role_name, &input.tags);
    TagUser(input: TagUserRequest):
        "UserName={user}&Tags.member.1.Key=team&Tags.member.1.Value=pay", ["userName", "tags"],
        tag::<User>(&input.user_name, &input.tags);

    UntagInstanceProfile(input: UntagInstanceProfileRequest):
        "InstanceProfileName={profile}&TagKeys.member.1=team", ["instanceProfileName", "tagKeys"],
        untag::<InstanceProfile>(&input.instance_profile_name, &input.tag_keys);
    UntagOpenIDConnectProvider(input: UntagOpenIDConnectProviderRequest):
        "OpenIDConnectProviderArn={provider}&TagKeys.member.1=team", ["openIDConnectProviderArn", "tagKeys"],
        untag::<Provider>(&input.open_id_connect_provider_arn, &input.tag_keys);
    UntagPolicy(input: UntagPolicyRequest):
        "PolicyArn={managed-policy}&TagKeys.member.1=team", ["policyArn", "tagKeys"],
        untag::<ManagedPolicy>(&input.policy_arn, &input.tag_keys);
    UntagRole(input: UntagRoleRequest):
        "RoleName={role}&TagKeys.member.1=team", ["roleName", "tagKeys"],
        untag::<Role>(&input.role_name, &input.tag_keys);
    UntagUser(input: UntagUserRequest):
        "UserName={user}&TagKeys.member.1=team", ["userName", "tagKeys"],
        untag::<User>(&input.user_name, &input.tag_keys);
}

lists! {
    ListInstanceProfileTags(input: ListInstanceProfileTagsRequest)
        -> ListInstanceProfileTagsResponse { tags }:
        "InstanceProfileName={profile}", ["instanceProfileName"],
        list::<InstanceProfile>(&input.instance_profile_name);
    ListOpenIDConnectProviderTags(input: ListOpenIDConnectProviderTagsRequest)
        -> ListOpenIDConnectProviderTagsResponse { tags }:
        "OpenIDConnectProviderArn={provider}", ["openIDConnectProviderArn"],
        list::<Provider>(&input.open_id_connect_provider_arn);
    ListPolicyTags(input: ListPolicyTagsRequest) -> ListPolicyTagsResponse { tags }:
        "PolicyArn={managed-policy}", ["policyArn"],
        list::<ManagedPolicy>(&input.policy_arn);
    ListRoleTags(input: ListRoleTagsRequest) -> ListRoleTagsResponse { tags }:
        "RoleName={role}", ["roleName"],
        list::<Role>(&input.role_name);
    ListUserTags(input: ListUserTagsRequest) -> ListUserTagsResponse { tags }:
        "UserName={user}", ["userName"],
        list::<User>(&input.user_name);
}

/// What bears tags.
trait Tagged: Named {
    /// Its tags.
    fn tags(&self) -> &Tags;
    /// The same, to be changed.
    fn tags_mut(&mut self) -> &mut Tags;
    /// What tells it from all others of its kind.
    fn id(&self) -> &str;
}

/// Where each has its tags, and what tells it from others.
macro_rules! tagged {
    ($($type:ident: $($tags:ident).*, $($id:ident).*;)*) => {
        $(impl Tagged for $type {
            fn tags(&self) -> &Tags {
                &self.$($tags).*
            }

            fn tags_mut(&mut self) -> &mut Tags {
                &mut self.$($tags).*
            }

            fn id(&self) -> &str {
                &self.$($id).*
            }
        })*
    };
}

tagged! {
    InstanceProfile: tags, id;
    ManagedPolicy: tags, id;
    Provider: tags, url;
    Role: entity.tags, entity.id;
    User: entity.tags, entity.id;
}

/// Adds tags, or gives new values to those that are there.
fn tag<T: Tagged>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    name: &str,
    tags: &[Tag],
) -> Result<Option<Batch>, Fault> {
    let new = tags::parse(Some(tags))?;
    let asked = Asked { tags: Some(&new), ..Asked::default() };
    T::TO_CHANGE(iam, cx, action, name, &asked)?.changed(|tagged| tags::merge(tagged.tags_mut(), &new))
}

/// Takes tags off.
fn untag<T: Tagged>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    name: &str,
    keys: &[String],
) -> Result<Option<Batch>, Fault> {
    let asked = Asked { tag_keys: Some(keys), ..Asked::default() };
    T::TO_CHANGE(iam, cx, action, name, &asked)?.changed(|tagged| {
        tags::remove_all(tagged.tags_mut(), keys);
        Ok(())
    })
}

/// The tags, in the order of their keys.
fn list<T: Tagged>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    name: &str,
) -> Result<Page<Tag>, Fault> {
    let tagged = T::TO_READ(iam, cx, action, name, &Asked::default())?.found;
    let page = pages::Wish { of: tagged.id(), ..page };
    pages::page_of(iam, cx, &page, tags::list(tagged.tags()), |tag| tag.key.clone())
}
