//! Operations that differ only in what they work on. A family is a file: its rows stand first, one for each operation,
//! and below them the functions that the rows run. A function is generic over what it works on.
//!
//! A row has the operation's name and input, the example of its facts, and the function with what it takes from the
//! input:
//!
//! ```text
//! AttachRolePolicy(input: AttachRolePolicyRequest):
//!     "RoleName={role}&PolicyArn={other-managed-policy}",
//!     attach::<Role>(&input.role_name, &input.policy_arn);
//! ```
//!
//! Before these arguments the function gets the service, the call and the action, here `iam:AttachRolePolicy`. The
//! operation is described at the address that ends in its name:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>.
//!
//! A family takes something new in by a row here and one in `ops/mod.rs`. The compiler then names the trait that is
//! missing, if the family has one.

use dispatch::{Cx, Fault};

use crate::{
    Iam,
    gate::{self, Asked, Holder, Kept, Permitted},
    managed::ManagedPolicy,
    profiles::{self, InstanceProfile},
    providers::{self, Provider},
};

/// An operation that runs `$answer`.
macro_rules! operation {
    ($name:ident($request:ident) -> $output:ty, $read_only:literal, $example:literal,
     |$iam:ident, $cx:ident, $input:ident| $answer:expr) => {
        #[doc = concat!("<https://docs.aws.amazon.com/IAM/latest/APIReference/API_", stringify!($name), ".html>")]
        pub(crate) struct $name;

        impl dispatch::Operation for $name {
            type Service = crate::Iam;
            type Input = model::iam::$request;
            type Output = $output;
            const FACTS: dispatch::Facts =
                dispatch::Facts { name: stringify!($name), read_only: $read_only, example: $example };

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

/// Operations that change something and answer nothing. Their functions return the change; `None` changes nothing.
macro_rules! changes {
    ($($name:ident($input:ident: $request:ident):
        $example:literal, $run:ident$(::<$on:ident>)?($($argument:expr),*);)*) => {
        $(operation! {
            $name($request) -> model::Nothing, false, $example, |iam, cx, $input| {
                let change = $run$(::<$on>)?(iam, cx, concat!("iam:", stringify!($name)), $($argument),*)?;
                Ok(crate::gate::outcome(model::Nothing {}, change))
            }
        })*
    };
}

/// Operations that show one thing. Their functions return the output's members, in the order of the row.
macro_rules! reads {
    ($($name:ident($input:ident: $request:ident) -> $response:ident { $($member:ident),* }:
        $example:literal, $run:ident$(::<$on:ident>)?($($argument:expr),*);)*) => {
        $(operation! {
            $name($request) -> model::iam::$response, true, $example, |iam, cx, $input| {
                let ($($member,)*) =
                    $run$(::<$on>)?(iam, cx, concat!("iam:", stringify!($name)), $($argument),*)?;
                Ok(model::iam::$response { $($member),* }.into())
            }
        })*
    };
}

/// Operations that list, page by page. Their functions are told which page, after the action, and return it. The row
/// names the output's member for what is on it.
macro_rules! lists {
    ($($name:ident($input:ident: $request:ident) -> $response:ident { $items:ident }:
        $example:literal, $run:ident$(::<$on:ident>)?($($argument:expr),*);)*) => {
        $(operation! {
            $name($request) -> model::iam::$response, true, $example, |iam, cx, $input| {
                let page = crate::pages::Asked {
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
pub(super) mod bounded;
pub(super) mod deleted;
pub(super) mod inline;
pub(super) mod listed;
pub(super) mod none;
pub(super) mod renamed;
pub(super) mod tagged;

/// How the gate lets an operation have what a request names.
type Gate<T> = fn(&Iam, &mut Cx<'_>, &'static str, &str, &Asked<'_>) -> Result<Permitted<T>, Fault>;

/// What requests name, by a name or an ARN.
trait Named: Kept + 'static {
    /// The gate to reading it.
    const TO_READ: Gate<Self>;
    /// The gate to changing it.
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
    const TO_READ: Gate<Self> = profiles::permitted;
}

impl Named for Provider {
    const TO_READ: Gate<Self> = providers::permitted;
}
