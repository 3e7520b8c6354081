//! How texts come in and answers go out: over one buffer that both sides write and read.
//!
//! JavaScript asks for [`room`], writes a text, or several with NUL between them, and calls with
//! the length in bytes. An answer lies at the buffer's start; the call gives its length, or the
//! length of a refusal as a negative number. Where the buffer lies is asked for once, and again
//! when an answer is longer than the room asked for.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// As much of the buffer is kept from call to call, in bytes: 64 KiB.
const KEPT: usize = 64 * 1024;

/// Makes room for so many bytes and tells where; what was there before may be gone.
#[wasm_bindgen]
#[must_use]
pub fn room(bytes: usize) -> *const u8 {
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.len() < bytes {
            buffer.resize(bytes, 0);
        } else if buffer.len() > KEPT && bytes <= KEPT {
            buffer.truncate(KEPT);
            buffer.shrink_to_fit();
        }
        buffer.as_ptr()
    })
}

/// Why there is no answer: what JavaScript throws as a `KassaError`.
pub struct Refusal {
    code: String,
    field: String,
    position: Option<usize>,
    message: String,
}

impl Refusal {
    /// A refusal with its stable code and the field that is to blame; empty when none is.
    #[must_use]
    pub fn new(code: &str, field: &str, message: &str) -> Self {
        Self {
            code: String::from(code),
            field: String::from(field),
            position: None,
            message: String::from(message),
        }
    }

    /// Arguments that the JavaScript half does not make: only a call around it gets here.
    fn shape() -> Self {
        let expected = "the length of a text that was written, in UTF-8";
        Self::new("argument/shape", "", expected)
    }

    /// Four lines: code, field, position, message. Only the last may have line breaks.
    fn into_text(self) -> String {
        let mut text = self.code;
        text.push('\n');
        text.push_str(&self.field);
        text.push('\n');
        if let Some(position) = self.position {
            push_number(&mut text, position as u64);
        }
        text.push('\n');
        text.push_str(&self.message);
        text
    }
}

impl From<viite::Error> for Refusal {
    fn from(error: viite::Error) -> Self {
        // By hand: what formats numbers and pads would be a third of the module.
        let mut message = String::from(error.subject().as_str());
        for reason in [Some(error.reason()), error.cause()].into_iter().flatten() {
            message.push_str(": ");
            message.push_str(reason.message());
        }
        if let Some(position) = error.position() {
            message.push_str(" (position ");
            push_number(&mut message, position as u64);
            message.push(')');
        }
        Self {
            code: error.code(),
            field: String::from(error.subject().as_str()),
            position: error.position(),
            message,
        }
    }
}

/// What a call answers with.
pub type Answer = Result<Vec<u8>, Refusal>;

/// Answers with what is made of the text in the buffer, which has this length.
///
/// Not generic, and `work` behind a reference: one copy of this serves all functions.
pub fn answer(length: usize, work: &dyn Fn(&str) -> Answer) -> i32 {
    BUFFER.with_borrow_mut(|buffer| {
        let answer = written(buffer, length)
            .ok_or_else(Refusal::shape)
            .and_then(work);
        match answer {
            Ok(bytes) => put(buffer, &bytes),
            Err(refusal) => -put(buffer, refusal.into_text().as_bytes()),
        }
    })
}

/// Answers with a text that is made of the one in the buffer.
pub fn answer_one(length: usize, work: fn(&str) -> Result<String, Refusal>) -> i32 {
    answer(length, &|text| work(text).map(String::into_bytes))
}

/// Several texts that were written as one, by name. The last one may hold NUL itself.
#[must_use]
pub fn named<const N: usize>(text: &str) -> [&str; N] {
    let mut all = [""; N];
    part(text, &mut all);
    all
}

fn part<'a>(text: &'a str, all: &mut [&'a str]) {
    let mut parts = text.splitn(all.len(), '\0');
    for to in all {
        *to = parts.next().unwrap_or_default();
    }
}

/// Answers a yes-or-no question about the one text in the buffer.
pub fn holds(length: usize, question: fn(&str) -> bool) -> bool {
    BUFFER.with_borrow(|buffer| written(buffer, length).is_some_and(question))
}

/// Joins parts with line feeds, which none of them holds.
#[must_use]
pub fn lines(parts: &[&str]) -> String {
    let mut text = String::new();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        text.push_str(part);
    }
    text
}

/// Writes a number in digits.
pub fn push_number(text: &mut String, number: u64) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    // A digit is below 10.
    let digit = u8::try_from(number % 10).unwrap_or_default();
    text.push(char::from(b'0' + digit));
}

/// The text that stands at the buffer's start.
fn written(buffer: &[u8], length: usize) -> Option<&str> {
    core::str::from_utf8(buffer.get(..length)?).ok()
}

fn put(buffer: &mut Vec<u8>, bytes: &[u8]) -> i32 {
    if buffer.len() < bytes.len() {
        buffer.resize(bytes.len(), 0);
    }
    for (to, from) in buffer.iter_mut().zip(bytes) {
        *to = *from;
    }
    i32::try_from(bytes.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{
        BUFFER, KEPT, Refusal, answer, answer_one, holds, lines, named, push_number, room,
    };

    /// What JavaScript does: writes, calls, reads.
    fn say(text: &str) -> usize {
        let _ = room(text.len());
        BUFFER.with_borrow_mut(|buffer| super::put(buffer, text.as_bytes()));
        text.len()
    }

    fn read(length: i32) -> String {
        let length = usize::try_from(length.abs()).unwrap();
        BUFFER.with_borrow(|buffer| String::from_utf8(buffer[..length].to_vec()).unwrap())
    }

    #[test]
    fn texts_are_told_apart_by_what_stands_between() {
        let length = say("a\nb\0\0ö\0");
        let length = answer(length, &|text| Ok(format!("{:?}", named::<3>(text)).into()));
        assert_eq!(read(length), r#"["a\nb", "", "ö\0"]"#);
        assert_eq!(named("a"), ["a", ""], "what is not there is empty");
    }

    #[test]
    fn a_refusal_is_four_lines_and_a_negative_length() {
        let length = answer_one(0, |_| Err(viite::Bic::parse("A-").unwrap_err().into()));
        assert!(length < 0);
        assert_eq!(
            read(length),
            "bic/character\nbic\n1\nbic: a character that is not allowed (position 1)"
        );
        let length = answer_one(0, |_| Err(Refusal::new("a/b", "", "c\nd")));
        assert_eq!(read(length), "a/b\n\n\nc\nd");
    }

    #[test]
    fn an_answer_longer_than_the_room_finds_its_own() {
        let _ = room(4);
        let length = answer_one(0, |_| Ok("x".repeat(100_000)));
        assert_eq!(read(length), "x".repeat(100_000));
        let _ = room(16);
        let left = BUFFER.with_borrow(Vec::len);
        assert_eq!(left, KEPT, "what was large is given back");
    }

    #[test]
    fn lengths_beyond_the_buffer_and_broken_text_are_refused() {
        let shape = |length: usize| {
            say("ö");
            read(answer(length, &|_| Ok(Vec::new()))).starts_with("argument/shape\n")
        };
        assert!(shape(usize::MAX));
        assert!(shape(1));
        say("ö");
        assert!(!holds(usize::MAX, |_| true));
        assert!(!holds(1, |_| true));
    }

    #[test]
    fn numbers_and_lines_are_written() {
        let mut text = String::new();
        for number in [0, 9, 10, u64::MAX] {
            push_number(&mut text, number);
            text.push(' ');
        }
        assert_eq!(text, "0 9 10 18446744073709551615 ");
        assert_eq!(lines(&["a", "", "b"]), "a\n\nb");
    }
}
