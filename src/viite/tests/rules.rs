//! Single rules and the codes and places that errors name.
#![allow(clippy::unwrap_used, reason = "a test may panic: that is how it fails")]

use viite::*;

fn code(error: Error) -> (String, Option<usize>) {
    (error.code(), error.position())
}

#[test]
fn errors_name_the_rule_and_the_place() {
    let cases: [(Error, &str, Option<usize>); 19] = [
        (
            NationalReference::parse("").unwrap_err(),
            "reference/empty",
            None,
        ),
        (
            NationalReference::parse("12\u{a0}3456\n").unwrap_err(),
            "reference/character",
            Some(7),
        ),
        (
            NationalReference::parse_machine("12 34561").unwrap_err(),
            "reference/character",
            Some(2),
        ),
        (
            NationalReference::parse("0014").unwrap_err(),
            "reference/too-short-significant",
            None,
        ),
        (
            NationalReference::parse("1234560").unwrap_err(),
            "reference/check-digit",
            None,
        ),
        (
            RfReference::parse(" FR1").unwrap_err(),
            "reference/prefix",
            Some(1),
        ),
        (
            RfReference::parse("RF1X1").unwrap_err(),
            "reference/character",
            Some(3),
        ),
        (
            RfReference::parse("RF00TEST").unwrap_err(),
            "reference/check-digits-range",
            None,
        ),
        (
            RfReference::parse_machine("Rf18539007547034").unwrap_err(),
            "reference/prefix",
            Some(1),
        ),
        (
            Reference::parse(" rf18539007547035").unwrap_err(),
            "reference/check-digits",
            None,
        ),
        (
            OrderNumber::parse("01").unwrap_err(),
            "order-number/leading-zero",
            Some(0),
        ),
        (
            FiIban::parse("FI21 1234 5600 0007 8A").unwrap_err(),
            "iban/character",
            Some(21),
        ),
        (FiIban::parse("SE21").unwrap_err(), "iban/country", None),
        (
            Bic::parse("NDEA12HH").unwrap_err(),
            "bic/character",
            Some(4),
        ),
        (BankBarcode::parse("4").unwrap_err(), "barcode/length", None),
        (DueDate::new(2023, 2, 29).unwrap_err(), "date/date", None),
        (
            EpcQr::new("A\nB", "").payload().unwrap_err(),
            "qr/newline",
            Some(1),
        ),
        (
            BusinessId::parse("0000000-0").unwrap_err(),
            "business-id/all-zero",
            None,
        ),
        (
            BusinessId::parse("2077474-1").unwrap_err(),
            "business-id/check-digit",
            None,
        ),
    ];
    for (error, expected, position) in cases {
        assert_eq!(code(error), (expected.to_owned(), position));
    }
}

#[test]
fn words_of_subjects_and_reasons_are_unique() {
    let mut words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Reason::ALL.len());
    assert_eq!(Subject::ALL.len(), 8);
}

#[test]
fn modulo_97_misses_some_digits_in_place_of_letters() {
    // Both leave 1: the rule itself cannot tell them apart, so neither may be refused.
    for text in ["RF424R3Z3EIL73ZU2N8URI", "RF424R3Z3EIL73ZU2N8UR7"] {
        assert!(RfReference::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn a_batch_that_would_not_fit_makes_nothing() {
    let bulk = NationalReference::bulk;
    assert_eq!(bulk("9999999999999999999", 1, 1).unwrap().count(), 1);
    for (start, count, step, reason) in [
        ("9999999999999999999", 2, 1, Reason::TooLong),
        ("100", u64::MAX, u64::MAX, Reason::TooLong),
        ("99999999999999999999999", 1, 1, Reason::TooLong),
        ("100", 2, 0, Reason::Step),
        ("0100", 1, 1, Reason::LeadingZero),
        ("99", 1, 1, Reason::TooShort),
        ("", 1, 1, Reason::Empty),
        ("1 000", 1, 1, Reason::Character),
    ] {
        assert_eq!(
            bulk(start, count, step).unwrap_err().reason(),
            reason,
            "{start}"
        );
    }
    assert_eq!(bulk("100", 0, 1).unwrap().next(), None);
}

#[test]
fn a_series_keeps_its_zeros_and_its_width() {
    let series = NationalReference::from_series;
    assert_eq!(series("1", 6, 7).unwrap().base(), "1000007");
    assert_eq!(series("99", 4, 9999).unwrap().base(), "999999");
    for (prefix, width, number, reason) in [
        ("0", 6, 7, Reason::LeadingZero),
        ("", 6, 7, Reason::Empty),
        ("A", 6, 7, Reason::Character),
        ("1", 3, 1000, Reason::Width),
        ("1", 1, 7, Reason::TooShort),
        ("1", 19, 7, Reason::TooLong),
        ("1", usize::MAX, 7, Reason::TooLong),
    ] {
        assert_eq!(series(prefix, width, number).unwrap_err().reason(), reason);
    }
}

#[test]
fn what_a_bar_code_cannot_carry_is_refused() {
    let encode = |reference: Reference| {
        let iban = FiIban::parse("FI2112345600000785").unwrap();
        BankBarcode::new(iban, reference, 1, None)
    };
    for body in ["A1", "0000"] {
        let rf = RfReference::create(body).unwrap();
        assert_eq!(encode(rf.into()).unwrap_err().reason(), Reason::Reference);
    }
    let short = NationalReference::parse_allowing_short("0013").unwrap();
    assert_eq!(
        encode(short.into()).unwrap_err().reason(),
        Reason::Reference
    );
    let padded = RfReference::parse("RF3400001234561").unwrap();
    assert_eq!(
        encode(padded.into()).unwrap().reference().to_machine(),
        "RF341234561"
    );
    let error = BankBarcode::from_text("FI2112345600000785", "1234560", 1, None).unwrap_err();
    assert_eq!(error.cause(), Some(Reason::CheckDigit));
}

#[test]
fn a_qr_code_counts_bytes_and_asks_for_what_its_version_needs() {
    let (name, text) = ("ä".repeat(70), "ä".repeat(140));
    let iban = "FI2112345600000785";
    let reason = |qr: EpcQr<'_>| qr.payload().unwrap_err().reason();
    assert!(
        EpcQr::new(&name, iban)
            .text(&"a".repeat(140))
            .payload()
            .is_ok()
    );
    assert_eq!(reason(EpcQr::new(&name, iban).text(&text)), Reason::Bytes);
    assert_eq!(
        reason(EpcQr::new("A", iban).version(QrVersion::V1)),
        Reason::Bic
    );
    assert_eq!(
        reason(EpcQr::new("A", "DE71110220330123456788")),
        Reason::Iban
    );
    assert_eq!(reason(EpcQr::new("A", iban).cents(0)), Reason::Amount);
    assert_eq!(
        reason(EpcQr::new("A", iban).cents(100_000_000_000)),
        Reason::Amount
    );
    for amount in [
        "0.00",
        "1.",
        ".5",
        "-1",
        "+1",
        "1 000",
        "0.001",
        "1234567890",
        "00",
    ] {
        assert_eq!(
            reason(EpcQr::new("A", iban).amount_text(amount)),
            Reason::Amount,
            "{amount}"
        );
    }
    for amount in ["0.01", "0.1", "7", "999999999.99"] {
        let payload = EpcQr::new("A", iban).amount_text(amount).payload().unwrap();
        assert_eq!(
            payload,
            format!("BCD\n002\n1\nSCT\n\nA\n{iban}\nEUR{amount}")
        );
    }
}
