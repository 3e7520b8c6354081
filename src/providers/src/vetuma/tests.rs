//! Laws of all messages, over everything that may stand in them.

use kassa_checkout::{
    Amount, Language, Timestamp,
    message::{Algorithm, ContentError, Purpose, Refused, SignError, Signature, Signer, Verifier},
    provider::BuildError,
};
use proptest::prelude::*;
use viite::NationalReference;

use super::{
    Addresses, AnswerRefused, CheckAnswer, CheckCall, Field, Head, Kind, LoginAnswer, LoginCall,
    Message, Method, Outcome, PayAnswer, PayCall, PaymentState, Profile, ReturnAddress, Status,
    Timestmp, body, mac_bytes, outgoing, receive, receive_login,
};

/// Signs with a digest that is good enough for tests of messages: no two of them have one alike.
struct Sum;

impl Signer for Sum {
    fn sign(&self, algorithm: Algorithm, _: Purpose, bytes: &[u8]) -> Result<Signature, SignError> {
        assert_eq!(algorithm, Algorithm::Sha256Suffix);
        let mut sums = [[0xcb_u8; 8]; 4];
        for (number, sum) in (1..).zip(sums.iter_mut()) {
            let hash = bytes
                .iter()
                .fold(0xcbf2_9ce4_8422_2325_u64 ^ number, |hash, byte| {
                    (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
                });
            *sum = hash.to_be_bytes();
        }
        Ok(Signature(sums.concat()))
    }
}

impl Verifier for Sum {
    fn verify(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let ours = self
            .sign(algorithm, purpose, bytes)
            .map_err(|_| Refused::Signature)?;
        (ours.0 == signature)
            .then_some(())
            .ok_or(Refused::Signature)
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_705_303_800_002);

fn head() -> Head {
    Head {
        rcvid: "SHOP1P1".into(),
        app_id: "shop".into(),
        time: Timestmp::of(NOW),
        method: None,
        methods: vec![Method::banks(), Method::cards()],
        language: Language::Fi,
        addresses: Addresses {
            success: "https://shop.example/ok?a=1&b=2".into(),
            cancel: "https://shop.example/cancel".into(),
            error: "https://shop.example/error".into(),
        },
        configuration: "SHOP1".into(),
        transaction: None,
    }
}

fn call() -> PayCall {
    PayCall {
        head: head(),
        amount: Amount::from_cents(4_990).unwrap(),
        reference: Some("202400013".into()),
        order_number: Some("20240001".into()),
        app_name: Some("äöåÄÖÅ".into()),
        to_buyer: None,
        to_seller: None,
        on_form: None,
        call_id: None,
    }
}

fn paid() -> PayAnswer {
    PayAnswer::to(&call(), Status::Successful, Timestmp::of(NOW))
}

fn posted(kind: Kind, message: &Message) -> String {
    let form = message.to_form(kind, "https://vetuma.example/").unwrap();
    body(&form.sign(&Sum).unwrap().into_message())
}

fn claim(kind: Kind, body: &str) -> Result<Message, Refused> {
    let claimed = Message::claim(kind, body.as_bytes()).map_err(Refused::Content)?;
    claimed.verify(&Sum).map(|verified| verified.into_inner())
}

/// A field's name where building is refused.
fn field(built: Result<Message, BuildError>) -> Option<&'static str> {
    use kassa_checkout::Coded as _;
    built.err().and_then(|error| error.field())
}

#[test]
fn a_claim_is_unreadable_until_the_mac_holds_and_strict_before() {
    let message = call().to_message(Profile::V2_2).unwrap();
    let good = posted(Kind::PayCall, &message);
    assert_eq!(claim(Kind::PayCall, &good), Ok(message.clone()));
    let content = |body: &str| match Message::claim(Kind::PayCall, body.as_bytes()) {
        Err(error) => error,
        Ok(_) => panic!("{body}"),
    };
    let (rest, mac) = good.rsplit_once("&MAC=").unwrap();
    let with_mac = |mac: &str| format!("{rest}&MAC={mac}");
    for wrong in [
        "",
        &mac[1..],
        &mac.to_lowercase(),
        &format!("{mac}0"),
        &format!("G{}", &mac[1..]),
    ] {
        assert_eq!(
            content(&with_mac(wrong)),
            ContentError::Signature,
            "{wrong:?}"
        );
    }
    assert_eq!(content(rest), ContentError::Signature);
    assert_eq!(
        content(&format!("{good}&MAC={mac}")),
        ContentError::DuplicateKey
    );
    assert_eq!(
        content(&format!("{good}&LG=fi")),
        ContentError::DuplicateKey
    );
    assert_eq!(
        content(&format!("{good}&submit=Maksa")),
        ContentError::UnknownField
    );
    assert_eq!(
        content(&format!("{good}&STATUS=")),
        ContentError::UnknownField
    );
    assert_eq!(
        content(&good.replace("&LG=fi", "")),
        ContentError::Field("LG")
    );
    assert_eq!(
        content(&good.replace("LG=fi", "LG=%80")),
        ContentError::Malformed
    );
    assert_eq!(
        content(&good.replace("LG=fi", "LG=%0A")),
        ContentError::Malformed
    );
    assert_eq!(
        content(&good.replace("LG=fi", "LG")),
        ContentError::Malformed
    );
    let long = |length: usize| {
        let begin = format!("{good}&MSGFORM=");
        let rest = "a".repeat(length - begin.len());
        begin + &rest
    };
    assert_eq!(
        claim(Kind::PayCall, &long(65_536)),
        Err(Refused::Signature),
        "read, and then another message than the signed one"
    );
    assert_eq!(content(&long(65_537)), ContentError::TooLarge);
    let other = good.replace("AM=49%2C90", "AM=1%2C00");
    assert_eq!(claim(Kind::PayCall, &other), Err(Refused::Signature));
}

#[test]
fn a_separator_in_a_value_is_refused_on_both_ways() {
    let mut joined = call();
    joined.to_buyer = Some("a&b".into());
    let built = joined.to_message(Profile::V2_2);
    assert_eq!(field(built), Some("MSGBUYER"));
    // Signed by somebody who lets it through: two messages with one MAC.
    let mut apart = call();
    (apart.to_buyer, apart.to_seller) = (Some("a".into()), Some("b".into()));
    let apart = posted(Kind::PayCall, &apart.to_message(Profile::V2_2).unwrap());
    let joined = apart.replace("MSGBUYER=a&MSGSELLER=b", "MSGBUYER=a%26b");
    let refused = Err(Refused::Content(ContentError::Field("MSGBUYER")));
    assert_eq!(claim(Kind::PayCall, &joined), refused);
}

#[test]
fn another_function_at_this_address_is_refused() {
    let question = CheckCall {
        head: Head {
            methods: vec![Method::banks()],
            ..head()
        },
        call_id: "c".into(),
    };
    let question = posted(Kind::CheckCall, &question.to_message().unwrap());
    assert!(claim(Kind::CheckCall, &question).is_ok());
    let as_payment = Message::claim(Kind::PayCall, question.as_bytes());
    assert_eq!(as_payment.err(), Some(ContentError::Field("AM")));
    let mut other = call().to_message(Profile::V2_2).unwrap();
    other.set(Field::Au, "REFUND").unwrap();
    let refused = Err(Refused::Content(ContentError::Field("AU")));
    assert_eq!(
        claim(Kind::PayCall, &posted(Kind::PayCall, &other)),
        refused
    );
    other.set(Field::Type, "LOGIN").unwrap();
    let refused = Err(Refused::Content(ContentError::Field("TYPE")));
    assert_eq!(
        claim(Kind::PayCall, &posted(Kind::PayCall, &other)),
        refused
    );
}

#[test]
fn formats_end_where_they_should() {
    let message = call().to_message(Profile::V3).unwrap();
    let read = |field: Field, value: &str, profile| {
        let mut message = message.clone();
        message.set(field, value).unwrap();
        super::tests::field(PayCall::read(&message, profile).map(|_| message))
    };
    let hundred = "1".repeat(101);
    let long_url = format!("https://shop.example/{}", "a".repeat(2_048 - 21));
    let good: &[(Field, &[&str])] = &[
        (Field::Am, &["0,01", "100,00", "999999999,99"]),
        (Field::Ref, &["1232", "00000000000000482738"]),
        (Field::Ordnr, &["1", "987654321"]),
        (Field::Trid, &["", &hundred[..20]]),
        (Field::So, &["", "P", "P2", "62"]),
        (Field::Solist, &["P", "P,L", "0,1,2,3,6"]),
        (Field::Lg, &["fi", "sv", "en"]),
        (
            Field::Returl,
            &[&long_url, "http://127.0.0.1:8085/ok", "http://localhost/a"],
        ),
        (Field::Appname, &["", "Åland", &"å".repeat(255)]),
    ];
    for (field, values) in good {
        for value in *values {
            assert_eq!(
                read(*field, value, Profile::V2_2),
                None,
                "{field:?} {value:?}"
            );
        }
    }
    let longer_url = format!("{long_url}a");
    let bad: &[(Field, &[&str])] = &[
        (
            Field::Am,
            &[
                "",
                "0,00",
                "100.00",
                "100",
                "1 000,00",
                "01,00",
                "-1,00",
                "1,0",
                "1000000000,00",
            ],
        ),
        (
            Field::Ref,
            &["", "1", "1233", "12 32", "RF341234561", &hundred[..21]],
        ),
        (Field::Ordnr, &["", "0", "0123", "1234567890", "A1"]),
        (Field::Trid, &[&hundred[..21]]),
        (Field::So, &["P,L", "p", "P L"]),
        (Field::Solist, &["", "P, L", "P;L", "P,"]),
        (Field::Lg, &["", "FI", "de"]),
        (Field::Timestmp, &["", "2024-01-15", "20240230093000000"]),
        (Field::Rcvid, &["", &hundred[..65]]),
        (
            Field::Returl,
            &[
                "",
                "http://shop.example/",
                "https://",
                "javascript:alert(1)",
                "https://a@b/",
                "http://127.0.0.1.example/",
                "https://ä.example/",
                &longer_url,
            ],
        ),
        (Field::Appname, &[&"å".repeat(256)]),
        (Field::PaymCallId, &["c"]),
    ];
    for (field, values) in bad {
        for value in *values {
            assert_eq!(
                read(*field, value, Profile::V2_2),
                Some(field.name()),
                "{value:?}"
            );
        }
    }
    for value in ["OTI439631560581", &hundred[..32]] {
        assert_eq!(read(Field::Ordnr, value, Profile::V3), None);
    }
    for value in ["", "A-1", &hundred[..33]] {
        assert_eq!(
            read(Field::Ordnr, value, Profile::V3),
            Some("ORDNR"),
            "{value:?}"
        );
    }
    assert_eq!(read(Field::PaymCallId, &hundred[..25], Profile::V3), None);
    for value in ["", &hundred[..26]] {
        assert_eq!(
            read(Field::PaymCallId, value, Profile::V3),
            Some("PAYM_CALL_ID")
        );
    }
}

#[test]
fn cards_need_an_order_number_and_banks_a_reference() {
    let built = |change: fn(&mut PayCall)| {
        let mut call = call();
        change(&mut call);
        (field(call.to_message(Profile::V2_2)), call)
    };
    let (refused, without) = built(|call| call.order_number = None);
    assert_eq!(refused, Some("ORDNR"));
    assert_eq!(without.offered(), [&Method::banks()]);
    let (refused, without) = built(|call| call.reference = None);
    assert_eq!(refused, Some("REF"));
    assert_eq!(without.offered(), [&Method::cards()]);
    let only_cards = |call: &mut PayCall| {
        call.reference = None;
        call.head.methods = vec![Method::cards()];
    };
    assert_eq!(built(only_cards).0, None);
    let national = |reference: &str| {
        let reference = Some(reference.to_owned());
        let call = PayCall {
            reference,
            ..call()
        };
        call.national_reference()
            .map(|read| read.to_machine().to_owned())
    };
    assert_eq!(national("00000000000000482738").as_deref(), Some("482738"));
    assert_eq!(national("1233"), None);
    let begin_with = |code: &str| {
        let mut call = call();
        call.head.method = Method::parse(code);
        field(call.to_message(Profile::V2_2))
    };
    assert_eq!(begin_with("6"), Some("SO"));
    assert_eq!(begin_with("L"), None);
}

#[test]
fn two_identifiers_whose_order_nobody_knows_do_not_go_together() {
    let mut both = call();
    both.head.transaction = Some("a".into());
    both.call_id = Some("b".into());
    assert_eq!(field(both.to_message(Profile::V3)), Some("TRID"));
    both.call_id = Some("a".into());
    assert_eq!(field(both.to_message(Profile::V3)), None);
    let question = CheckCall {
        head: both.head,
        call_id: "b".into(),
    };
    assert_eq!(field(question.to_message()), Some("TRID"));
}

#[test]
fn an_answer_is_believed_only_whole_and_where_it_belongs() {
    use ReturnAddress::{Cancel, Error, Success};
    let hear = |answer: &PayAnswer, hit| receive(answer, hit, &call(), NOW);
    let with = |status: Status| PayAnswer::to(&call(), status, Timestmp::of(NOW));
    for (status, address, outcome) in [
        (Status::Successful, Success, Outcome::Done),
        (Status::Cancelled, Cancel, Outcome::Cancelled),
        (Status::Rejected, Error, Outcome::Rejected),
        (Status::Error, Error, Outcome::Error),
        (Status::Failure, Error, Outcome::Failed),
    ] {
        let answer = with(status);
        for hit in ReturnAddress::ALL {
            let heard = hear(&answer, hit);
            if hit == address {
                assert_eq!(heard, Ok(outcome.clone()));
            } else {
                assert_eq!(heard, Err(AnswerRefused::Address), "{answer:?} at {hit:?}");
            }
        }
    }
    for hit in ReturnAddress::ALL {
        let word = "SUCCESS".to_owned();
        let heard = hear(&with(Status::read(&word)), hit);
        assert_eq!(heard, Ok(Outcome::Unknown(word)), "an unknown word waits");
    }
    let addresses = head().addresses;
    for (address, url) in [
        (Success, &addresses.success),
        (Cancel, &addresses.cancel),
        (Error, &addresses.error),
    ] {
        assert_eq!(addresses.get(address), url);
    }
    let late = receive(&paid(), Success, &call(), NOW.plus_seconds(601));
    assert_eq!(late, Err(AnswerRefused::Time));

    type Change = (Field, fn(&mut PayAnswer));
    let changes: &[Change] = &[
        (Field::Rcvid, |answer| answer.head.rcvid = "SHOP1P2".into()),
        (Field::Lg, |answer| answer.head.language = Language::Sv),
        (Field::Returl, |answer| {
            answer.head.addresses.success.push('x')
        }),
        (Field::Canurl, |answer| {
            answer.head.addresses.cancel.push('x')
        }),
        (Field::Errurl, |answer| {
            answer.head.addresses.error.push('x')
        }),
        (Field::Trid, |answer| {
            answer.head.transaction = Some("t".into())
        }),
        (Field::Ref, |answer| answer.reference = Some("1232".into())),
        (Field::Ordnr, |answer| {
            answer.order_number = Some("1".into())
        }),
        (Field::Ref, |answer| {
            (answer.reference, answer.order_number) = (None, None)
        }),
    ];
    for (field, change) in changes {
        let mut answer = paid();
        change(&mut answer);
        assert_eq!(hear(&answer, Success), Err(AnswerRefused::Differs(*field)));
    }
    for change in [
        |answer: &mut PayAnswer| answer.reference = None,
        |answer: &mut PayAnswer| answer.order_number = None,
    ] {
        let mut answer = paid();
        change(&mut answer);
        assert_eq!(hear(&answer, Success), Ok(Outcome::Done));
    }
}

#[test]
fn why_an_answer_is_not_believed_is_told_by_code_and_field() {
    use kassa_checkout::Coded as _;
    for (refused, code, field, text) in [
        (
            AnswerRefused::Time,
            "vetuma/time",
            "TIMESTMP",
            "TIMESTMP: expected a time within 600 seconds of now",
        ),
        (
            AnswerRefused::Differs(Field::Ref),
            "vetuma/other-call",
            "REF",
            "REF: expected the call's",
        ),
        (
            AnswerRefused::Address,
            "vetuma/address",
            "STATUS",
            "STATUS: expected one that goes to this address",
        ),
    ] {
        assert_eq!((refused.code(), refused.field()), (code, Some(field)));
        assert_eq!(refused.to_string(), text);
    }
}

#[test]
fn a_payment_is_printed_without_what_it_is_for() {
    let printed = format!("{:?} {:?}", call(), paid());
    assert!(
        printed.contains("PayCall { time") && printed.contains("Successful"),
        "{printed}"
    );
    for number in ["202400013", "20240001"] {
        assert!(!printed.contains(number), "{printed}");
    }
}

#[test]
fn an_identification_is_believed_alike_and_shows_nobody() {
    let call = LoginCall {
        head: head(),
        extra: Some("VTJ1".into()),
        app_name: None,
    };
    let answer = LoginAnswer {
        head: super::AnswerHead::to(&call.head, Status::Successful, Timestmp::of(NOW)),
        user: "010190-900P".into(),
        subject: "ETUNIMI=marker, SUKUNIMI=marker".into(),
        extra: "HETU=010190-900P".into(),
        population_data: Some("%3Cmarker%3E".into()),
    };
    let message = answer.to_message().unwrap();
    let back = claim(Kind::LoginAnswer, &posted(Kind::LoginAnswer, &message)).unwrap();
    assert_eq!(LoginAnswer::read(&back).unwrap(), answer);
    assert_eq!(answer.names(), Some(("marker", "marker")));
    assert_eq!(answer.identity_code(), Some("010190-900P"));
    let heard = |hit| receive_login(&answer, hit, &call, NOW);
    assert_eq!(heard(ReturnAddress::Success), Ok(Outcome::Done));
    assert_eq!(heard(ReturnAddress::Cancel), Err(AnswerRefused::Address));
    let printed = format!("{answer:?} {message:?}");
    assert!(
        !printed.contains("marker") && !printed.contains("900P"),
        "{printed}"
    );
    // What helps to find a fault is there.
    assert!(
        printed.contains("Successful") && printed.contains("USERID"),
        "{printed}"
    );
    let read = LoginCall::read(&call.to_message().unwrap()).unwrap();
    assert_eq!(read, call);
}

#[test]
fn an_answer_to_a_question_tells_a_sum_only_where_it_is_one() {
    let answer = CheckAnswer {
        answer: paid(),
        state: PaymentState::Paid,
        amount: Some(Amount::from_cents(4_990).unwrap()),
    };
    let message = answer.to_message().unwrap();
    assert_eq!(message.get(Field::PaymAmount), Some("49,90"));
    assert_eq!(CheckAnswer::read(&message).unwrap(), answer);
    for (field, value) in [(Field::PaymAmount, "4990"), (Field::PaymCurrency, "FIM")] {
        let mut other = message.clone();
        other.set(field, value).unwrap();
        assert_eq!(CheckAnswer::read(&other).unwrap().amount, None);
    }
    for word in ["PAID", "ok_verified", ""] {
        assert_eq!(
            PaymentState::read(word),
            PaymentState::Other(word.to_owned())
        );
    }
}

#[test]
fn a_message_made_of_names_and_values_is_the_typed_one() {
    let one_method = Head {
        methods: vec![Method::banks()],
        ..head()
    };
    let question = CheckCall {
        head: one_method.clone(),
        call_id: "c".into(),
    };
    let stands = CheckAnswer {
        answer: paid(),
        state: PaymentState::Paid,
        amount: Some(Amount::from_cents(4_990).unwrap()),
    };
    let login = LoginCall {
        head: one_method,
        extra: None,
        app_name: Some("Åbo".into()),
    };
    let identified = LoginAnswer {
        head: super::AnswerHead::to(&login.head, Status::Successful, Timestmp::of(NOW)),
        user: "010190-900P".into(),
        subject: "ETUNIMI=Anna, SUKUNIMI=Aalto".into(),
        extra: String::new(),
        population_data: None,
    };
    for (kind, typed) in [
        (Kind::PayCall, call().to_message(Profile::V2_2)),
        (Kind::PayAnswer, paid().to_message()),
        (Kind::CheckCall, question.to_message()),
        (Kind::CheckAnswer, stands.to_message()),
        (Kind::LoginCall, login.to_message()),
        (Kind::LoginAnswer, identified.to_message()),
    ] {
        let typed = typed.unwrap();
        let pairs = |language: &str| {
            let pairs = typed.fields().map(|(field, value)| match field {
                Field::Lg => (field.name(), language.to_owned()),
                _ => (field.name(), value.to_owned()),
            });
            pairs.collect::<Vec<_>>()
        };
        let built = |language: &str| {
            let pairs = pairs(language);
            let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
            outgoing(kind, Profile::V2_2, pairs)
        };
        assert_eq!(built("fi").unwrap(), typed, "{kind:?}");
        assert_eq!(field(built("de")), Some("LG"), "{kind:?}");
    }
}

/// Any text that may stand in a field that is no address.
const TEXT: &str = "[ -%'-~\u{a0}-\u{ff}]{0,40}";

prop_compose! {
    fn any_call()(
        cents in 1..=Amount::MAX_CENTS,
        base in 100..=9_999_999_999_u64,
        order in proptest::option::of("[1-9][0-9]{0,8}"),
        texts in proptest::collection::vec(proptest::option::of(TEXT), 4),
        id in proptest::option::of("[ -%'-~\u{a0}-\u{ff}]{1,20}"),
        which in 0..3_u8,
        millis in 0..4_000_000_000_000_u64,
        language in prop::sample::select(Language::ALL.to_vec()),
    ) -> PayCall {
        let mut methods = vec![Method::banks()];
        methods.extend(order.iter().map(|_| Method::cards()));
        let [app_name, to_buyer, to_seller, on_form] = texts.try_into().unwrap();
        PayCall {
            head: Head {
                methods,
                language,
                time: Timestmp::of(Timestamp::from_millis(millis)),
                transaction: id.clone().filter(|_| which != 0),
                ..head()
            },
            amount: Amount::from_cents(cents).unwrap(),
            reference: NationalReference::from_number(base).ok().map(|reference| reference.to_machine().to_owned()),
            order_number: order,
            app_name, to_buyer, to_seller, on_form,
            call_id: id.filter(|_| which != 1),
        }
    }
}

proptest! {
    #[test]
    fn what_is_built_is_read_back_over_the_whole_range(call in any_call()) {
        let message = call.to_message(Profile::V3).unwrap();
        let body = posted(Kind::PayCall, &message);
        prop_assert!(body.is_ascii());
        let read = claim(Kind::PayCall, &body).unwrap();
        prop_assert_eq!(PayCall::read(&read, Profile::V3).unwrap(), call);
    }

    /// The MAC is over one text, so that it is enough that no two messages make the same one.
    #[test]
    fn any_change_of_one_field_breaks_the_mac(
        call in any_call(),
        place in any::<prop::sample::Index>(),
        value in TEXT,
    ) {
        let message = call.to_message(Profile::V3).unwrap();
        let fields: Vec<_> = message.fields().map(|(field, _)| field).collect();
        let field = *place.get(&fields);
        prop_assume!(message.get(field) != Some(value.as_str()));
        let mut changed = message.clone();
        changed.set(field, &value).unwrap();
        prop_assert_ne!(changed.signing_input(), message.signing_input());

        let good = posted(Kind::PayCall, &message);
        let mac = good.rsplit_once("&MAC=").unwrap().1;
        let forged = posted(Kind::PayCall, &changed);
        let forged = forged.rsplit_once("&MAC=").unwrap().0;
        let came = claim(Kind::PayCall, &format!("{forged}&MAC={mac}"));
        prop_assert_eq!(came, Err(Refused::Signature));
    }

    #[test]
    fn absent_differs_from_empty(call in any_call(), place in any::<prop::sample::Index>()) {
        let field = *place.get(Kind::PayCall.optional());
        let mut with = call.to_message(Profile::V3).unwrap();
        let mut pairs: Vec<_> = with.fields().map(|(field, value)| (field.name(), value.to_owned())).collect();
        pairs.retain(|(name, _)| *name != field.name());
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        let without = Message::of(Kind::PayCall, pairs).unwrap();
        with.set(field, "").unwrap();
        prop_assert_ne!(with.signing_input(), without.signing_input());
        prop_assert_eq!(with.signing_input().len(), without.signing_input().len() + 1);
    }

    #[test]
    fn no_bytes_panic_and_what_is_taken_is_written_the_same(kind in prop::sample::select(Kind::ALL.to_vec()), text in "([A-Z_]{2,12}=[ -~]{0,20}&?){0,8}|.{0,40}") {
        if let Ok(claimed) = Message::claim(kind, text.as_bytes()) {
            let _ = claimed.verify(&Sum);
        }
    }

    #[test]
    fn other_characters_do_not_go_out(text in "[ -~]{0,5}[\u{0}-\u{1f}\u{7f}-\u{9f}\u{100}-\u{2fff}][ -~]{0,5}") {
        let mut message = Message::default();
        prop_assert_eq!(super::tests::field(message.set(Field::Appname, &text).map(|()| Message::default())), Some("APPNAME"));
    }
}

#[test]
fn a_mac_is_64_capital_digits() {
    let good = "0123456789ABCDEF".repeat(4);
    assert_eq!(mac_bytes(&good).unwrap().len(), 32);
    for wrong in [
        "",
        &good[1..],
        &good.to_lowercase(),
        &good.replace('A', " "),
        &format!("{good}A"),
    ] {
        assert_eq!(mac_bytes(wrong), None, "{wrong:?}");
    }
}
