//! The server's population before the measurement: thousands of keys, grants, and a user whom only a grant allows.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{
    Result,
    load::Connection,
    processes::{Server, Signer},
    requests::{Work, iam, kms},
};

/// Connections that make things: their commits share syncs.
const MAKERS: usize = 64;

/// Makes keys for a kind of work, and returns their ids.
pub(crate) async fn keys(server: &Server, work: &Work, count: usize) -> Result<Vec<String>> {
    let request = kms(server, &server.root, "CreateKey", &work.create_key())?;
    let answers = all(server, (0..count).map(|_| request.clone()).collect()).await?;
    answers
        .iter()
        .map(|answer| {
            let id = answer.pointer("/KeyMetadata/KeyId").and_then(|id| id.as_str());
            Ok(id.ok_or("CreateKey answered no id")?.to_owned())
        })
        .collect()
}

/// Makes `count` grants on a key, each for another session of a role, and one more for a user who has no other
/// permission. Returns the user.
pub(crate) async fn grants(server: &Server, key: &str, count: usize) -> Result<Signer> {
    let mut connection = Connection::open(&server.target()).await?;
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C\
                 %22Principal%22%3A%7B%22AWS%22%3A%22*%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D";
    let mut call = async |form: &str| -> Result<String> {
        let answer = connection.exchange(&iam(server, &server.root, form)?).await?;
        Ok(String::from_utf8_lossy(answer).into_owned())
    };
    let role = call(&format!("Action=CreateRole&RoleName=crowd&AssumeRolePolicyDocument={trust}")).await?;
    let user = call("Action=CreateUser&UserName=grantee").await?;
    let access = call("Action=CreateAccessKey&UserName=grantee").await?;
    let session = element(&role, "Arn")?.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/");
    let grant = |grantee: &str| {
        let body = format!(
            r#"{{"KeyId":"{key}","GranteePrincipal":"{grantee}","Operations":["GenerateDataKey","Decrypt"]}}"#
        );
        kms(server, &server.root, "CreateGrant", &body)
    };
    let grantees = (0..count).map(|number| format!("{session}/{number}")).chain([element(&user, "Arn")?]);
    let requests = grantees.map(|grantee| grant(&grantee)).collect::<Result<Vec<_>>>()?;
    all(server, requests).await?;
    Ok(Signer { access_key: element(&access, "AccessKeyId")?, secret: element(&access, "SecretAccessKey")? })
}

/// Sends requests over several connections, and returns the answers in any order.
async fn all(server: &Server, requests: Vec<Vec<u8>>) -> Result<Vec<serde_json::Value>> {
    let requests: Arc<[Vec<u8>]> = requests.into();
    let mut makers = JoinSet::new();
    for maker in 0..MAKERS.min(requests.len()) {
        let (requests, target) = (Arc::clone(&requests), server.target());
        makers.spawn(async move {
            let mut connection = Connection::open(&target).await?;
            let mut answers = Vec::new();
            for request in requests.iter().skip(maker).step_by(MAKERS) {
                answers.push(serde_json::from_slice(connection.exchange(request).await?)?);
            }
            Ok::<Vec<serde_json::Value>, Box<dyn std::error::Error + Send + Sync>>(answers)
        });
    }
    let mut answers = Vec::new();
    while let Some(made) = makers.join_next().await {
        answers.extend(made??);
    }
    Ok(answers)
}

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> Result<String> {
    let text =
        xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once('<')).map(|(text, _)| text);
    Ok(text.ok_or_else(|| format!("no {name} in {xml}"))?.to_owned())
}
