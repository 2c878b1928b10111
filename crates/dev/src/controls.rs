//! `/_keywright/`: what tests tell the server.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use dispatch::Clock;
use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE};
use model::{Timestamp, arn::Partition};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use server::Chores;
use tokio::sync::RwLock;

use crate::{
    clock::DevClock,
    faults::{Faults, Rule},
    ground::Ground,
    seed::Seed,
    span,
};

/// Where the controls are. No path of AWS's begins so.
pub(crate) const PREFIX: &str = "/_keywright/";

const CONTROLS: [&str; 3] = ["clock", "faults", "reset"];

/// What tests move.
pub(crate) struct Controls {
    pub(crate) clock: Arc<DevClock>,
    pub(crate) faults: Faults,
    pub(crate) ground: Ground,
    pub(crate) chores: Chores,
    /// Names of the operations that may be made to fail.
    pub(crate) operations: Vec<&'static str>,
    /// The seed file.
    pub(crate) seed: Option<PathBuf>,
    /// The partition that everything is of.
    pub(crate) partition: Partition,
    /// Calls read it; a reset waits for them and lets none in.
    pub(crate) open: RwLock<()>,
}

/// How to move the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance: Option<String>,
    now: Option<String>,
}

/// One rule or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    One(Rule),
    Several(Vec<Rule>),
}

/// Why a control was not worked.
struct Refused(StatusCode, String);

impl Controls {
    /// Works a control.
    pub(crate) async fn work(&self, control: &str, method: &Method, body: &[u8]) -> Response<Bytes> {
        let worked = match (control, method.as_str()) {
            ("clock", "GET") => Ok(self.time()),
            ("clock", "POST") => self.move_clock(body).await,
            ("faults", "GET") => Ok(self.list_faults()),
            ("faults", "POST") => self.add_faults(body),
            ("faults", "DELETE") => {
                self.faults.clear();
                Ok(self.list_faults())
            }
            ("reset", "POST") => self.reset().await,
            (known, _) if CONTROLS.contains(&known) => {
                Err(Refused(StatusCode::METHOD_NOT_ALLOWED, format!("{known} is not for {method}")))
            }
            _ => {
                let all = CONTROLS.join(", ");
                Err(Refused(StatusCode::NOT_FOUND, format!("there are {all} under {PREFIX}")))
            }
        };
        let (status, value) = match worked {
            Ok(value) => (StatusCode::OK, value),
            Err(Refused(status, error)) => (status, json!({ "error": error })),
        };
        let mut response = Response::new(Bytes::from(format!("{value}\n")));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn time(&self) -> Value {
        json!({ "now": self.clock.now().to_iso8601() })
    }

    /// Moves the clock, and does all that is due by then before it answers.
    async fn move_clock(&self, body: &[u8]) -> Result<Value, Refused> {
        match read::<Move>(body)? {
            Move { advance: Some(span), now: None } => {
                let by = span::parse(&span)
                    .ok_or_else(|| bad(format!("advance `{span}`: expected {}", span::EXPECTED)))?;
                self.clock.advance(by);
            }
            Move { advance: None, now: Some(now) } => {
                let now = Timestamp::parse_iso8601(&now).ok_or_else(|| {
                    bad(format!("now `{now}`: expected a time such as `2030-01-31T12:00:00Z`"))
                })?;
                self.clock.set(now);
            }
            _ => return Err(bad(r#"expected {"advance": "365d"} or {"now": "2030-01-31T12:00:00Z"}"#)),
        }
        self.chores.tick().await.map_err(failed)?;
        Ok(self.time())
    }

    fn list_faults(&self) -> Value {
        json!({ "faults": self.faults.list() })
    }

    fn add_faults(&self, body: &[u8]) -> Result<Value, Refused> {
        let rules = match read(body)? {
            Rules::One(rule) => vec![rule],
            Rules::Several(rules) => rules,
        };
        for rule in &rules {
            rule.check(&self.operations).map_err(bad)?;
        }
        self.faults.add(rules);
        Ok(self.list_faults())
    }

    /// Everything as it was at the start, but for the journal, which only ever grows. The seed file is read again.
    async fn reset(&self) -> Result<Value, Refused> {
        let seed = Seed::of(self.seed.as_deref(), self.partition).map_err(|error| bad(error.to_string()))?;
        let _closed = self.open.write().await;
        self.faults.clear();
        self.clock.reset();
        self.ground.clear().await.map_err(failed)?;
        self.ground.sow(&seed).await.map_err(failed)?;
        Ok(json!({ "keys": seed.keys.len() }))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| bad(error.to_string()))
}

fn bad(error: impl Into<String>) -> Refused {
    Refused(StatusCode::BAD_REQUEST, error.into())
}

fn failed(error: impl std::fmt::Display) -> Refused {
    Refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
