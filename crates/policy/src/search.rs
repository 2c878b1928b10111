//! Finding a run of letters and `?` in a text. Neither a run nor a text makes it slow: n letters are searched for a run
//! of k in a few n steps, or, where letter by letter would take more, in n · k / 64.

use std::borrow::Cow;

use crate::{
    effort::Effort,
    glob::{Letters, Step},
};

/// Letter by letter may take so many steps for each letter of the text; what needs more is done by places.
const STEPS_A_LETTER: usize = 5;
/// Places in a word.
const WORD: usize = u64::BITS as usize;
/// The least number of places that are looked at together.
const BLOCK: usize = 16 * WORD;

/// What follows a run where it is first found.
pub(crate) fn strip_through<'t>(
    run: &[Step<'_>],
    text: &'t str,
    letters: Letters,
    effort: &Effort,
) -> Option<&'t str> {
    // Between two `*`, a `?` at an end of a run says no more than that there is another letter.
    let is_one = |step: &&Step<'_>| **step == Step::One;
    let before = run.iter().take_while(is_one).count();
    if before == run.len() {
        return skip(text, before, effort);
    }
    let after = run.iter().rev().take_while(is_one).count();
    let core = run.get(before..run.len().saturating_sub(after))?;
    let text = skip(text, before, effort)?;
    let rest = if letters == Letters::Exact && !core.contains(&Step::One) {
        text_at_once(core, text, effort)?
    } else {
        letter_by_letter(core, text, letters, effort)?
    };
    skip(rest, after, effort)
}

/// What follows so many letters.
fn skip<'t>(text: &'t str, count: usize, effort: &Effort) -> Option<&'t str> {
    effort.take(count);
    let mut letters = text.chars();
    for _ in 0..count {
        letters.next()?;
    }
    Some(letters.as_str())
}

/// A run of texts is searched for as one text, by the standard library's linear search.
fn text_at_once<'t>(run: &[Step<'_>], text: &'t str, effort: &Effort) -> Option<&'t str> {
    let texts =
        || run.iter().filter_map(|step| if let Step::Text(text) = step { Some(&**text) } else { None });
    if effort.is_spent() || texts().map(str::len).sum::<usize>() > text.len() {
        return None;
    }
    let wanted = match run {
        [Step::Text(wanted)] => Cow::Borrowed(&**wanted),
        _ => Cow::Owned(texts().collect()),
    };
    let after = text.split_once(&*wanted).map(|(_, after)| after);
    let looked_at = text.len() - after.map_or(0, str::len);
    effort.take_bytes(looked_at).then_some(after)?
}

/// The fastest way for nearly all runs and texts, as most places fail at their first letter.
fn letter_by_letter<'t>(
    run: &[Step<'_>],
    text: &'t str,
    letters: Letters,
    effort: &Effort,
) -> Option<&'t str> {
    let begun = effort.taken();
    let mut from = text;
    loop {
        if let Some(after) = letters.strip_start(run, from, effort) {
            return Some(after);
        }
        let mut rest = from.chars();
        rest.next()?;
        from = rest.as_str();
        if !effort.take(1) {
            return None;
        }
        let passed = text.len() - from.len() + run.len();
        if effort.taken() - begun > STEPS_A_LETTER * passed {
            return by_places(run, from, letters, effort);
        }
    }
}

/// Looks at many places at once: a bit for each place where the run can still begin, and for each letter of the run the
/// bits of the places where the text has it, shifted by how far into the run it is. Takes as many places at a time as
/// the run has letters, so that a run that is found soon costs no more than the way to it.
fn by_places<'t>(run: &[Step<'_>], text: &'t str, letters: Letters, effort: &Effort) -> Option<&'t str> {
    let (wanted, length) = places_of_letters(run, text, letters, effort)?;
    let places = length.max(BLOCK);
    let mut rest = text;
    loop {
        let block = rest.chars().take(places + length - 1).map(|letter| letters.of(letter));
        let block: Vec<(char, usize)> = block.zip(0..).collect();
        if block.len() < length || effort.is_spent() {
            return None;
        }
        if let Some(place) = first_place(&wanted, length, block, effort) {
            return skip(rest, place + length, effort);
        }
        rest = skip(rest, places, effort)?;
    }
}

/// The letters of a run, each with its place in it and sorted, and the run's length; nothing for one that is longer
/// than the text.
fn places_of_letters(
    run: &[Step<'_>],
    text: &str,
    letters: Letters,
    effort: &Effort,
) -> Option<(Vec<(char, usize)>, usize)> {
    let mut wanted = Vec::new();
    let mut length: usize = 0;
    for step in run {
        match step {
            Step::Text(part) if part.len() > text.len() => return None,
            Step::Text(part) => {
                let known = wanted.len();
                wanted.extend(part.chars().map(|letter| letters.of(letter)).zip(length..));
                length += wanted.len() - known;
            }
            Step::One | Step::Many => length += 1,
        }
        if length > text.len() {
            return None;
        }
    }
    wanted.sort_unstable();
    effort.take(2 * length).then_some((wanted, length))
}

/// The first place where a run of this length begins in a block of letters that come with their places.
fn first_place(
    wanted: &[(char, usize)],
    length: usize,
    mut block: Vec<(char, usize)>,
    effort: &Effort,
) -> Option<usize> {
    let places = (block.len() + 1).checked_sub(length)?;
    let mut open = vec![u64::MAX; places.div_ceil(WORD)];
    if let Some(last) = open.last_mut() {
        *last >>= (WORD - places % WORD) % WORD;
    }
    // A word more than the block has, so that each word has one behind it.
    let mut there = vec![0_u64; block.len() / WORD + 2];
    effort.take(2 * block.len());
    block.sort_unstable();
    for same in wanted.chunk_by(|one, other| one.0 == other.0) {
        let letter = same.first()?.0;
        there.fill(0);
        let first = block.partition_point(|found| found.0 < letter);
        for (_, place) in block.iter().skip(first).take_while(|found| found.0 == letter) {
            if let Some(word) = there.get_mut(place / WORD) {
                *word |= 1 << (place % WORD);
            }
        }
        for (_, offset) in same {
            keep(&mut open, &there, *offset);
            if !effort.take(open.len()) {
                return None;
            }
        }
        if !effort.take(there.len()) || open.iter().all(|word| *word == 0) {
            return None;
        }
    }
    let (word, number) = open.iter().zip(0..).find(|(word, _)| **word != 0)?;
    Some(number * WORD + word.trailing_zeros() as usize)
}

/// Keeps the places from which so many places further there is a bit.
fn keep(open: &mut [u64], there: &[u64], offset: usize) {
    let bits = offset % WORD;
    let shifted = there.get(offset / WORD..).unwrap_or_default();
    for (open, pair) in open.iter_mut().zip(shifted.windows(2)) {
        if let [low, high] = pair {
            *open &= low >> bits | (high << 1) << (WORD - 1 - bits);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::glob::glob;

    fn steps(pattern: &str) -> Vec<Step<'static>> {
        let mut steps = Vec::new();
        for letter in pattern.chars() {
            match (letter, steps.last_mut()) {
                ('*', _) => steps.push(Step::Many),
                ('?', _) => steps.push(Step::One),
                (letter, Some(Step::Text(text))) => text.to_mut().push(letter),
                (letter, _) => steps.push(Step::Text(Cow::Owned(letter.to_string()))),
            }
        }
        steps
    }

    /// For each end of the pattern, the ends of the text that it matches.
    fn by_table(pattern: &str, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let mut ends = vec![false; text.len() + 1];
        ends[0] = true;
        for wanted in pattern.chars() {
            let before = ends.clone();
            ends[0] = before[0] && wanted == '*';
            for end in 1..ends.len() {
                ends[end] = match wanted {
                    '*' => before[end] || ends[end - 1],
                    '?' => before[end - 1],
                    letter => before[end - 1] && text[end - 1] == letter,
                };
            }
        }
        ends[text.len()]
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_it_matches_by_the_book(pattern in "[aab?é*]{0,40}", text in "[aabé]{0,300}") {
            let found = glob(&steps(&pattern), &text, Letters::Exact, &Effort::none());
            prop_assert_eq!(found, by_table(&pattern, &text));
            let folded = glob(&steps(&pattern), &text.to_ascii_uppercase(), Letters::Folded, &Effort::none());
            prop_assert_eq!(folded, found);
        }

        /// The text is longer than what is looked at together, and the run crosses from one such part to the next.
        #[test]
        fn by_places_a_run_is_found_where_it_is_first(
            run in "[a?é][a?]{0,200}[a?b]", before in 0_usize..3000, repeat in "[aaaé]{1,9}", after in "[ab]{0,99}",
        ) {
            let text = repeat.repeat(before / repeat.len() + 1) + &run.replace('?', "é") + &after;
            let at = |from: &str| Letters::Exact.strip_start(&steps(&run), from, &Effort::none()).map(str::len);
            let first = text.char_indices().find_map(|(place, _)| at(text.get(place..)?));
            let found = by_places(&steps(&run), &text, Letters::Exact, &Effort::none());
            prop_assert_eq!(found.map(str::len), first);
        }
    }

    #[test]
    fn a_hostile_pattern_takes_little_more_steps_than_the_text_has_letters() {
        let many = "a".repeat(60_000);
        let halves = format!("{}b{}", "a".repeat(30_000), "a".repeat(30_000));
        let varied: String = ('a'..='z').cycle().take(60_000).collect();
        for pattern in [
            format!("*{}b*", "a?".repeat(800)),
            format!("*{}b*", "?a".repeat(3000)),
            format!("*{}b", ("a?".repeat(3) + "*").repeat(180)),
            format!("{}b", "*a".repeat(800)),
            format!("*{}b", "?".repeat(1600)),
            format!("*{}b*", "?".repeat(1600)),
            format!("*{}b{}*", "a?".repeat(400), "?a".repeat(400)),
            format!("*{}c*", "a".repeat(1600)),
            format!("*{}*{}c*", "a?".repeat(800), "aa?".repeat(500)),
            format!("*{}!*", ('a'..='z').map(|letter| format!("{letter}?")).collect::<String>().repeat(60)),
            format!("*{}*", "a?b*".repeat(700)),
        ] {
            let steps = steps(&pattern);
            for text in [&many, &halves, &varied] {
                for letters in [Letters::Exact, Letters::Folded] {
                    let effort = Effort::none();
                    glob(&steps, text, letters, &effort);
                    let most = text.len() * (8 + pattern.len() / 64);
                    assert!(effort.taken() <= most, "{} of {most} steps for {pattern:.20}…", effort.taken());
                }
            }
        }
    }
}
