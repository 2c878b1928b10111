//! What can be told of a statement at a glance: most statements of a long policy are about other actions, and finding
//! that out should not cost a walk through each.

use crate::{Effect, Statement, pattern::Pattern, statement::Named};

/// A statement's effect, and what all actions begin with that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    effect: Effect,
    length: u8,
    /// In small letters.
    start: [u8; LETTERS],
}

/// So many that several heads fit in a line of the processor's memory.
const LETTERS: usize = 14;

impl Head {
    pub(crate) fn of(statement: &Statement) -> Self {
        let mut head = Self { effect: statement.effect, length: 0, start: [0; LETTERS] };
        // What is not about some actions is about all others, however they begin.
        let Some(Named { except: false, list }) = &statement.actions else { return head };
        let Some((first, others)) = list.split_first() else { return head };
        let shared = others.iter().fold(beginning(first).to_ascii_lowercase(), |shared, other| {
            let same = shared.bytes().zip(beginning(other).bytes());
            let length = same.take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count();
            shared.get(..length).unwrap_or_default().to_owned()
        });
        for (slot, letter) in head.start.iter_mut().zip(shared.bytes()) {
            *slot = letter;
            head.length += 1;
        }
        head
    }

    /// Whether a statement with this effect may be about the action. If not, it is not.
    pub(crate) fn may_be_about(&self, effect: Effect, action: &str) -> bool {
        let start = self.start.get(..usize::from(self.length)).unwrap_or_default();
        let begins = action.as_bytes().get(..start.len());
        // Other letters have other rules for what is the same in another case.
        self.effect == effect
            && (begins.is_some_and(|begins| begins.eq_ignore_ascii_case(start)) || !action.is_ascii())
    }
}

/// What every action begins with that a pattern matches: all before the first wildcard, as far as it is ASCII.
fn beginning(pattern: &Pattern) -> &str {
    let text = pattern.as_str();
    let end = text.find(|letter: char| matches!(letter, '*' | '?') || !letter.is_ascii());
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::{Policy, PolicyKind, effort::Effort};

    use super::*;

    #[test]
    fn a_head_never_hides_a_statement_that_covers() {
        let written = [
            r#""Action":"*""#,
            r#""Action":"kms:*""#,
            r#""Action":"KMS:Enc*""#,
            r#""Action":"kms:Encrypt""#,
            r#""Action":"kms:GenerateDataKeyWithoutPlaintext""#,
            r#""Action":["kms:Encrypt","kms:EnableKey"]"#,
            r#""Action":["kms:Encrypt","s3:GetObject"]"#,
            r#""Action":"k?s:encrypt""#,
            r#""Action":"\u212Ams:encrypt""#,
            r#""Action":"\u212Ams:*""#,
            r#""NotAction":"kms:Encrypt""#,
        ];
        let actions = [
            "kms:Encrypt",
            "KMS:encrypt",
            "kms:EnableKey",
            "kms:Decrypt",
            "s3:GetObject",
            "k",
            "\u{212A}ms:Encrypt",
        ];
        let mut hidden = 0;
        for written in written {
            let text = format!(r#"{{"Statement":{{"Effect":"Deny",{written},"Resource":"*"}}}}"#);
            let policy = Policy::parse(&text, PolicyKind::IdentityPolicy).unwrap();
            let statement = policy.statements().first().unwrap();
            let head = Head::of(statement);
            for action in actions {
                let may = head.may_be_about(Effect::Deny, action);
                assert!(may || !statement.covers_action(action, &Effort::none()), "{written} {action}");
                assert!(!head.may_be_about(Effect::Allow, action));
                hidden += usize::from(!may);
            }
        }
        assert_eq!(hidden, 20, "many are told at a glance");
    }
}
