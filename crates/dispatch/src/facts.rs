//! What is known of an operation without running it.

/// What is known of an operation without running it.
#[derive(Debug)]
pub struct Facts {
    /// Its name in the API.
    pub name: &'static str,
    /// Whether CloudTrail calls it read-only.
    pub read_only: bool,
    /// Whether other services may call it for their users.
    pub forwarded: bool,
    /// Whether it works on what a service manages for its users, such as AWS managed keys.
    pub on_managed: bool,
    /// How fast an account may call it.
    pub rate: Rate,
    /// What records may show of its calls.
    pub shows: Shows,
    /// A request that is accepted as it stands once its placeholders are filled in; used by the tests that walk the
    /// table. `{key}` names a symmetric key, `{sign-key}` one of P-256 that signs, `{mac-key}` one of `HMAC_256`,
    /// `{agree-key}` one of P-256 that agrees, `{kem-key}` one of `ML_KEM_768`. `{ciphertext}`, `{signature}`, `{mac}`
    /// and `{kem-ciphertext}` are what these keys make, the second and third of the message `hello`;
    /// `{peer-public-key}` is another public key of P-256.
    pub example: &'static str,
}

/// What records may show of an operation's calls: names of members, as CloudTrail writes them. Whatever is named nowhere here
/// is in no record. `a.b` names the member `b` of `a` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shows {
    /// Members of the request.
    pub request: &'static [&'static str],
    /// Members of the answer.
    pub response: &'static [&'static str],
    /// What else is known of a call.
    pub additional: &'static [&'static str],
}

impl Shows {
    /// Nothing.
    pub const NOTHING: Self = Self { request: &[], response: &[], additional: &[] };
}

/// How fast an account may call an operation in a Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// As fast as it can.
    Unlimited,
    /// So many calls a second, counted for this operation alone.
    PerSecond(u32),
    /// As fast as all operations together that compute with keys of one kind.
    Cryptographic,
    /// As fast as all operations together that make data key pairs of one kind.
    DataKeyPair,
}

impl Facts {
    /// An operation that changes nothing, as CloudTrail sees it.
    #[must_use]
    pub const fn reading(name: &'static str, example: &'static str) -> Self {
        let (forwarded, on_managed) = (false, false);
        let (rate, shows) = (Rate::Unlimited, Shows::NOTHING);
        Self { name, read_only: true, forwarded, on_managed, rate, shows, example }
    }

    /// An operation that changes something.
    #[must_use]
    pub const fn changing(name: &'static str, example: &'static str) -> Self {
        Self { read_only: false, ..Self::reading(name, example) }
    }

    /// The same, and other services may call it for their users.
    #[must_use]
    pub const fn forwarded(self) -> Self {
        Self { forwarded: true, ..self }
    }

    /// The same, and it works on what a service manages for its users.
    #[must_use]
    pub const fn on_managed(self) -> Self {
        Self { on_managed: true, ..self }
    }

    /// The same, and records show these members of requests.
    #[must_use]
    pub const fn shows(self, request: &'static [&'static str]) -> Self {
        Self { shows: Shows { request, ..self.shows }, ..self }
    }

    /// The same, and records show these members of answers.
    #[must_use]
    pub const fn answers(self, response: &'static [&'static str]) -> Self {
        Self { shows: Shows { response, ..self.shows }, ..self }
    }

    /// The same, and records show this beside request and answer.
    #[must_use]
    pub const fn adds(self, additional: &'static [&'static str]) -> Self {
        Self { shows: Shows { additional, ..self.shows }, ..self }
    }

    /// The same, and an account may call it this fast.
    #[must_use]
    pub const fn at(self, rate: Rate) -> Self {
        Self { rate, ..self }
    }
}
