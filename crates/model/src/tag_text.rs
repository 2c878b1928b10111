//! The characters of tags.

use std::sync::LazyLock;

use regex::Regex;

use crate::constraint::compile;

/// What AWS's services take, as IAM's model has it; KMS checks it without saying so in its model.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
static TAG_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"));

/// Whether a text can be the key or the value of a tag, as far as its characters go: letters, digits, white space, and
/// `_ . : / = + - @`.
#[must_use]
pub fn is_tag_text(text: &str) -> bool {
    TAG_TEXT.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Whether AWS keeps a tag key for itself: those that begin with `aws:`, in any case.
#[must_use]
pub fn is_reserved_tag_key(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_keeps_for_itself() {
        for (key, reserved) in [("aws:a", true), ("AwS:", true), ("aws", false), ("äws:", false), ("", false)]
        {
            assert_eq!(is_reserved_tag_key(key), reserved, "{key}");
        }
    }

    #[test]
    fn letters_digits_spaces_and_some_signs() {
        for text in ["", "Cost Center:team/x", "a+b=c@d.e_f-g \u{e9} \u{65e5}\u{672c} 1", "\u{a0}\u{2028}"] {
            assert!(is_tag_text(text), "{text}");
        }
        for text in ["a&b", "<x>", "a;b", "a\tb", "a\nb", "a,b", "\"", "\u{1f511}", "\0"] {
            assert!(!is_tag_text(text), "{text:?}");
        }
    }
}
