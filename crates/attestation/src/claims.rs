//! The payload of a document, within the limits of its specification.
//!
//! Maps and arrays may have definite or indefinite lengths: hypervisors have written both. Strings have definite
//! lengths. `user_data` and `nonce` belong to other protocols; only their type is checked.

use std::collections::BTreeMap;

use minicbor::{Decoder, bytes::ByteSlice, data::Type, decode};

use crate::{AGE_MS_MAX, Platform, Register, Rejected, SKEW_MS_MAX};

/// What a document says. Nothing of this is believed yet.
pub(crate) struct Claims<'d> {
    pub(crate) module_id: &'d str,
    pub(crate) timestamp_ms: u64,
    pub(crate) platform: Platform,
    pub(crate) registers: BTreeMap<u8, Register>,
    pub(crate) certificate: &'d [u8],
    /// The specification orders the bundle from the root on; nothing here relies on the order.
    pub(crate) bundle: Vec<&'d [u8]>,
    pub(crate) public_key: Option<&'d [u8]>,
}

const REGISTERS_MAX: usize = 32;
const CERTIFICATE_BYTES_MAX: usize = 1024;
const PUBLIC_KEY_BYTES_MAX: usize = 1024;
const MODULE_ID_BYTES_MAX: usize = 256;
/// The specification has no limit here; no path to a root is this long.
const BUNDLE_MAX: usize = 16;

impl<'d> Claims<'d> {
    pub(crate) fn parse(payload: &'d [u8]) -> Result<Self, Rejected> {
        let members = Members::read(payload)?;
        let (platform, registers) = match (members.pcrs, members.nitrotpm_pcrs) {
            (Some(registers), None) => (Platform::Enclave, registers),
            (None, Some(registers)) => (Platform::Tpm, registers),
            _ => return Err(Rejected::Malformed("pcrs")),
        };
        let required = Rejected::Malformed;
        members.digest.filter(|digest| *digest == "SHA384").ok_or(required("digest"))?;
        Ok(Self {
            module_id: members.module_id.filter(|id| is_module_id(id)).ok_or(required("module_id"))?,
            timestamp_ms: members
                .timestamp
                .filter(|timestamp| *timestamp > 0)
                .ok_or(required("timestamp"))?,
            platform,
            registers,
            certificate: members
                .certificate
                .filter(|der| is_certificate(der))
                .ok_or(required("certificate"))?,
            bundle: members.cabundle.ok_or(required("cabundle"))?,
            public_key: members.public_key.flatten(),
        })
    }

    /// Checks the document's age, and returns the document's own time, in milliseconds since 1970.
    pub(crate) fn check_age(&self, now_ms: u64) -> Result<u64, Rejected> {
        let age_ms = now_ms.saturating_sub(self.timestamp_ms);
        let ahead_ms = self.timestamp_ms.saturating_sub(now_ms);
        if age_ms > AGE_MS_MAX {
            return Err(Rejected::Expired { age_ms });
        }
        if ahead_ms > SKEW_MS_MAX {
            return Err(Rejected::Early { ahead_ms });
        }
        Ok(self.timestamp_ms)
    }
}

/// The members of a payload, each at most once and of its type. Optional members are left out or null.
#[derive(Default)]
struct Members<'d> {
    module_id: Option<&'d str>,
    digest: Option<&'d str>,
    timestamp: Option<u64>,
    pcrs: Option<BTreeMap<u8, Register>>,
    nitrotpm_pcrs: Option<BTreeMap<u8, Register>>,
    certificate: Option<&'d [u8]>,
    cabundle: Option<Vec<&'d [u8]>>,
    public_key: Option<Option<&'d [u8]>>,
    user_data: Option<Option<&'d [u8]>>,
    nonce: Option<Option<&'d [u8]>>,
}

impl<'d> Members<'d> {
    fn read(payload: &'d [u8]) -> Result<Self, Rejected> {
        const PAYLOAD: Rejected = Rejected::Malformed("the payload is not a map from names");
        let mut members = Self::default();
        let mut d = Decoder::new(payload);
        let mut left = d.map().map_err(|_| PAYLOAD)?;
        while more(&mut d, &mut left).map_err(|_| PAYLOAD)? {
            let name = d.str().map_err(|_| PAYLOAD)?;
            members.member(name, &mut d)?;
        }
        if d.position() != payload.len() {
            return Err(Rejected::Malformed("bytes follow the payload"));
        }
        Ok(members)
    }

    fn member(&mut self, name: &str, d: &mut Decoder<'d>) -> Result<(), Rejected> {
        match name {
            "module_id" => once("module_id", &mut self.module_id, d.str().ok()),
            "digest" => once("digest", &mut self.digest, d.str().ok()),
            "timestamp" => once("timestamp", &mut self.timestamp, d.u64().ok()),
            "pcrs" => once("pcrs", &mut self.pcrs, registers(d).ok().flatten()),
            "nitrotpm_pcrs" => once("nitrotpm_pcrs", &mut self.nitrotpm_pcrs, registers(d).ok().flatten()),
            "certificate" => once("certificate", &mut self.certificate, d.bytes().ok()),
            "cabundle" => once("cabundle", &mut self.cabundle, bundle(d).ok().flatten()),
            "public_key" => {
                let fits = |key: &Option<&[u8]>| {
                    key.is_none_or(|key| (1..=PUBLIC_KEY_BYTES_MAX).contains(&key.len()))
                };
                once("public_key", &mut self.public_key, optional(d).ok().filter(fits))
            }
            "user_data" => once("user_data", &mut self.user_data, optional(d).ok()),
            "nonce" => once("nonce", &mut self.nonce, optional(d).ok()),
            _ => Err(Rejected::Malformed("a member that the specification does not know")),
        }
    }
}

/// Whether a map or an array has a further element. `left` is the number of elements left; `None` for an indefinite
/// length.
fn more(d: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, decode::Error> {
    match left {
        Some(0) => Ok(false),
        Some(count) => {
            *count = count.saturating_sub(1);
            Ok(true)
        }
        None if d.datatype()? == Type::Break => d.skip().map(|()| false),
        None => Ok(true),
    }
}

fn once<T>(name: &'static str, slot: &mut Option<T>, value: Option<T>) -> Result<(), Rejected> {
    match (slot.is_none(), value) {
        (true, Some(value)) => {
            *slot = Some(value);
            Ok(())
        }
        _ => Err(Rejected::Malformed(name)),
    }
}

fn optional<'d>(d: &mut Decoder<'d>) -> Result<Option<&'d [u8]>, decode::Error> {
    if d.datatype()? == Type::Null { d.null().map(|()| None) } else { d.bytes().map(Some) }
}

/// Registers by their numbers; `None` if a number, a length or the count is out of bounds, or a number comes twice.
fn registers(d: &mut Decoder<'_>) -> Result<Option<BTreeMap<u8, Register>>, decode::Error> {
    let mut registers = BTreeMap::new();
    for pair in d.map_iter::<u8, &ByteSlice>()? {
        let (number, value) = pair?;
        let Ok(value) = Register::try_from(&**value) else { return Ok(None) };
        if usize::from(number) >= REGISTERS_MAX || registers.insert(number, value).is_some() {
            return Ok(None);
        }
    }
    Ok(Some(registers).filter(|registers| !registers.is_empty()))
}

fn bundle<'d>(d: &mut Decoder<'d>) -> Result<Option<Vec<&'d [u8]>>, decode::Error> {
    let mut bundle = Vec::new();
    for der in d.array_iter::<&'d ByteSlice>()? {
        let der: &'d [u8] = der?;
        if bundle.len() == BUNDLE_MAX || !is_certificate(der) {
            return Ok(None);
        }
        bundle.push(der);
    }
    Ok(Some(bundle).filter(|bundle| !bundle.is_empty()))
}

fn is_certificate(der: &[u8]) -> bool {
    (1..=CERTIFICATE_BYTES_MAX).contains(&der.len())
}

/// Module ids are instance ids with a suffix. Records show them, so control characters are refused.
fn is_module_id(id: &str) -> bool {
    (1..=MODULE_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
