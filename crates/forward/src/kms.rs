//! The operations.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Request,
    header::{CONTENT_TYPE, HOST},
};
use outbound::{Outbound, OwnCredentials, Pool};
use secret::Plaintext;
use serde::{Serialize, de::DeserializeOwned};
use sigv4::Signer;

use crate::{
    act_for::ActFor,
    answers::{
        DataKey, Decrypted, DescribedKey, DigestSignature, ListedGrant, MadeGrant, OfDescribeKey,
        PageOfGrants, ReEncrypted, SigningKeyFacts, WrappedBytes,
    },
    credentials::{CredentialKeeper, ProgramCredentials},
    error::KmsError,
    machine::Machine,
    observer::CallObserver,
    parameters::{Context, DataKeyLength, NewGrant},
    patience::Patience,
    settings::Settings,
    wire::{EncodedBytes, EncodedSecret, Wiped, body, fault, read},
};

/// A client of KMS.
pub struct Kms {
    pool: Pool,
    /// What is posted to, at the endpoint.
    path: String,
    endpoint: String,
    region: String,
    credentials: CredentialKeeper,
    patience: Patience,
    machine: Arc<dyn Machine>,
    observer: Option<Arc<dyn CallObserver>>,
}

/// Most connections at a time; further calls wait for one of them.
const CONNECTIONS_MAX: usize = 256;

const X_AMZ_TARGET: HeaderName = HeaderName::from_static("x-amz-target");

impl Kms {
    /// A client with these settings. It connects when it is first called.
    ///
    /// # Errors
    /// [`KmsError::Settings`]: CAs that cannot be read, an endpoint that is not called.
    pub fn new(settings: Settings, patience: Patience, machine: Arc<dyn Machine>) -> Result<Self, KmsError> {
        let Settings { endpoint, region, ca_file, sources, .. } = settings;
        let wrong = |error| KmsError::of_connection(error, &endpoint.to_string());
        let outbound = Outbound::new(ca_file.as_deref()).map_err(wrong)?;
        Ok(Self {
            pool: Pool::new(outbound.clone(), &endpoint, CONNECTIONS_MAX).map_err(wrong)?,
            path: endpoint.path().to_owned(),
            endpoint: endpoint.to_string(),
            region,
            credentials: CredentialKeeper::new(
                ProgramCredentials { sources, outbound },
                Arc::clone(&machine),
            ),
            patience,
            machine,
            observer: None,
        })
    }

    /// The same, with somebody who is told of every call.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn CallObserver>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// Opens a connection and closes it again: whether KMS is there at all, without a call that counts.
    ///
    /// # Errors
    /// [`KmsError::Unreachable`], [`KmsError::TimedOut`], [`KmsError::Tls`].
    pub async fn reach(&self, time: Duration) -> Result<(), KmsError> {
        self.pool.reach(time).await.map_err(|error| KmsError::of_connection(error, &self.endpoint))
    }

    /// `GenerateDataKey`.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn generate_data_key(
        &self,
        act_for: &ActFor,
        key: &str,
        length: DataKeyLength,
        context: &Context,
    ) -> Result<DataKey, KmsError> {
        self.ask(act_for, "GenerateDataKey", &DataKeyCall::new(key, length, context), 0).await
    }

    /// `GenerateDataKeyWithoutPlaintext`.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn generate_data_key_without_plaintext(
        &self,
        act_for: &ActFor,
        key: &str,
        length: DataKeyLength,
        context: &Context,
    ) -> Result<WrappedBytes, KmsError> {
        let call = DataKeyCall::new(key, length, context);
        self.ask(act_for, "GenerateDataKeyWithoutPlaintext", &call, 0).await
    }

    /// `Encrypt`, of at most 4096 bytes.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn encrypt(
        &self,
        act_for: &ActFor,
        key: &str,
        plaintext: &Plaintext,
        context: &Context,
    ) -> Result<WrappedBytes, KmsError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct EncryptCall<'a> {
            key_id: &'a str,
            plaintext: EncodedSecret<'a>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            encryption_context: &'a Context,
        }
        let call =
            EncryptCall { key_id: key, plaintext: EncodedSecret(plaintext), encryption_context: context };
        self.ask(act_for, "Encrypt", &call, plaintext.len()).await
    }

    /// `Decrypt`. With a key, the call fails if the blob is under another one.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn decrypt(
        &self,
        act_for: &ActFor,
        key: Option<&str>,
        blob: &[u8],
        context: &Context,
    ) -> Result<Decrypted, KmsError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct DecryptCall<'a> {
            ciphertext_blob: EncodedBytes<'a>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            encryption_context: &'a Context,
            #[serde(skip_serializing_if = "Option::is_none")]
            key_id: Option<&'a str>,
        }
        let call =
            DecryptCall { ciphertext_blob: EncodedBytes(blob), encryption_context: context, key_id: key };
        self.ask(act_for, "Decrypt", &call, 0).await
    }

    /// `ReEncrypt`: to `destination_key` and `destination_context`, without a plaintext here.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn re_encrypt(
        &self,
        act_for: &ActFor,
        blob: &[u8],
        source_context: &Context,
        destination_key: &str,
        destination_context: &Context,
    ) -> Result<ReEncrypted, KmsError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct ReEncryptCall<'a> {
            ciphertext_blob: EncodedBytes<'a>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            source_encryption_context: &'a Context,
            destination_key_id: &'a str,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            destination_encryption_context: &'a Context,
        }
        let call = ReEncryptCall {
            ciphertext_blob: EncodedBytes(blob),
            source_encryption_context: source_context,
            destination_key_id: destination_key,
            destination_encryption_context: destination_context,
        };
        self.ask(act_for, "ReEncrypt", &call, 0).await
    }

    /// `DescribeKey`.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn describe_key(&self, act_for: &ActFor, key: &str) -> Result<DescribedKey, KmsError> {
        let answer: OfDescribeKey = self.ask(act_for, "DescribeKey", &KeyCall { key_id: key }, 0).await?;
        Ok(answer.key_metadata)
    }

    /// `GetPublicKey`.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn get_public_key(&self, act_for: &ActFor, key: &str) -> Result<SigningKeyFacts, KmsError> {
        self.ask(act_for, "GetPublicKey", &KeyCall { key_id: key }, 0).await
    }

    /// `Sign`, of a digest, with an algorithm of the key such as `ECDSA_SHA_256`.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn sign_digest(
        &self,
        act_for: &ActFor,
        key: &str,
        digest: &[u8],
        algorithm: &str,
    ) -> Result<DigestSignature, KmsError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct SignCall<'a> {
            key_id: &'a str,
            message: EncodedBytes<'a>,
            message_type: &'static str,
            signing_algorithm: &'a str,
        }
        let message = EncodedBytes(digest);
        let call = SignCall { key_id: key, message, message_type: "DIGEST", signing_algorithm: algorithm };
        self.ask(act_for, "Sign", &call, 0).await
    }

    /// `CreateGrant`. Without a name, a try whose answer was lost may leave a second grant.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn create_grant(&self, act_for: &ActFor, grant: &NewGrant) -> Result<MadeGrant, KmsError> {
        self.ask(act_for, "CreateGrant", grant, 0).await
    }

    /// `ListGrants`, page after page: the grants on a key, or those of one grantee.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn list_grants(
        &self,
        act_for: &ActFor,
        key: &str,
        grantee: Option<&str>,
    ) -> Result<Vec<ListedGrant>, KmsError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct ListGrantsCall<'a> {
            key_id: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            grantee_principal: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            marker: Option<&'a str>,
        }
        let (mut grants, mut marker) = (Vec::new(), None::<String>);
        loop {
            let call = ListGrantsCall { key_id: key, grantee_principal: grantee, marker: marker.as_deref() };
            let page: PageOfGrants = self.ask(act_for, "ListGrants", &call, 0).await?;
            grants.extend(page.grants);
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(grants);
            }
        }
    }

    /// `RetireGrant`, of the grant with this id, by the ARN of its key.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn retire_grant(&self, act_for: &ActFor, key: &str, grant_id: &str) -> Result<(), KmsError> {
        self.tell(act_for, "RetireGrant", &GrantCall { key_id: key, grant_id }).await
    }

    /// `RevokeGrant`, of the grant with this id.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn revoke_grant(&self, act_for: &ActFor, key: &str, grant_id: &str) -> Result<(), KmsError> {
        self.tell(act_for, "RevokeGrant", &GrantCall { key_id: key, grant_id }).await
    }

    /// Any JSON operation at the endpoint, such as one of Keywright's own: the name of the service that it is signed for,
    /// what stands in `X-Amz-Target`, the body. The answer is as secret as the operation makes it.
    ///
    /// # Errors
    /// [`KmsError`].
    pub async fn call(
        &self,
        act_for: &ActFor,
        service: &str,
        target: &str,
        body: Plaintext,
    ) -> Result<Plaintext, KmsError> {
        let call = PendingCall { act_for, service, target, body: Bytes::from_owner(Wiped(body)) };
        let begun = self.machine.elapsed();
        let answered = self.tried(&call, begun).await;
        if let Some(observer) = &self.observer {
            let took = self.machine.elapsed().saturating_sub(begun);
            observer.ended(target, answered.as_ref().map(drop), took);
        }
        answered
    }

    /// Tries until there is an answer, or no more time.
    async fn tried(&self, call: &PendingCall<'_>, begun: Duration) -> Result<Plaintext, KmsError> {
        let mut failed: u32 = 0;
        loop {
            let error = match self.attempt(call, self.left(begun)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !error.may_pass() {
                return Err(error);
            }
            failed = failed.saturating_add(1);
            let pause = self.patience.pause(failed, self.machine.random());
            if pause >= self.left(begun) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        act_for: &ActFor,
        operation: &str,
        call: &impl Serialize,
        secret_bytes: usize,
    ) -> Result<A, KmsError> {
        let (target, body) = (format!("TrentService.{operation}"), body(call, secret_bytes)?);
        read(&self.call(act_for, "kms", &target, body).await?)
    }

    /// Asks for something whose answer says nothing.
    async fn tell(&self, act_for: &ActFor, operation: &str, call: &impl Serialize) -> Result<(), KmsError> {
        let (target, body) = (format!("TrentService.{operation}"), body(call, 0)?);
        self.call(act_for, "kms", &target, body).await.map(drop)
    }

    /// The time since some fixed moment, by which entries of a cache are told to be old.
    pub(crate) fn elapsed(&self) -> Duration {
        self.machine.elapsed()
    }

    /// What is left of the time of all tries.
    fn left(&self, begun: Duration) -> Duration {
        self.patience.total.saturating_sub(self.machine.elapsed().saturating_sub(begun))
    }

    /// One try, credentials included; with newer ones once more, if the first are not believed any more.
    async fn attempt(&self, call: &PendingCall<'_>, left: Duration) -> Result<Plaintext, KmsError> {
        let time = self.patience.attempt.min(left);
        let credentials = match call.act_for {
            ActFor::Role(role) => role.session(),
            _ => &self.credentials,
        };
        let tried = async {
            let own = credentials.current().await?;
            match self.exchange(call, &own, time).await {
                Err(error) if error.is_of_credentials() => match credentials.newer_than(&own).await {
                    Some(newer) => self.exchange(call, &newer, time).await,
                    None => Err(error),
                },
                answer => answer,
            }
        };
        // Boxed, since the futures of callers hold it.
        tokio::time::timeout(time, Box::pin(tried)).await.map_err(|_| KmsError::TimedOut(time))?
    }

    async fn exchange(
        &self,
        call: &PendingCall<'_>,
        own: &OwnCredentials,
        time: Duration,
    ) -> Result<Plaintext, KmsError> {
        let request = self.request(call, own)?;
        let answer = self.pool.send_within(time, self.machine.elapsed(), request).await;
        let answer = answer.map_err(|error| KmsError::of_connection(error, &self.endpoint))?;
        if answer.status().is_success() { Ok(answer.into_body()) } else { Err(fault(&answer)) }
    }

    fn request(&self, call: &PendingCall<'_>, own: &OwnCredentials) -> Result<Request<Bytes>, KmsError> {
        let unfit = |what: &str| KmsError::Request(format!("{what} cannot stand in a call"));
        let target = HeaderValue::from_str(call.target).map_err(|_| unfit("the target"))?;
        let mut request = Request::post(self.path.as_str())
            .header(HOST, self.pool.host())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"))
            .header(X_AMZ_TARGET, target)
            .body(call.body.clone())
            .map_err(|_| unfit("the path of the endpoint"))?;
        call.act_for.put(request.headers_mut())?;
        let signer = Signer {
            access_key_id: &own.access_key_id,
            secret: own.secret.reveal(),
            security_token: own.token.as_deref(),
            region: &self.region,
            service: call.service,
        };
        let signed = signer.sign(&mut request, self.machine.now_seconds());
        signed.map_err(|_| unfit("the access key id or the session token"))?;
        Ok(request)
    }
}

/// What is asked in every try.
struct PendingCall<'a> {
    act_for: &'a ActFor,
    service: &'a str,
    target: &'a str,
    body: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DataKeyCall<'a> {
    key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_spec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_of_bytes: Option<u16>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    encryption_context: &'a Context,
}

impl<'a> DataKeyCall<'a> {
    fn new(key_id: &'a str, length: DataKeyLength, encryption_context: &'a Context) -> Self {
        let (key_spec, number_of_bytes) = match length {
            DataKeyLength::Aes256 => (Some("AES_256"), None),
            DataKeyLength::Aes128 => (Some("AES_128"), None),
            DataKeyLength::Bytes(bytes) => (None, Some(bytes)),
        };
        Self { key_id, key_spec, number_of_bytes, encryption_context }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyCall<'a> {
    key_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GrantCall<'a> {
    key_id: &'a str,
    grant_id: &'a str,
}
