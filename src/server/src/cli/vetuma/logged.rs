//! What was logged: messages in forms or JSON, one a line or all in one array.

use kassa_providers::vetuma::{Field, Kind, Message, latin1};
use serde_json::Value;

/// A message as it was logged. Its values are the bytes that were posted, one character each.
pub(super) struct Logged {
    /// The line, from 1; the place in an array.
    pub(super) line: usize,
    /// The fields in the order in which they stand there, without the MAC.
    pub(super) fields: Vec<(Field, String)>,
    /// The MAC, where there is one.
    pub(super) mac: String,
    /// What kind of message it is.
    pub(super) kind: Kind,
}

/// A line that is no message.
pub(super) struct Unread {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

impl Logged {
    pub(super) fn get(&self, field: Field) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(known, _)| *known == field);
        found.map(|(_, value)| value.as_str())
    }

    /// The message, where all of its characters may stand in one and its kind has its fields.
    pub(super) fn message(&self) -> Option<Message> {
        let pairs = self.fields.iter();
        let pairs = pairs.map(|(field, value)| (field.name(), value.as_str()));
        Message::of(self.kind, pairs).ok()
    }

    pub(super) const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::PayCall => "PAY call",
            Kind::PayAnswer => "PAY answer",
            Kind::CheckCall => "CHECK call",
            Kind::CheckAnswer => "CHECK answer",
            Kind::LoginCall => "LOGIN call",
            Kind::LoginAnswer => "LOGIN answer",
        }
    }
}

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> (Vec<Logged>, Vec<Unread>) {
    if let Ok(Value::Array(list)) = serde_json::from_slice(bytes) {
        return split((1..).zip(list.iter().map(of_json)));
    }
    // A log may have lines of whatever encoding around the messages.
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = (1..)
        .zip(lines)
        .filter(|(_, line)| !line.trim_ascii().is_empty());
    split(lines.map(|(number, line)| (number, of_line(line.trim_ascii()))))
}

/// Names and values, still without a kind.
type Pairs = Vec<(String, String)>;

fn split(
    lines: impl Iterator<Item = (usize, Result<Pairs, &'static str>)>,
) -> (Vec<Logged>, Vec<Unread>) {
    let (mut messages, mut unread) = (Vec::new(), Vec::new());
    for (line, read) in lines {
        match read.and_then(|pairs| logged(line, pairs)) {
            Ok(message) => messages.push(message),
            Err(why) => unread.push(Unread { line, why }),
        }
    }
    (messages, unread)
}

fn of_line(line: &[u8]) -> Result<Pairs, &'static str> {
    if line.first() == Some(&b'{') {
        let value = serde_json::from_slice(line);
        return of_json(&value.map_err(|_| "it begins as JSON and is none")?);
    }
    let words = line.split(u8::is_ascii_whitespace);
    let mut words = words.filter(|word| word.windows(6).any(|part| part == b"RCVID="));
    let form = words.next().ok_or("it holds no form with an RCVID")?;
    // What a log writes around it: a quotation mark, an address before a query.
    let begins = |at: &usize| {
        let rest = form.get(*at..).unwrap_or_default();
        let mut fields = Field::ALL.iter();
        fields.any(|field| {
            rest.strip_prefix(field.name().as_bytes())
                .is_some_and(|rest| rest.starts_with(b"="))
        })
    };
    let begin = (0..form.len()).find(begins).unwrap_or(0);
    let form = form.get(begin..).unwrap_or(form);
    let form = form.strip_suffix(b"\"").unwrap_or(form);
    let pairs = latin1::unescape_form(form).ok_or("its form cannot be decoded")?;
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect();
    Ok(pairs
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect())
}

/// An object of names and values; or one with a list `fields` of such, as test vectors have.
fn of_json(value: &Value) -> Result<Pairs, &'static str> {
    const WRONG: &str = "it is no JSON object of names and texts";
    let object = value.as_object().ok_or(WRONG)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let Some(fields) = object.get("fields").and_then(Value::as_array) else {
        let pairs = object.iter();
        let pairs = pairs.map(|(name, value)| Some((name.clone(), text(value)?)));
        return pairs.collect::<Option<_>>().ok_or(WRONG);
    };
    let pairs = fields.iter();
    let pairs = pairs.map(|pair| Some((text(pair.get("name")?)?, text(pair.get("value")?)?)));
    let mut pairs: Pairs = pairs.collect::<Option<_>>().ok_or(WRONG)?;
    let mac = ["received_mac", "mac"].iter();
    let mac = mac.filter_map(|name| object.get(*name)).find_map(text);
    pairs.extend(mac.map(|mac| (Field::Mac.name().to_owned(), mac)));
    Ok(pairs)
}

fn logged(line: usize, pairs: Pairs) -> Result<Logged, &'static str> {
    let mut fields: Vec<(Field, String)> = Vec::new();
    let mut mac = String::new();
    for (name, value) in pairs {
        let field = Field::from_name(&name).ok_or("it has a field that VETUMA does not know")?;
        if field == Field::Mac {
            mac = value;
        } else if fields.iter().any(|(known, _)| *known == field) {
            return Err("it has a field twice");
        } else {
            fields.push((field, value));
        }
    }
    let has = |field| fields.iter().any(|(known, _)| *known == field);
    let is = |field, text: &str| fields.contains(&(field, text.to_owned()));
    let kind = if is(Field::Type, "LOGIN") {
        Kind::LoginCall
    } else if has(Field::Au) {
        if is(Field::Au, "CHECK") {
            Kind::CheckCall
        } else {
            Kind::PayCall
        }
    } else if has(Field::PaymStatus) {
        Kind::CheckAnswer
    } else if has(Field::Userid) || has(Field::Subjectdata) {
        Kind::LoginAnswer
    } else if has(Field::Status) {
        Kind::PayAnswer
    } else {
        return Err("it is neither a call nor an answer");
    };
    Ok(Logged {
        line,
        fields,
        mac,
        kind,
    })
}
