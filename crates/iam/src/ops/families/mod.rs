//! Families: operations that do the same to different things, such as `AttachUserPolicy` and `AttachRolePolicy`.
//!
//! A family is a file. Its rows stand first, one for each operation. Below them stand the functions that the rows run.
//! Most are generic over the thing that they work on. This row is the whole operation `AttachRolePolicy`:
//!
//! ```text
//! changes! {
//!     AttachRolePolicy(input: AttachRolePolicyRequest):
//!         "RoleName={role}&PolicyArn={other-managed-policy}", ["roleName", "policyArn"],
//!         attach::<Role>(&input.role_name, &input.policy_arn);
//! }
//! ```
//!
//! It gives the operation's name, the shape of its input, the example of its facts, the members of requests that records
//! show, and the function with arguments.
//! The function gets the service, the call and the action before these arguments. The action is `iam:` and the name.
//! AWS describes the operation under its name:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>.
//!
//! A new operation of a family is a row here and a row in `ops/mod.rs`. Some functions ask for a trait of their family,
//! which the new thing then has to implement.

use dispatch::{Cx, Fault};
use state::Kept;

use crate::{
    Iam,
    gate::{self, Asked, Holder, Permitted},
    managed::ManagedPolicy,
    profiles::InstanceProfile,
    providers::Provider,
};

/// An operation. `$answer` is the body of its `run`.
macro_rules! operation {
    ($name:ident($request:ident) -> $output:ty, $kind:ident, $example:literal, [$($shown:literal),*],
     |$iam:ident, $cx:ident, $input:ident| $answer:expr) => {
        #[doc = concat!("<https://docs.aws.amazon.com/IAM/latest/APIReference/API_", stringify!($name), ".html>")]
        pub(crate) struct $name;

        impl dispatch::Operation for $name {
            type Service = crate::Iam;
            type Input = model::iam::$request;
            type Output = $output;
            const FACTS: dispatch::Facts =
                dispatch::Facts::$kind(stringify!($name), $example).shows(&[$($shown),*]);

            async fn run(
                $iam: &crate::Iam,
                $cx: &mut dispatch::Cx<'_>,
                $input: Self::Input,
            ) -> Result<dispatch::Outcome<Self::Output>, dispatch::Fault> {
                $answer
            }
        }
    };
}

/// Operations that change something and have no output. Their functions return the change, or `None` when there is
/// nothing to change.
macro_rules! changes {
    ($($name:ident($input:ident: $request:ident):
        $example:literal, [$($shown:literal),*], $run:ident$(::<$on:ident>)?($($argument:expr),*);)*) => {
        $(operation! {
            $name($request) -> model::Nothing, changing, $example, [$($shown),*], |iam, cx, $input| {
                let change = $run$(::<$on>)?(iam, cx, concat!("iam:", stringify!($name)), $($argument),*)?;
                Ok(crate::gate::outcome(model::Nothing {}, change))
            }
        })*
    };
}

/// Operations that show one thing. Their functions return the output's members in the order in which the row names them.
macro_rules! reads {
    ($($name:ident($input:ident: $request:ident) -> $response:ident { $($member:ident),* }:
        $example:literal, [$($shown:literal),*], $run:ident$(::<$on:ident>)?($($argument:expr),*);)*) => {
        $(operation! {
            $name($request) -> model::iam::$response, reading, $example, [$($shown),*], |iam, cx, $input| {
                let ($($member,)*) =
                    $run$(::<$on>)?(iam, cx, concat!("iam:", stringify!($name)), $($argument),*)?;
                Ok(model::iam::$response { $($member),* }.into())
            }
        })*
    };
}

/// Operations that list page by page; records show which page is asked for. Their functions get this after the action, and
/// return that page. The row names the member of the output that has the page's items.
macro_rules! lists {
    ($($name:ident($input:ident: $request:ident) -> $response:ident { $items:ident }:
        $example:literal, [$($shown:literal),*], $run:ident$(::<$on:ident>)?($($argument:expr),*);)*) => {
        $(operation! {
            $name($request) -> model::iam::$response, reading, $example, [$($shown,)* "marker", "maxItems"],
            |iam, cx, $input| {
                let page = crate::pages::Wish {
                    name: stringify!($name),
                    of: "",
                    marker: $input.marker.as_deref(),
                    max_items: $input.max_items,
                };
                let page =
                    $run$(::<$on>)?(iam, cx, concat!("iam:", stringify!($name)), page, $($argument),*)?;
                Ok(model::iam::$response {
                    $items: page.items.into(),
                    is_truncated: Some(page.truncated),
                    marker: page.next_marker,
                }
                .into())
            }
        })*
    };
}

pub(super) mod attached;
pub(super) mod belonging;
pub(super) mod bounded;
pub(super) mod deleted;
pub(super) mod inline;
pub(super) mod listed;
pub(super) mod none;
pub(super) mod renamed;
pub(super) mod tagged;

/// A function of the gate: it lets an operation have the thing that a request names, or says why not.
type Gate<T> = fn(&Iam, &mut Cx<'_>, &'static str, &str, &Asked<'_>) -> Result<Permitted<T>, Fault>;

/// What requests name, by a name or an ARN.
trait Named: Kept + Clone + 'static {
    /// For operations that read it.
    const TO_READ: Gate<Self>;
    /// For operations that change it.
    const TO_CHANGE: Gate<Self> = Self::TO_READ;
}

impl<T: Holder + 'static> Named for T {
    const TO_READ: Gate<Self> = gate::holder;
}

impl Named for ManagedPolicy {
    const TO_READ: Gate<Self> = gate::policy;
    const TO_CHANGE: Gate<Self> = gate::own_policy;
}

impl Named for InstanceProfile {
    const TO_READ: Gate<Self> = gate::profile;
}

impl Named for Provider {
    const TO_READ: Gate<Self> = gate::provider;
}
