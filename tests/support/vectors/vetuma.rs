//! Runs the files `vetuma-*.json` through `kassa-providers` and `kassa-keys`.

use std::collections::{BTreeMap, HashSet};

use kassa_checkout::{
    Amount, Language, Timestamp,
    message::{Algorithm, Purpose, Refused, Signature, Signer},
    provider::BrowserForm,
};
use kassa_keys::{Keyring, Sha256SuffixKey, SharedSecrets, Validity};
use kassa_providers::vetuma::{
    Addresses, Field, Function, Head, Kind, Message, Outcome, PayAnswer, PayCall, Profile,
    ReturnAddress, body, mac_text, receive,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::Report;

/// The file whose messages the third kind of file is about, where its folder has none.
const OWN: &str = include_str!("../../vectors/vetuma-mac.json");

/// Why a test of the third kind of file is left out.
const NOT_HERE: &str = "the message that it is about is in no file here";

/// A run, and what is worth knowing about single tests: how many, and what.
pub type Run = (Report, Vec<String>);

/// Runs a file of the format of `vetuma-mac.json`: the text, the MAC, and the way over the wire
/// and back.
#[must_use]
pub fn mac(file: &Value) -> Run {
    run(file, mac_one)
}

/// Runs a file of the format of `vetuma-must-reject.json`.
#[must_use]
pub fn refuse(file: &Value) -> Run {
    run(file, refuse_one)
}

/// Runs a file of the format of `vetuma-valid-mac-but-must-not-book.json`. `messages` are tests of
/// the first format, which its own tests name.
#[must_use]
pub fn not_book(file: &Value, messages: &[Value]) -> Run {
    let known = match Known::read(messages) {
        Ok(known) => known,
        Err(error) => return failed(error),
    };
    let (mut report, mut notes) = run(file, |test| not_book_one(&known, test));
    // Counted where it shows: nothing was compared.
    notes.retain(|note| !note.ends_with(NOT_HERE));
    let missing = |test: &NotBooked| test.names().any(|name| known.get(name).is_none());
    let tests = file.get("tests").and_then(Value::as_array);
    let tests = tests.into_iter().flatten();
    let left_out =
        tests.filter(|test| NotBooked::deserialize(*test).is_ok_and(|test| missing(&test)));
    report.skipped = left_out.count();
    report.passed -= report.skipped;
    if report.skipped > 0 {
        notes.push(NOT_HERE.to_owned());
    }
    (report, notes)
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Signed {
    kind: String,
    function: String,
    secret: String,
    fields: Vec<Pair>,
    mac_base_string: String,
    mac_base_latin1_hex: Option<String>,
    mac_if_utf8_was_used_wrongly: Option<String>,
    mac: String,
}

#[derive(Deserialize)]
struct Refusal {
    secret: String,
    fields: Vec<Pair>,
    received_mac: String,
}

#[derive(Deserialize)]
struct NotBooked {
    based_on: String,
    posted_to: String,
    expected_call: Option<String>,
    expected_trid: Option<String>,
}

impl NotBooked {
    /// The messages that it names.
    fn names(&self) -> impl Iterator<Item = &str> {
        [Some(&self.based_on), self.expected_call.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

impl Signed {
    fn message_kind(&self) -> Option<Kind> {
        let (service, function) = self.function.split_once('/')?;
        let function = Function::from_codes(service, function)?;
        let mut kinds = Kind::ALL.into_iter();
        kinds.find(|kind| kind.function() == function && kind.is_call() == (self.kind == "request"))
    }

    fn purpose(&self) -> Purpose {
        if self.function.starts_with("LOGIN") {
            Purpose::Identification
        } else {
            Purpose::Payment
        }
    }

    fn message(&self) -> Result<Message, String> {
        message(&self.fields)
    }
}

/// What a test came to: nothing to say, or a note.
type Outcomes = Result<Option<String>, String>;

fn mac_one(test: &Signed) -> Outcomes {
    let message = test.message()?;
    let mut text = message.signing_input();
    let key = key(&test.secret)?;
    let mac = mac_text(&Signature(key.sign(&text)));
    text.extend(test.secret.bytes().chain([b'&']));
    let wanted = latin1(&test.mac_base_string).ok_or("mac_base_string is no ISO-8859-1")?;
    same("mac_base_string", &text, &wanted)?;
    if let Some(hex) = &test.mac_base_latin1_hex {
        let ours: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
        same("mac_base_latin1_hex", ours.as_bytes(), hex.as_bytes())?;
    }
    same("mac", mac.as_bytes(), test.mac.as_bytes())?;
    if test.mac_if_utf8_was_used_wrongly.as_ref() == Some(&mac) {
        return Err("the MAC is the one over UTF-8".to_owned());
    }
    match test.message_kind() {
        None => Ok(Some(format!(
            "the MAC alone: no messages of {}",
            test.function
        ))),
        Some(kind) => there_and_back(kind, &message, test),
    }
}

/// The message as a form, and read and verified again.
fn there_and_back(kind: Kind, message: &Message, test: &Signed) -> Outcomes {
    let form = match message.to_form(kind, "https://vetuma.example/") {
        Ok(form) => form,
        Err(error) => return Ok(Some(format!("the MAC alone: {error}"))),
    };
    let keyring = keyring(&test.secret, test.purpose())?;
    let account = keyring.account("shop", "vetuma");
    let signed = form.sign(&account).map_err(|error| error.to_string())?;
    let text = body(&signed.into_message());
    let claimed = Message::claim(kind, text.as_bytes()).map_err(|error| error.to_string())?;
    let verified = claimed
        .verify(&account)
        .map_err(|error| error.to_string())?;
    if verified.get() == message {
        Ok(None)
    } else {
        Err("read back as another message".to_owned())
    }
}

fn refuse_one(test: &Refusal) -> Outcomes {
    let kind = kind_by_fields(&test.fields);
    let keyring = keyring(&test.secret, kind.function().purpose())?;
    let text = posted(&test.fields, &test.received_mac);
    let Some(text) = text else {
        return Ok(Some("refused before the MAC: no ISO-8859-1".to_owned()));
    };
    match Message::claim(kind, text.as_bytes()) {
        Err(error) => Ok(Some(format!("refused before the MAC: {error}"))),
        Ok(claimed) => match claimed.verify(&keyring.account("shop", "vetuma")) {
            Err(Refused::Signature) => Ok(None),
            Err(Refused::Content(error)) => Ok(Some(format!("refused after the MAC: {error}"))),
            Ok(_) => Err("it was taken".to_owned()),
        },
    }
}

/// What the third kind of file refers to.
struct Known {
    messages: BTreeMap<String, Signed>,
    secrets: SharedSecrets,
}

impl Known {
    fn read(messages: &[Value]) -> Result<Self, String> {
        let mut known = BTreeMap::new();
        let mut secrets = SharedSecrets::default();
        let mut added = HashSet::new();
        for test in messages {
            let name = test.get("name").and_then(Value::as_str).unwrap_or_default();
            let signed = Signed::deserialize(test).map_err(|error| error.to_string())?;
            if added.insert(signed.secret.clone()) {
                let key = key(&signed.secret)?;
                let purpose = signed.purpose();
                let added = secrets.add(purpose, key, Validity::default());
                added.map_err(|error| error.to_string())?;
            }
            known.insert(name.to_owned(), signed);
        }
        Ok(Self {
            messages: known,
            secrets,
        })
    }

    fn get(&self, name: &str) -> Option<&Signed> {
        self.messages.get(name)
    }
}

fn not_book_one(known: &Known, test: &NotBooked) -> Outcomes {
    if test.names().any(|name| known.get(name).is_none()) {
        return Ok(Some(NOT_HERE.to_owned()));
    }
    let signed = known.get(&test.based_on).ok_or(NOT_HERE)?;
    let answer = signed.message()?;
    let key = key(&signed.secret)?;
    let right = mac_text(&Signature(key.sign(&answer.signing_input())));
    same("mac", signed.mac.as_bytes(), right.as_bytes())?;
    let hit = ReturnAddress::ALL.into_iter();
    let hit = hit
        .into_iter()
        .find(|hit| hit.field().name() == test.posted_to);
    let hit = hit.ok_or_else(|| format!("posted_to: {}", test.posted_to))?;
    let mut call = match &test.expected_call {
        Some(name) => PayCall::read(&known.get(name).ok_or(NOT_HERE)?.message()?, Profile::V3)
            .map_err(|error| error.to_string())?,
        None => answered(&answer),
    };
    if let Some(transaction) = &test.expected_trid {
        call.head.transaction = Some(transaction.clone());
    }
    let text = posted(&signed.fields, &signed.mac).ok_or("no ISO-8859-1")?;
    match handle(known, text.as_bytes(), hit, &call) {
        Ok(Outcome::Done) => Err("it was booked".to_owned()),
        Ok(other) => Ok(Some(format!("booked nothing: {other:?}"))),
        Err(why) => Ok(Some(format!("booked nothing: {why}"))),
    }
}

/// A shop's handler of payment answers.
fn handle(
    known: &Known,
    body: &[u8],
    hit: ReturnAddress,
    call: &PayCall,
) -> Result<Outcome, String> {
    let read = || Message::claim(Kind::PayAnswer, body).map_err(|error| error.to_string());
    let rcvid = read()?.routing_hint().to_owned();
    // Whatever the message says, the clock is at the time of the call that it should answer.
    let now = |answer: &PayAnswer| {
        let instants = answer.head.time.instants();
        instants
            .first()
            .copied()
            .unwrap_or(Timestamp::from_millis(0))
    };
    let at = Timestamp::from_millis(0);
    for secret in known.secrets.find(&rcvid, Purpose::Payment, at) {
        if let Ok(verified) = read()?.verify(&secret) {
            let answer = PayAnswer::read(verified.get()).map_err(|error| error.to_string())?;
            let outcome = receive(&answer, hit, call, now(&answer));
            return outcome.map_err(|error| error.to_string());
        }
    }
    Err("no secret of ours for payments".to_owned())
}

/// The call that an answer fits.
fn answered(answer: &Message) -> PayCall {
    let text = |field| answer.get(field).unwrap_or_default().to_owned();
    let some = |field| answer.get(field).map(str::to_owned);
    let head = PayAnswer::read(answer).map(|answer| answer.head).ok();
    let one_cent = Amount::from_cents(1).ok();
    PayCall {
        head: Head {
            rcvid: text(Field::Rcvid),
            app_id: "shop".to_owned(),
            time: head.as_ref().map_or_else(
                || kassa_providers::vetuma::Timestmp::of(Timestamp::from_millis(0)),
                |head| head.time.clone(),
            ),
            method: None,
            methods: Vec::new(),
            language: head.map_or(Language::Fi, |head| head.language),
            addresses: Addresses {
                success: text(Field::Returl),
                cancel: text(Field::Canurl),
                error: text(Field::Errurl),
            },
            configuration: "SHOP".to_owned(),
            transaction: some(Field::Trid),
        },
        amount: one_cent.unwrap_or_else(|| unreachable!("a cent is a sum")),
        reference: some(Field::Ref),
        order_number: some(Field::Ordnr),
        app_name: None,
        to_buyer: None,
        to_seller: None,
        on_form: None,
        call_id: None,
    }
}

/// What kind of message it is, by the fields that it has.
fn kind_by_fields(fields: &[Pair]) -> Kind {
    let value = |field: Field| {
        let mut fields = fields.iter();
        let found = fields.find(|pair| pair.name == field.name());
        found.map(|pair| pair.value.as_str())
    };
    match (value(Field::Type), value(Field::Au)) {
        (Some("LOGIN"), _) => Kind::LoginCall,
        (Some(_), Some("CHECK")) => Kind::CheckCall,
        (Some(_), _) => Kind::PayCall,
        _ if value(Field::PaymStatus).is_some() => Kind::CheckAnswer,
        _ if value(Field::Userid).is_some() => Kind::LoginAnswer,
        _ => Kind::PayAnswer,
    }
}

/// The body that a browser would post.
fn posted(fields: &[Pair], mac: &str) -> Option<String> {
    let mut pairs = Vec::new();
    for pair in fields {
        latin1(&pair.value)?;
        pairs.push((pair.name.clone(), pair.value.clone()));
    }
    pairs.push((Field::Mac.name().to_owned(), mac.to_owned()));
    Some(body(&BrowserForm {
        action: String::new(),
        fields: pairs,
    }))
}

fn message(fields: &[Pair]) -> Result<Message, String> {
    let mut message = Message::default();
    for pair in fields {
        let field = Field::from_name(&pair.name);
        let field = field.ok_or_else(|| format!("no field is called {}", pair.name))?;
        message
            .set(field, &pair.value)
            .map_err(|error| error.to_string())?;
    }
    Ok(message)
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    let chars = text.chars();
    chars.map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn key(secret: &str) -> Result<Sha256SuffixKey, String> {
    Sha256SuffixKey::parse(secret).map_err(|error| error.to_string())
}

fn keyring(secret: &str, purpose: Purpose) -> Result<Keyring, String> {
    let mut keyring = Keyring::default();
    keyring.add("shop", "vetuma", purpose, key(secret)?);
    let account = keyring.account("shop", "vetuma");
    let signed = account.sign(Algorithm::Sha256Suffix, purpose, b"");
    signed.map_err(|error| error.to_string())?;
    Ok(keyring)
}

fn same(what: &str, ours: &[u8], wanted: &[u8]) -> Result<(), String> {
    if ours == wanted {
        return Ok(());
    }
    let [ours, wanted] = [ours, wanted].map(String::from_utf8_lossy);
    Err(format!("{what}: wanted {wanted:?}, came {ours:?}"))
}

/// The messages of the first kind of file that this workspace has.
#[must_use]
pub fn own_messages() -> Vec<Value> {
    let file: Value = serde_json::from_str(OWN).unwrap_or_default();
    let tests = file.get("tests").and_then(Value::as_array);
    tests.cloned().unwrap_or_default()
}

fn run<T: DeserializeOwned>(file: &Value, test: impl Fn(&T) -> Outcomes) -> Run {
    let Some(tests) = file.get("tests").and_then(Value::as_array) else {
        return failed("no list of tests".to_owned());
    };
    let mut report = Report::default();
    let mut notes = BTreeMap::<String, usize>::new();
    for (place, one) in tests.iter().enumerate() {
        let read = T::deserialize(one).map_err(|error| error.to_string());
        match read.and_then(|read| test(&read)) {
            Ok(note) => {
                report.passed += 1;
                *notes.entry(note.unwrap_or_default()).or_default() += 1;
            }
            Err(why) => {
                let name = one.get("name").unwrap_or(&Value::Null);
                report.failed.push(format!("test {place} ({name}): {why}"));
            }
        }
    }
    notes.remove("");
    let notes = notes
        .into_iter()
        .map(|(what, times)| format!("{times}: {what}"));
    (report, notes.collect())
}

fn failed(why: String) -> Run {
    let report = Report {
        failed: vec![why],
        ..Report::default()
    };
    (report, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::{Known, ReturnAddress, answered, handle, own_messages, posted};
    use kassa_providers::vetuma::Outcome;

    /// The runner would see a booking: every paid answer is one, at its own address and to its own
    /// call.
    #[test]
    fn a_genuine_answer_to_its_own_call_is_booked() {
        let known = Known::read(&own_messages()).unwrap();
        let mut booked = 0;
        for signed in known.messages.values() {
            let message = signed.message().unwrap();
            if signed.function != "PAYMENT/PAY" || signed.kind != "response" {
                continue;
            }
            let text = posted(&signed.fields, &signed.mac).unwrap();
            let call = answered(&message);
            let heard = handle(&known, text.as_bytes(), ReturnAddress::Success, &call);
            let status = message.get(super::Field::Status);
            assert_eq!(
                heard == Ok(Outcome::Done),
                status == Some("SUCCESSFUL"),
                "{heard:?}"
            );
            booked += usize::from(heard == Ok(Outcome::Done));
        }
        assert!(booked >= 3);
    }
}
