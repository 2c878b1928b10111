//! A text of a record.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// A text of a record: its own, or somebody else's, such as one among the bytes that the record was read from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct RecordedText<'a>(Cow<'a, str>);

impl RecordedText<'_> {
    /// The same text, shared.
    #[must_use]
    pub fn borrowed(&self) -> RecordedText<'_> {
        RecordedText(Cow::Borrowed(&self.0))
    }

    /// The text as its own.
    #[must_use]
    pub fn into_owned(self) -> String {
        self.0.into_owned()
    }

    /// Shortens it to at most `bytes_max` bytes, at the end of a character.
    pub(crate) fn cut(&mut self, bytes_max: usize) {
        if self.len() > bytes_max {
            let end = self.floor_char_boundary(bytes_max);
            match &mut self.0 {
                Cow::Borrowed(borrowed) => *borrowed = borrowed.get(..end).unwrap_or_default(),
                Cow::Owned(owned) => owned.truncate(end),
            }
        }
    }
}

impl Deref for RecordedText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecordedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for RecordedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl PartialEq<str> for RecordedText<'_> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for RecordedText<'_> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialEq<String> for RecordedText<'_> {
    fn eq(&self, other: &String) -> bool {
        **self == **other
    }
}

impl<'a, T: Into<Cow<'a, str>>> From<T> for RecordedText<'a> {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl<C> Encode<C> for RecordedText<'_> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(self)?.ok()
    }
}

impl<'a, 'b: 'a, C> Decode<'b, C> for RecordedText<'a> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        d.str().map(Self::from)
    }
}
