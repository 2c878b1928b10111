//! Members of requests and answers, as records have them.

use audit::{RecordedText, Value};
use model::shown::{Structure, Visible};

/// Members of a record, by their names.
pub(crate) type Noted = Vec<(RecordedText<'static>, Value<'static>)>;

/// The members that are named and there. `a.b` names the member `b` of `a` alone.
pub(crate) fn shown(members: &dyn Structure, names: &[&'static str]) -> Noted {
    let mut noted = Vec::with_capacity(names.len());
    if names.is_empty() {
        return noted;
    }
    members.each(&mut |wire, member| {
        let Some(name) = names.iter().map(|name| first(name)).find(|name| is_called(wire, name)) else {
            return;
        };
        if names.contains(&name) {
            noted.push((name.into(), value(member.shown())));
        } else if let Visible::Structure(inner) = member.shown() {
            let parts: Vec<_> =
                names.iter().filter_map(|part| part.strip_prefix(name)?.strip_prefix('.')).collect();
            noted.push((name.into(), Value::Members(shown(inner, &parts))));
        }
    });
    noted
}

/// Whether a list of names has this member of a record, or a part of it.
pub(crate) fn names(names: &[&'static str], member: &str) -> bool {
    names.iter().any(|name| first(name) == member)
}

/// Bytes of a text that is recorded as it is. All texts within their limits have less, white space of policies aside.
const TEXT_BYTES: usize = 32 * 1024;

/// A longer text is recorded without its white space. What is longer still is nothing that a request can say, and the rest
/// of the record is not given up for it.
fn text(text: &str) -> Value<'static> {
    let dense = || text.chars().filter(|character| !character.is_whitespace()).collect::<String>();
    let noted = if text.len() <= TEXT_BYTES { text.to_owned() } else { dense() };
    if noted.len() <= TEXT_BYTES { noted.into() } else { format!("{} bytes", text.len()).into() }
}

fn value(shown: Visible<'_>) -> Value<'static> {
    match shown {
        Visible::Text(shown) => text(shown),
        Visible::Number(number) => number.into(),
        Visible::Truth(truth) => truth.into(),
        Visible::Time(time) => time.as_millis().into(),
        Visible::List(items) => Value::list(items.into_iter().map(value)),
        Visible::Structure(members) => {
            let mut noted = Vec::new();
            members.each(&mut |wire, member| noted.push((called(wire).into(), value(member.shown()))));
            Value::Members(noted)
        }
    }
}

/// The name that CloudTrail gives to a member: its first letter is small, whatever follows.
fn called(wire: &str) -> String {
    let mut name = wire.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

/// Whether a member of the wire has this name in CloudTrail.
fn is_called(wire: &str, name: &str) -> bool {
    match (wire.split_at_checked(1), name.split_at_checked(1)) {
        (Some((first, wire)), Some((small, name))) => first.eq_ignore_ascii_case(small) && wire == name,
        _ => false,
    }
}

fn first(name: &'static str) -> &'static str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

#[cfg(test)]
mod tests {
    use model::{
        Timestamp,
        kms::{KeyMetadata, Tag, TagResourceRequest},
        sts::{AssumeRoleResponse, Credentials},
    };
    use secret::Plaintext;

    use super::*;

    #[test]
    fn members_have_cloudtrails_names() {
        let metadata = KeyMetadata {
            aws_account_id: Some("111122223333".to_owned()),
            key_id: "k".to_owned(),
            enabled: Some(true),
            creation_date: Some(Timestamp::from_millis(7)),
            ..KeyMetadata::default()
        };
        let all = Value::Members(vec![
            ("aWSAccountId".into(), "111122223333".into()),
            ("keyId".into(), "k".into()),
            ("creationDate".into(), 7.into()),
            ("enabled".into(), true.into()),
        ]);
        assert_eq!(value(Visible::Structure(&metadata)), all);
        assert_eq!(shown(&metadata, &["enabled"]), [("enabled".into(), true.into())]);
        let tag = Tag { tag_key: "a".to_owned(), tag_value: "b".to_owned() };
        let request = TagResourceRequest { key_id: "k".to_owned(), tags: vec![tag] };
        let tags = Value::List(vec![Value::map([("tagKey", "a"), ("tagValue", "b")])]);
        assert_eq!(shown(&request, &["tags", "grantTokens"]), [("tags".into(), tags)]);
    }

    #[test]
    fn of_a_structure_the_named_parts_are_shown_alone() {
        let credentials = Credentials {
            access_key_id: "ASIA".to_owned(),
            secret_access_key: Plaintext::new(b"secret".to_vec()),
            session_token: "token".to_owned(),
            expiration: Timestamp::from_millis(7),
        };
        let answer = AssumeRoleResponse { credentials: Some(credentials), ..AssumeRoleResponse::default() };
        let parts = ["credentials.accessKeyId", "credentials.expiration"];
        let expected =
            Value::Members(vec![("accessKeyId".into(), "ASIA".into()), ("expiration".into(), 7.into())]);
        assert_eq!(shown(&answer, &parts), [("credentials".into(), expected)]);
        assert_eq!(shown(&answer, &["packedPolicySize", "credential"]), []);
    }

    #[test]
    fn of_long_texts_no_more_is_recorded_than_a_record_has_room_for() {
        let spaced = format!("{{}}{}", " ".repeat(TEXT_BYTES));
        assert_eq!(text(&spaced), "{}".into());
        assert_eq!(text(&"x".repeat(TEXT_BYTES)), "x".repeat(TEXT_BYTES).into());
        assert_eq!(text(&"x".repeat(TEXT_BYTES + 1)), "32769 bytes".into());
    }
}
