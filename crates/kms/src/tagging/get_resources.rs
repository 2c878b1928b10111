//! `GetResources`: the keys that have tags, with their tags.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>

use std::{ops::Bound, sync::Arc};

use base16ct::lower::encode_string as hex;
use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{
    arn::KeyId,
    tagging::{ComplianceDetails, GetResourcesInput, GetResourcesOutput, ResourceTagMapping, Tag, TagFilter},
};

use super::pages::{Tokens, next};
use crate::{Kms, faults::invalid_parameter, gate, key::Key, layout::Place, tags::Tags};

/// The operation.
pub(super) struct GetResources;

impl Operation for GetResources {
    type Service = Kms;
    type Input = GetResourcesInput;
    type Output = GetResourcesOutput;
    const FACTS: Facts = Facts::reading(
        "GetResources",
        r#"{"ResourceTypeFilters":["kms"],"TagFilters":[{"Key":"team","Values":["pay"]}]}"#,
    )
    .shows(&[
        "paginationToken",
        "tagFilters",
        "resourcesPerPage",
        "tagsPerPage",
        "resourceTypeFilters",
        "includeComplianceDetails",
        "excludeCompliantResources",
        "resourceARNList",
    ]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let bounds = check(&input)?;
        gate::permit(kms, cx, "tag:GetResources", "*", &())?;

        let filter = filter(&input);
        let tokens = Tokens::new(kms, cx, "GetResources", &filter);
        let after = match tokens.resume(input.pagination_token.as_deref())? {
            Some(last) => Bound::Excluded(
                KeyId::parse(&last).map_err(|_| invalid_parameter("The pagination token is invalid."))?,
            ),
            None => Bound::Unbounded,
        };
        let shelf = kms.tables().shelf(&Place::of(cx));
        let keys = shelf.into_iter().flat_map(|shelf| shelf.keys.range((after, Bound::Unbounded)));
        let found: Vec<&Arc<Key>> = keys.map(|(_, key)| key).filter(|key| is_wanted(&input, key)).collect();
        let limit = bounds.on_page(&found);
        let page = tokens.page(found.into_iter(), limit, |key| key.arn.key_id.to_string())?;

        let with_compliance = input.include_compliance_details == Some(true);
        Ok(GetResourcesOutput {
            resource_tag_mapping_list: Some(
                page.items.into_iter().map(|key| shown(key, with_compliance)).collect(),
            ),
            pagination_token: next(page.next_marker),
        }
        .into())
    }
}

/// Most keys on a page: of themselves, and by how many tags they have together.
struct PageBounds {
    keys: usize,
    tags: Option<usize>,
}

impl PageBounds {
    /// How many of these are on the first page. The tags of one key are never parted.
    fn on_page(&self, keys: &[&Arc<Key>]) -> usize {
        let Some(tags) = self.tags else { return self.keys };
        let sums = keys.iter().scan(0, |sum, key| {
            *sum += key.tags.len();
            Some(*sum)
        });
        sums.take_while(|sum| *sum <= tags).count().clamp(1, self.keys)
    }
}

const KEYS_DEFAULT: i32 = 50;
const KEYS_MAX: i32 = 100;

fn check(input: &GetResourcesInput) -> Result<PageBounds, Fault> {
    let listed = input.resource_arn_list.is_some();
    let token = input.pagination_token.as_deref().is_some_and(|token| !token.is_empty());
    if listed && (token || input.resources_per_page.is_some() || input.tags_per_page.is_some()) {
        return Err(invalid_parameter("ResourceARNList cannot be combined with parameters of pagination."));
    }
    if input.exclude_compliant_resources == Some(true) && input.include_compliance_details != Some(true) {
        return Err(invalid_parameter("ExcludeCompliantResources needs IncludeComplianceDetails."));
    }
    let keys = input.resources_per_page.unwrap_or(if listed { KEYS_MAX } else { KEYS_DEFAULT });
    if !(1..=KEYS_MAX).contains(&keys) {
        return Err(invalid_parameter(format!("ResourcesPerPage must be between 1 and {KEYS_MAX}.")));
    }
    let tags = input.tags_per_page;
    if tags.is_some_and(|tags| !(100..=500).contains(&tags) || tags % 100 != 0) {
        return Err(invalid_parameter("TagsPerPage must be 100, 200, 300, 400 or 500."));
    }
    if input.tag_filters.iter().flatten().any(|filter| filter.key.is_none()) {
        return Err(invalid_parameter("A filter of tags needs a Key."));
    }
    Ok(PageBounds {
        keys: usize::try_from(keys).unwrap_or(1),
        tags: tags.and_then(|tags| usize::try_from(tags).ok()),
    })
}

/// What the tokens of a listing with these filters are bound to.
fn filter(input: &GetResourcesInput) -> String {
    let filters = (&input.tag_filters, &input.resource_type_filters, &input.exclude_compliant_resources);
    hex(format!("{filters:?}").as_bytes())
}

fn is_wanted(input: &GetResourcesInput, key: &Key) -> bool {
    // Every key complies: there are no tag policies.
    let excluded = input.exclude_compliant_resources == Some(true);
    let listed = |arns: &Vec<String>| arns.iter().any(|arn| *arn == key.arn.to_string());
    let kinds = input.resource_type_filters.as_deref().unwrap_or_default();
    !excluded
        && !key.tags.is_empty()
        && input.resource_arn_list.as_ref().is_none_or(listed)
        && (kinds.is_empty() || kinds.iter().any(|kind| kind == "kms" || kind == "kms:key"))
        && input.tag_filters.iter().flatten().all(|filter| has(&key.tags, filter))
}

/// Whether there is a tag of this key, with one of the values if there are any.
fn has(tags: &Tags, TagFilter { key, values }: &TagFilter) -> bool {
    let value = key.as_ref().and_then(|key| tags.get(key));
    let values = values.as_deref().unwrap_or_default();
    value.is_some_and(|value| values.is_empty() || values.contains(value))
}

fn shown(key: &Key, with_compliance: bool) -> ResourceTagMapping {
    let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
    ResourceTagMapping {
        resource_arn: Some(key.arn.to_string()),
        tags: Some(key.tags.iter().map(tag).collect()),
        compliance_details: with_compliance
            .then(|| ComplianceDetails { compliance_status: Some(true), ..ComplianceDetails::default() }),
    }
}
