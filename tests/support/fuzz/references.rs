//! References, accounts, bank codes, bar codes and QR texts.

use viite::{
    BankBarcode, Bic, BusinessId, DueDate, EpcQr, FiIban, Iban, NationalReference, OrderNumber,
    QrVersion, Reference, RfReference,
};

use super::with_text;

pub(super) fn national(data: &[u8]) -> bool {
    with_text(data, |text| {
        let lenient = NationalReference::parse(text);
        if let Ok(exact) = NationalReference::parse_machine(text) {
            // The zeros that fill up to 20 digits are none of it.
            assert_eq!(exact.to_machine(), text.trim_start_matches('0'));
            assert_eq!(lenient.as_ref(), Ok(&exact), "exact but not lenient");
        }
        if let Ok(number) = OrderNumber::parse(text) {
            assert_eq!(number.to_machine(), text);
            if let Ok(reference) = number.to_reference() {
                assert_eq!(OrderNumber::from_reference(&reference), Ok(number));
            }
        }
        let Ok(reference) = lenient else { return false };
        let machine = reference.to_machine();
        assert!(weighs_right(machine), "{machine} has a wrong check digit");
        assert_eq!(
            NationalReference::parse_machine(machine),
            Ok(reference.clone())
        );
        assert_eq!(
            NationalReference::parse(&reference.to_print()),
            Ok(reference.clone())
        );
        assert_eq!(reference.to_rf().to_national(), Ok(reference.clone()));
        for wrong in one_digit_changed(machine) {
            assert!(NationalReference::parse(&wrong).is_err(), "{wrong} passes");
        }
        true
    })
}

pub(super) fn rf(data: &[u8]) -> bool {
    with_text(data, |text| {
        let lenient = RfReference::parse(text);
        if let Ok(exact) = RfReference::parse_machine(text) {
            assert_eq!(exact.to_machine(), text);
            assert_eq!(lenient.as_ref(), Ok(&exact), "exact but not lenient");
        }
        let either = Reference::parse(text);
        let Ok(reference) = lenient else { return false };
        assert_eq!(either.map(|found| found.to_rf()), Ok(reference.clone()));
        let machine = reference.to_machine();
        assert_eq!(remainder(machine), 1, "{machine} has wrong check digits");
        assert_eq!(RfReference::parse_machine(machine), Ok(reference.clone()));
        assert_eq!(
            RfReference::parse(&reference.to_print()),
            Ok(reference.clone())
        );
        for wrong in one_digit_changed(machine) {
            assert!(RfReference::parse(&wrong).is_err(), "{wrong} passes");
        }
        true
    })
}

pub(super) fn iban(data: &[u8]) -> bool {
    with_text(data, |text| {
        let lenient = Iban::parse(text);
        if let Ok(exact) = Iban::parse_machine(text) {
            assert_eq!(exact.to_machine(), text);
            assert_eq!(lenient.as_ref(), Ok(&exact), "exact but not lenient");
        }
        if let Ok(finnish) = FiIban::parse(text) {
            assert_eq!(
                Iban::parse(text).map(|any| any.to_machine().to_owned()),
                Ok(finnish.to_machine().to_owned())
            );
            assert_eq!(FiIban::parse(&finnish.to_print()), Ok(finnish));
        }
        let Ok(iban) = lenient else { return false };
        let machine = iban.to_machine();
        assert_eq!(remainder(machine), 1, "{machine} has wrong check digits");
        assert_eq!(Iban::parse_machine(machine), Ok(iban.clone()));
        assert_eq!(Iban::parse(&iban.to_print()), Ok(iban.clone()));
        for wrong in one_digit_changed(machine) {
            assert!(Iban::parse(&wrong).is_err(), "{wrong} passes");
        }
        true
    })
}

pub(super) fn bic(data: &[u8]) -> bool {
    with_text(data, |text| {
        let lenient = Bic::parse(text);
        if let Ok(exact) = Bic::parse_machine(text) {
            assert_eq!(exact.to_machine(), text);
            assert_eq!(lenient.as_ref(), Ok(&exact), "exact but not lenient");
        }
        let Ok(bic) = lenient else { return false };
        let machine = bic.to_machine();
        assert!(matches!(machine.len(), 8 | 11), "{machine}");
        assert_eq!(Bic::parse_machine(machine), Ok(bic.clone()));
        true
    })
}

pub(super) fn barcode(data: &[u8]) -> bool {
    with_text(data, |text| {
        if let Ok(due) = DueDate::parse(text) {
            assert_eq!(DueDate::parse(&due.to_iso()), Ok(due));
        }
        let Ok(code) = BankBarcode::parse(text) else {
            return false;
        };
        assert_eq!(code.to_machine(), text);
        let again = BankBarcode::new(
            code.iban().clone(),
            code.reference().clone(),
            code.cents(),
            code.due(),
        );
        assert_eq!(again.as_ref().map(BankBarcode::to_machine), Ok(text));
        assert!(code.check_value() < 103);
        true
    })
}

/// The fields of a transfer stand on lines of their own.
pub(super) fn epc_qr(data: &[u8]) -> bool {
    with_text(data, |text| {
        let field: Vec<&str> = text.split('\n').collect();
        let [
            version,
            bic,
            name,
            iban,
            amount,
            purpose,
            reference,
            message,
            info,
        ] = field[..]
        else {
            return false;
        };
        let transfer = EpcQr::new(name, iban)
            .version(QrVersion::parse(version).unwrap_or_default())
            .bic(bic)
            .purpose(purpose)
            .reference_text(reference)
            .text(message)
            .info(info);
        let transfer = match amount.parse() {
            Ok(cents) => transfer.cents(cents),
            Err(_) => transfer.amount_text(amount),
        };
        let Ok(payload) = transfer.payload() else {
            return false;
        };
        assert!(payload.len() <= 331, "{} bytes", payload.len());
        assert!(!payload.ends_with('\n') && !payload.contains('\r'));
        let lines: Vec<&str> = payload.split('\n').collect();
        assert!((6..=12).contains(&lines.len()), "{} lines", lines.len());
        let at = |place: usize| lines.get(place).copied().unwrap_or_default();
        assert_eq!([at(0), at(2), at(3)], ["BCD", "1", "SCT"]);
        assert_eq!(at(5), name);
        assert!(Iban::parse_machine(at(6)).is_ok(), "{}", at(6));
        assert_eq!(
            [at(8), at(9), at(10), at(11)],
            [purpose, reference, message, info]
        );
        true
    })
}

pub(super) fn business_id(data: &[u8]) -> bool {
    with_text(data, |text| {
        let Ok(id) = BusinessId::parse(text) else {
            return false;
        };
        let machine = id.to_machine();
        assert_eq!(BusinessId::parse(machine).as_ref(), Ok(&id));
        assert_eq!(id.to_vat_number().len(), 10);
        for wrong in one_digit_changed(machine) {
            assert!(BusinessId::parse(&wrong).is_err(), "{wrong} passes");
        }
        true
    })
}

/// The text with each of its digits changed to each other one.
fn one_digit_changed(text: &str) -> impl Iterator<Item = String> {
    text.char_indices()
        .filter(|(_, letter)| letter.is_ascii_digit())
        .flat_map(move |(place, letter)| {
            ('0'..='9')
                .filter(move |other| *other != letter)
                .map(move |other| {
                    let (before, after) = text.split_at(place);
                    format!(
                        "{before}{other}{}",
                        after.strip_prefix(letter).unwrap_or_default()
                    )
                })
        })
}

/// The check digit of a national reference, computed as on paper.
fn weighs_right(machine: &str) -> bool {
    let digits: Vec<u32> = machine
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .collect();
    let Some((check, base)) = digits.split_last() else {
        return false;
    };
    let sum: u32 = base
        .iter()
        .rev()
        .zip([7, 3, 1].iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    digits.len() == machine.len() && (10 - sum % 10) % 10 == *check
}

/// The remainder by 97 of ISO 7064, letter by letter.
fn remainder(machine: &str) -> u32 {
    let (head, tail) = machine.split_at_checked(4).unwrap_or((machine, ""));
    tail.chars().chain(head.chars()).fold(0, |rest, letter| {
        let value = letter.to_digit(36).unwrap_or_default();
        (if value > 9 { rest * 100 } else { rest * 10 } + value) % 97
    })
}
