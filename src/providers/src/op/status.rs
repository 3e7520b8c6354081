//! OP's words for how a payment stands, and what its answer says.
//!
//! OP's list of words is not public: one example is, `INITIAL`. So the words that decide something
//! come from the account's settings, and every other word waits.

use kassa_checkout::{
    Timestamp,
    lifecycle::{Evidence, Meaning, Rank},
    message::ContentError,
    provider::PaymentEvent,
};

use super::message::{self, Stands};
use crate::date;

/// The one word that OP's documentation shows: nothing has happened to the payment yet.
pub const INITIAL: &str = "INITIAL";

/// The longest word, in bytes. OP names no limit; this one is ours.
const LONGEST_WORD: usize = 64;

/// The words that decide, as the account's settings name them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The money came.
    pub success: Vec<String>,
    /// The customer cancelled.
    pub cancelled: Vec<String>,
    /// The bank or OP refused.
    pub failed: Vec<String>,
}

impl Words {
    /// What a word means. One that nobody has named waits, whatever it looks like.
    ///
    /// ```
    /// use kassa_checkout::lifecycle::Meaning;
    /// use kassa_providers::op::status::Words;
    /// let words = Words {
    ///     success: vec!["SIM_PAID".into()],
    ///     ..Words::default()
    /// };
    /// assert_eq!(words.meaning("SIM_PAID"), Meaning::Paid);
    /// assert_eq!(words.meaning("sim_paid"), Meaning::Pending);
    /// assert_eq!(words.meaning("INITIAL"), Meaning::Pending);
    /// ```
    #[must_use]
    pub fn meaning(&self, word: &str) -> Meaning {
        let named = |words: &[String]| words.iter().any(|known| known == word);
        if named(&self.success) {
            Meaning::Paid
        } else if named(&self.cancelled) {
            Meaning::Cancelled
        } else if named(&self.failed) {
            Meaning::Declined
        } else {
            Meaning::Pending
        }
    }
}

/// Whether a text can be one of OP's words.
#[must_use]
pub fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// What an answer reports: the payment as it stands now. Nothing while nothing has happened.
///
/// The answer names no currency: OP has one.
pub(super) fn events(
    words: &Words,
    attempt: &str,
    asked: &str,
    answer: &Stands,
) -> Result<Vec<PaymentEvent>, ContentError> {
    if answer.payment_id != asked {
        return Err(ContentError::Field("paymentId"));
    }
    let word = answer.status.as_str();
    if !is_word(word) {
        return Err(ContentError::Field("status"));
    }
    if word == INITIAL {
        return Ok(Vec::new());
    }
    let amount_cents = message::cents(&answer.amount).ok_or(ContentError::Field("amount"))?;
    let refunded_cents = refunded(answer)?;
    let at = time(answer)?;
    Ok(vec![PaymentEvent {
        provider_payment_id: attempt.to_owned(),
        evidence: Evidence {
            key: format!("{word}/{refunded_cents}"),
            rank: Rank { at, operation: 0 },
            meaning: refine(words.meaning(word), amount_cents, refunded_cents),
            begins_anew: false,
            word: word.to_owned(),
            code: code(answer),
            amount_cents,
            currency: "EUR".to_owned(),
        },
        redirect: None,
    }])
}

/// A payment whose money went back in part or in whole, as the sum of refunds tells. Only a
/// payment that was paid can have given anything back.
const fn refine(meaning: Meaning, amount: u64, refunded: u64) -> Meaning {
    match (meaning, refunded) {
        (Meaning::Paid, 1..) if refunded >= amount => Meaning::Refunded,
        (Meaning::Paid, 1..) => Meaning::PartiallyRefunded,
        _ => meaning,
    }
}

fn refunded(answer: &Stands) -> Result<u64, ContentError> {
    match answer.total_refunded_amount.as_deref() {
        None | Some("") => Ok(0),
        Some(text) => message::cents(text).ok_or(ContentError::Field("totalRefundedAmount")),
    }
}

fn time(answer: &Stands) -> Result<Timestamp, ContentError> {
    let text = answer.update_time.as_ref().or(answer.create_time.as_ref());
    text.and_then(|text| read_time(text))
        .ok_or(ContentError::Field("updateTime"))
}

/// A point in time as OP writes it, `2020-03-10T11:23:57.917Z`, with or without a fraction.
pub(super) fn read_time(text: &str) -> Option<Timestamp> {
    let Some((whole, rest)) = text.split_once('.') else {
        return date::read(text);
    };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, offset) = rest.split_at_checked(length)?;
    if !(1..=9).contains(&length) {
        return None;
    }
    let second = date::read(&format!("{whole}{offset}"))?;
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(Timestamp::from_millis(second.millis() + millis))
}

/// Why it failed, in OP's words, for the shop's staff: short and without odd characters.
fn code(answer: &Stands) -> Option<String> {
    [&answer.error_code, &answer.failure_reason]
        .into_iter()
        .flatten()
        .find(|code| is_word(code))
        .cloned()
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{Timestamp, lifecycle::Meaning, message::ContentError};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Words, events, read_time};

    const ID: &str = "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79";

    fn words() -> Words {
        Words {
            success: vec!["SIM_PAID".to_owned()],
            cancelled: vec!["SIM_CANCELLED".to_owned()],
            failed: vec!["SIM_FAILED".to_owned(), "SIM_REJECTED".to_owned()],
        }
    }

    fn answer(changes: Value) -> Result<Vec<super::PaymentEvent>, ContentError> {
        let mut body = json!({
            "paymentId": ID,
            "amount": "10.00",
            "status": "SIM_PAID",
            "refunds": [],
            "createTime": "2020-03-10T11:23:57.917Z",
            "updateTime": "2020-03-10T11:24:00.001Z",
            "paymentType": "CREDIT",
        });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        events(&words(), "p-1", ID, &serde_json::from_value(body).unwrap())
    }

    #[test]
    fn words_mean_what_the_settings_say() {
        for (word, meaning) in [
            ("SIM_PAID", Meaning::Paid),
            ("SIM_CANCELLED", Meaning::Cancelled),
            ("SIM_FAILED", Meaning::Declined),
            ("SIM_REJECTED", Meaning::Declined),
            ("SUCCESS", Meaning::Pending),
            ("COMPLETED", Meaning::Pending),
        ] {
            let event = answer(json!({"status": word})).unwrap().remove(0);
            assert_eq!(event.evidence.meaning, meaning, "{word}");
            assert_eq!(event.evidence.word, word);
            assert_eq!(event.provider_payment_id, "p-1");
            assert_eq!(
                (event.evidence.amount_cents, &*event.evidence.currency),
                (1_000, "EUR")
            );
            let at = Timestamp::from_millis(1_583_839_440_001);
            assert_eq!(event.evidence.rank.at, at);
        }
        assert_eq!(answer(json!({"status": "INITIAL"})), Ok(Vec::new()));
    }

    #[test]
    fn what_went_back_counts_only_of_a_paid_payment() {
        for (word, refunded, meaning) in [
            ("SIM_PAID", "0.00", Meaning::Paid),
            ("SIM_PAID", "0.01", Meaning::PartiallyRefunded),
            ("SIM_PAID", "9.99", Meaning::PartiallyRefunded),
            ("SIM_PAID", "10.00", Meaning::Refunded),
            ("SIM_FAILED", "10.00", Meaning::Declined),
            ("ELSE", "10.00", Meaning::Pending),
        ] {
            let came = answer(json!({"status": word, "totalRefundedAmount": refunded})).unwrap();
            assert_eq!(came[0].evidence.meaning, meaning, "{word} {refunded}");
        }
    }

    #[test]
    fn an_answer_that_decides_wrongly_is_not_taken() {
        for (changes, path) in [
            (json!({"paymentId": "8a5d4aac"}), "paymentId"),
            (json!({"status": ""}), "status"),
            (json!({"status": "A\nB"}), "status"),
            (json!({"status": "A".repeat(65)}), "status"),
            (json!({"amount": "10"}), "amount"),
            (json!({"updateTime": "yesterday"}), "updateTime"),
            (
                json!({"totalRefundedAmount": "-1.00"}),
                "totalRefundedAmount",
            ),
        ] {
            assert_eq!(answer(changes), Err(ContentError::Field(path)));
        }
        let neither = json!({"updateTime": null, "createTime": null});
        assert_eq!(answer(neither), Err(ContentError::Field("updateTime")));
        let created = answer(json!({"updateTime": null})).unwrap().remove(0);
        assert_eq!(
            created.evidence.rank.at,
            Timestamp::from_millis(1_583_839_437_917)
        );
    }

    #[test]
    fn why_it_failed_is_told_in_ops_words() {
        let code = |changes| answer(changes).unwrap().remove(0).evidence.code;
        assert_eq!(
            code(json!({"failureReason": "UnknownError"})).as_deref(),
            Some("UnknownError")
        );
        assert_eq!(
            code(json!({"failureReason": "UnknownError", "errorCode": "E1"})).as_deref(),
            Some("E1")
        );
        assert_eq!(code(json!({"errorCode": "two\nlines"})), None);
    }

    #[test]
    fn fractions_of_a_second_are_read() {
        let of = |text: &str| read_time(text).map(Timestamp::millis);
        assert_eq!(of("2020-03-10T11:23:57Z"), Some(1_583_839_437_000));
        assert_eq!(of("2020-03-10T11:23:57.9Z"), Some(1_583_839_437_900));
        assert_eq!(
            of("2020-03-10T13:23:57.917456+02:00"),
            Some(1_583_839_437_917)
        );
        for wrong in [
            "",
            ".",
            "2020-03-10T11:23:57.Z",
            "2020-03-10T11:23:57.917",
            "2020-03-10.1",
        ] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn an_unnamed_word_waits(word in "[A-Za-z_]{1,20}|SIM_PAID.|sim_paid") {
            prop_assume!(word != "SIM_PAID");
            let meaning = words().meaning(&word);
            prop_assert!(meaning == Meaning::Pending || word.starts_with("SIM_"));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[0-9T:.Z+-]{0,40}") {
            let _ = read_time(&text);
        }
    }
}
