//! Bytes as small hexadecimal digits, and back.

use crate::arn::Malformed;

/// The digits of some bytes, two for each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]).map(char::from).collect()
}

/// The same on the stack, for as many digits as there are; longer input is cut, shorter leaves zeros.
pub(crate) fn digits<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut digits = [b'0'; N];
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 0xF)];
    }
    digits
}

/// Exactly `N` bytes from small hexadecimal digits.
pub(crate) fn unhex<const N: usize>(digits: &[u8]) -> Result<[u8; N], Malformed> {
    /// More than any digit, for what is none.
    const NONE: u8 = 0x10;
    let value = |digit: u8| match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => NONE,
    };
    let (pairs, odd) = digits.as_chunks::<2>();
    let (mut bytes, mut seen) = ([0; N], 0);
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (value(*high), value(*low));
        seen |= high | low;
        *byte = high << 4 | low;
    }
    if pairs.len() == N && odd.is_empty() && seen < NONE { Ok(bytes) } else { Err(Malformed) }
}

/// Without a branch or a table, so that several are made in one step.
const fn digit(nibble: u8) -> u8 {
    let letter = (9_u8.wrapping_sub(nibble) >> 7) * (b'a' - b'0' - 10);
    b'0' + nibble + letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_there_and_back() {
        let bytes: [u8; 256] = std::array::from_fn(|byte| byte as u8);
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex(&bytes), text);
        assert_eq!(digits::<512>(&bytes), text.as_bytes());
        assert_eq!(unhex(text.as_bytes()), Ok(bytes));
    }

    #[test]
    fn nothing_else_is_read() {
        for wrong in ["", "0", "000", "0000", "0g", "0A", "-1", " 0"] {
            assert_eq!(unhex::<1>(wrong.as_bytes()), Err(Malformed), "{wrong}");
        }
    }
}
