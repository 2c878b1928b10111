//! Rust as tokens, for rules that ask what a file defines and what it names.

/// A word, `::`, or any other sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// The tokens of a text. Comments, what is in quotes, and lifetimes are left out.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut rest, mut line) = (text, 1);
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let (passed, length) = match skipped(rest) {
            Some(length) => (true, length),
            None => (false, word(rest)),
        };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if !passed && !piece.starts_with(char::is_whitespace) {
            tokens.push(Token { text: piece, line });
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Without the items that only tests have.
pub(super) fn shipped<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let [first, after @ ..] = rest {
        rest = match attribute(rest) {
            Some((attribute, item)) if is_for_tests(attribute) => after_item(item),
            _ => {
                kept.push(*first);
                after
            }
        };
    }
    kept
}

/// Whether a token is a name.
pub(super) fn is_name(token: &Token<'_>) -> bool {
    token.text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// What an attribute at the beginning says, and what comes after it.
pub(super) fn attribute<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(&'t [Token<'a>], &'t [Token<'a>])> {
    let [hash, rest @ ..] = tokens else { return None };
    let opens = hash.text == "#" && rest.first().is_some_and(|token| token.text == "[");
    opens.then(|| rest.split_at(group(rest)))
}

/// How many tokens a group takes that opens with the first token, with its closing sign.
pub(super) fn group(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

fn is_for_tests(attribute: &[Token<'_>]) -> bool {
    let says = |word: &str| attribute.iter().any(|token| token.text == word);
    attribute.get(1).is_some_and(|token| token.text == "cfg") && says("test") && !says("not")
}

/// What comes after the item at the beginning: after its semicolon, or after its braces.
fn after_item<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut rest = tokens;
    while let [first, after @ ..] = rest {
        rest = match first.text {
            ";" => return after,
            "}" => return rest,
            "(" | "[" | "{" => rest.get(group(rest)..).unwrap_or_default(),
            _ => after,
        };
        let semicolon = rest.first().is_some_and(|token| token.text == ";");
        if first.text == "{" && !semicolon {
            return rest;
        }
    }
    rest
}

/// The length of what is not code at the beginning of a text.
fn skipped(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(comment(text));
    }
    let unprefixed = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - unprefixed.len();
    let is_raw = text.get(..prefix).is_some_and(|prefix| prefix.ends_with('r'));
    let signs = unprefixed.len() - unprefixed.trim_start_matches('#').len();
    if is_raw && prefix <= 2 && unprefixed.trim_start_matches('#').starts_with('"') {
        let end = format!("\"{}", "#".repeat(signs));
        let opening = prefix + signs + 1;
        let inside = text.get(opening..)?;
        return Some(inside.find(&end).map_or(text.len(), |at| opening + at + end.len()));
    }
    if prefix <= 1 && !is_raw && unprefixed.starts_with('"') {
        return Some(prefix + quoted(unprefixed, '"'));
    }
    if prefix <= 1 && !is_raw && unprefixed.starts_with('\'') {
        return Some(prefix + character(unprefixed));
    }
    None
}

/// The length of a comment that may have others inside.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(next) = rest.find(['/', '*']) else { return text.len() };
        let sign = rest.get(next..next + 2).unwrap_or_default();
        at += next + if matches!(sign, "/*" | "*/") { 2 } else { 1 };
        match sign {
            "/*" => depth += 1,
            "*/" if depth == 1 => return at,
            "*/" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// The length of text in quotes, with both.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character in quotes or of a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.chars().skip(1);
    match (letters.next(), letters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(text, '\''),
        _ => 1 + word(text.get(1..).unwrap_or_default()),
    }
}

/// The length of the word at the beginning of a text, or of the sign.
fn word(text: &str) -> usize {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let raw = if text.starts_with("r#") { 2 } else { 0 };
    let name = text.get(raw..).unwrap_or_default();
    match name.find(|letter: char| !is_part(letter)).unwrap_or(name.len()) {
        0 if text.starts_with("::") => 2,
        0 => text.chars().next().map_or(1, char::len_utf8),
        length => raw + length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_quotes_and_lifetimes_are_left_out() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(words(r##"a "b \" c" d r#"e " f"# g b"h" br"i" j"##), ["a", "d", "g", "j"]);
        assert_eq!(words(r"'a' '\'' b'x' f<'a>('\u{41}', 'ä')"), ["f", "<", ">", "(", ",", ")"]);
        assert_eq!(words("&'static str; b::c r#type"), ["&", "str", ";", "b", "::", "c", "r#type"]);
        assert_eq!(words("\"never closed"), Vec::<&str>::new());
    }

    #[test]
    fn lines_are_counted_through_what_is_left_out() {
        let lines: Vec<usize> = tokens("a\n\"x\ny\" b\n/*\n*/\nc").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 6]);
    }

    #[test]
    fn what_only_tests_have_is_left_out() {
        let text = "a #[cfg(test)] use b::{c}; d #[cfg(test)] #[x] mod e { f { g } } h \
                    #[cfg(test)] fn i(j: [u8; 2]) { k } #[cfg(not(test))] fn l() {}";
        let kept = shipped(&tokens(text));
        let names: Vec<&str> = kept.iter().filter(|token| is_name(token)).map(|token| token.text).collect();
        assert_eq!(names, ["a", "d", "h", "cfg", "not", "test", "fn", "l"]);
    }
}
