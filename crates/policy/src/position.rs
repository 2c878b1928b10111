//! Where the statements of a policy stand in its text.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A place in a text. Lines and columns count from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// From where to where each statement of a policy reaches, in their order. Nothing for a text that is no policy.
///
/// AWS's places are those that its JSON parser was at: a statement of a list begins behind what precedes it (the
/// bracket, or the statement before), one that stands alone behind its brace, and both end behind theirs.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>
#[must_use]
pub fn positions(text: &str) -> Vec<(Position, Position)> {
    let Ok(Document { statement }) = serde_json::from_str::<Document<'_>>(text) else { return Vec::new() };
    let offset = |part: &str| (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let start = offset(statement.get()).saturating_add(1);
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(statement.get()) else {
        let end = offset(statement.get()).saturating_add(statement.get().len());
        return vec![(position(text, start), position(text, end))];
    };
    let mut from = start;
    let mut places = Vec::with_capacity(list.len());
    for one in list {
        let to = offset(one.get()).saturating_add(one.get().len());
        places.push((position(text, from), position(text, to)));
        from = to;
    }
    places
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    #[serde(borrow)]
    statement: &'a RawValue,
}

/// The place at a byte of the text.
fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position {
        line: before.matches('\n').count().saturating_add(1),
        column: line.chars().count().saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Vec<[usize; 4]> {
        let flat = |(start, end): (Position, Position)| [start.line, start.column, end.line, end.column];
        positions(text).into_iter().map(flat).collect()
    }

    #[test]
    fn statements_begin_and_end_where_aws_says() {
        // The layout of the examples in the CLI's reference.
        let listed = "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Effect\": 1\n        },\n        {}\n    ]\n}";
        assert_eq!(at(listed), [[3, 19, 6, 10], [6, 10, 7, 11]]);
        let alone = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow"}}"#;
        assert_eq!(at(alone), [[1, 38, 1, 55]]);
        let letters = "{\"Id\":\"äö\",\"Statement\":[{}]}";
        assert_eq!(at(letters), [[1, 25, 1, 27]]);
        for other in ["", "[]", "{}", r#"{"Id":"x"}"#] {
            assert_eq!(at(other), [[0; 4]; 0], "{other}");
        }
    }
}
