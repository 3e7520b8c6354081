//! What must hold for every input.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic: that is how it fails"
)]

use proptest::prelude::*;
use viite::*;

/// Texts near the real ones find more than wholly random ones do.
fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ \t\u{a0}\u{202f}\u{200b}\n\0٣１RFrfi0-9A-Z.-]{0,60}",
        "[0-9]{0,60}",
        "RF[0-9]{2}[0-9A-Z]{0,23}",
        "FI[0-9 ]{10,24}",
        "[45][0-9]{53}",
        "[0-9]{7}-[0-9]",
    ]
}

/// 98 minus the remainder, by long division over the decimal digits of the whole number.
fn naive_check_digits(country: &str, body: &str) -> String {
    let digits: Vec<u32> = format!("{body}{country}00")
        .chars()
        .map(|one| one.to_digit(36).unwrap())
        .flat_map(|value| value.to_string().into_bytes())
        .map(|byte| u32::from(byte - b'0'))
        .collect();
    // Subtracts 97 times 10^k as often as it goes, from the highest place down.
    let mut number = digits;
    for place in 0..number.len().saturating_sub(1) {
        loop {
            let carried = if place == 0 { 0 } else { number[place - 1] };
            let head = carried * 100 + number[place] * 10 + number[place + 1];
            if head < 97 {
                break;
            }
            let rest = head - 97;
            if place > 0 {
                number[place - 1] = rest / 100;
            }
            number[place] = rest / 10 % 10;
            number[place + 1] = rest % 10;
        }
    }
    let ones = number[number.len() - 1];
    let tens = number[number.len() - 2];
    format!("{:02}", 98 - (tens * 10 + ones))
}

/// A line of a list: like [`anything`], or a reference as files hold it, right or nearly so.
fn a_line() -> impl Strategy<Value = String> {
    prop_oneof![
        anything().prop_map(|text| text.replace('\n', " ")),
        "[0-9]{3,21}",
        "[1-9][0-9]{2,18}".prop_map(|base| {
            NationalReference::create(&base).map_or(base, |one| one.to_machine().to_owned())
        }),
    ]
}

proptest! {
    #[test]
    fn a_list_is_checked_as_its_lines_are(
        lines in proptest::collection::vec(a_line(), 0..20),
        end in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
        let one_by_one: Vec<_> = lines
            .iter()
            // What ends in CR before LF has a line end of two characters.
            .map(|line| match Reference::parse(line.strip_suffix('\r').filter(|_| end == "\n").unwrap_or(line)) {
                Ok(Reference::National(_)) => LineKind::National,
                Ok(Reference::Rf(_)) => LineKind::Rf,
                Err(_) => LineKind::Invalid,
            })
            .collect();
        prop_assert_eq!(line_kinds(&text).collect::<Vec<_>>(), one_by_one);
    }

    #[test]
    fn no_parser_panics_and_machine_forms_come_back(text in anything()) {
        macro_rules! exact {
            ($($name:ident),+) => {$(
                if let Ok(read) = $name::parse(&text) {
                    prop_assert_eq!($name::parse_machine(read.to_machine()), Ok(read));
                }
                if let Ok(read) = $name::parse_machine(&text) {
                    prop_assert_eq!($name::parse(&text), Ok(read));
                }
            )+};
        }
        exact!(NationalReference, RfReference, Reference, FiIban, Iban, Bic);
        for error in [
            NationalReference::parse(&text).err(),
            NationalReference::parse_allowing_short(&text).err(),
            NationalReference::create(&text).err(),
            NationalReference::from_digits_in(&text).err(),
            NationalReference::from_series(&text, text.len(), u64::MAX).err(),
            NationalReference::bulk(&text, u64::MAX, u64::MAX).err(),
            RfReference::create(&text).err(),
            OrderNumber::parse(&text).err(),
            FiIban::from_bban(&text).err(),
            BankBarcode::parse(&text).err(),
            BankBarcode::from_text(&text, &text, 1, Some(&text)).err(),
            DueDate::parse(&text).err(),
            BusinessId::parse(&text).err(),
            EpcQr::new(&text, &text).bic(&text).amount_text(&text).info(&text).payload().err(),
        ].into_iter().flatten() {
            prop_assert!(error.position().is_none_or(|at| at < text.chars().count()));
            prop_assert!(!error.code().is_empty() && !error.to_string().is_empty());
        }
        let _ = (fits_op_reference(&text), fits_vetuma_reference(&text), Bank::of_account(&text));
    }

    #[test]
    fn print_forms_read_back(base in "[1-9][0-9]{2,18}") {
        let national = NationalReference::create(&base).unwrap();
        prop_assert_eq!(national.base(), &base);
        prop_assert_eq!(&NationalReference::parse(&national.to_print()).unwrap(), &national);
        prop_assert_eq!(&NationalReference::parse_machine(&national.to_padded()).unwrap(), &national);
        let groups: Vec<usize> = national.to_print().split(' ').map(str::len).collect();
        prop_assert!(groups[1..].iter().all(|&length| length == 5) && (1..=5).contains(&groups[0]));
        let rf = national.to_rf();
        prop_assert_eq!(&RfReference::parse(&rf.to_print()).unwrap(), &rf);
    }

    #[test]
    fn national_and_rf_are_one(base in "[1-9][0-9]{2,18}") {
        let national = NationalReference::create(&base).unwrap();
        prop_assert_eq!(national.to_rf().to_national().unwrap(), national);
    }

    #[test]
    fn numbers_and_their_texts_give_the_same(base in 100u64..=9_999_999_999_999_999_999) {
        let made = NationalReference::from_number(base).unwrap();
        prop_assert_eq!(&made, &NationalReference::create(&base.to_string()).unwrap());
        prop_assert_eq!(made, NationalReference::bulk(&base.to_string(), 1, 1).unwrap().next().unwrap());
    }

    #[test]
    fn every_single_wrong_digit_is_found(base in "[1-9][0-9]{2,18}", place in 0usize..20, add in 1u8..10) {
        let good = NationalReference::create(&base).unwrap().to_machine().to_owned();
        let mut bad = good.into_bytes();
        let place = place % bad.len();
        bad[place] = b'0' + (bad[place] - b'0' + add) % 10;
        let error = NationalReference::parse(std::str::from_utf8(&bad).unwrap()).unwrap_err();
        prop_assert!(matches!(error.reason(), Reason::CheckDigit | Reason::TooShortSignificant));
    }

    // A digit for a letter changes the length of the number, so about one in 97 is not found.
    #[test]
    fn a_wrong_digit_or_a_wrong_letter_of_an_rf_is_found(body in "[0-9A-Z]{1,21}", place in 0usize..21, add in (1u8..10, 1u8..26)) {
        let good = RfReference::create(&body).unwrap();
        let mut bad = good.to_machine().as_bytes().to_vec();
        let slot = &mut bad[4 + place % body.len()];
        *slot = match *slot {
            digit @ b'0'..=b'9' => b'0' + (digit - b'0' + add.0) % 10,
            letter => b'A' + (letter - b'A' + add.1) % 26,
        };
        let error = RfReference::parse(std::str::from_utf8(&bad).unwrap()).unwrap_err();
        prop_assert_eq!(error.reason(), Reason::CheckDigits);
    }

    #[test]
    fn check_digits_are_those_of_long_division(body in "[0-9A-Z]{1,21}", account in "[0-9]{6}-[0-9]{2,8}") {
        let rf = RfReference::create(&body).unwrap();
        prop_assert_eq!(rf.check_digits(), naive_check_digits("RF", &body));
        prop_assert_eq!(RfReference::parse_machine(rf.to_machine()).unwrap(), rf);
        let iban = FiIban::from_bban(&account).unwrap();
        prop_assert_eq!(&iban.to_machine()[2..4], naive_check_digits("FI", iban.account()));
        prop_assert_eq!(FiIban::parse(&iban.to_print()).unwrap(), iban);
    }

    #[test]
    fn only_one_pair_of_check_digits_is_accepted(body in "[0-9A-Z]{1,21}") {
        let accepted: Vec<String> = (0..100)
            .map(|check| format!("RF{check:02}{body}"))
            .filter(|text| RfReference::parse(text).is_ok())
            .collect();
        let made = RfReference::create(&body).unwrap();
        prop_assert_eq!(accepted, vec![made.to_machine().to_owned()]);
    }

    #[test]
    fn bar_codes_read_back(
        account in "[1-9][0-9]{5}-[0-9]{8}",
        base in "[1-9][0-9]{2,18}",
        rf in any::<bool>(),
        cents in 0u64..=99_999_999,
        due in proptest::option::of((2000u16..2100, 1u8..=12, 1u8..=28)),
    ) {
        let national = NationalReference::create(&base).unwrap();
        let reference = if rf { national.to_rf().into() } else { national.into() };
        let due = due.map(|(year, month, day)| DueDate::new(year, month, day).unwrap());
        let iban = FiIban::from_bban(&account).unwrap();
        let code = BankBarcode::new(iban, reference, cents, due).unwrap();
        prop_assert_eq!(code.to_machine().len(), 54);
        let read = BankBarcode::parse(code.to_machine()).unwrap();
        prop_assert_eq!((read.cents(), read.due()), (cents, due));
        prop_assert_eq!(read, code);
    }

    #[test]
    fn amounts_beyond_the_bar_code_are_refused(cents in 100_000_000u64..) {
        let error = BankBarcode::from_text("FI2112345600000785", "1234561", cents, None).unwrap_err();
        prop_assert_eq!(error.reason(), Reason::Amount);
    }

    #[test]
    fn symbol_values_spell_the_digits(base in "[1-9][0-9]{2,18}", cents in 0u64..=99_999_999) {
        let reference = NationalReference::create(&base).unwrap();
        let code = BankBarcode::from_text("FI2112345600000785", reference.to_machine(), cents, None).unwrap();
        let values = code.symbol_values();
        prop_assert_eq!((values[0], values[29]), (105, 106));
        let spelt: String = values[1..28].iter().map(|value| format!("{value:02}")).collect();
        prop_assert_eq!(spelt, code.to_machine());
        let sum: u32 = values[..28].iter().enumerate().map(|(i, &v)| (i.max(1) as u32) * u32::from(v)).sum();
        prop_assert_eq!(u32::from(values[28]), sum % 103);
    }

    #[test]
    fn a_bulk_is_what_single_ones_are(start in 100u64..1_000_000_000, count in 0u64..50, step in 1u64..1000) {
        let made: Vec<_> = NationalReference::bulk(&start.to_string(), count, step).unwrap().collect();
        let single: Vec<_> = (0..count)
            .map(|index| NationalReference::from_number(start + index * step).unwrap())
            .collect();
        prop_assert_eq!(made, single);
    }

    #[test]
    fn a_payload_has_the_amount_in_cents(cents in 1u64..=99_999_999_999) {
        let payload = EpcQr::new("A", "FI2112345600000785").cents(cents).payload().unwrap();
        let amount = payload.lines().nth(7).unwrap();
        prop_assert_eq!(amount, format!("EUR{}.{:02}", cents / 100, cents % 100));
        let again = EpcQr::new("A", "FI2112345600000785").amount_text(&amount[3..]).payload();
        prop_assert_eq!(again.unwrap(), payload);
    }

    #[test]
    fn dates_read_back(year in 1990u16..2110, month in 0u8..14, day in 0u8..33) {
        let text = format!("{year:04}-{month:02}-{day:02}");
        match DueDate::new(year, month, day) {
            Ok(date) => {
                prop_assert_eq!(date.to_iso(), text.clone());
                prop_assert_eq!(DueDate::parse(&text).unwrap(), date);
            }
            Err(error) => prop_assert_eq!(DueDate::parse(&text).unwrap_err(), error),
        }
    }
}
