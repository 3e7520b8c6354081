//! ecommpay's words and what they mean.
//!
//! Sources: "Open Banking in Finland", payment confirmation procedure; the status constants of
//! ecommpay's SDKs and plugins; the published table of operation codes.

use kassa_checkout::lifecycle::Meaning;

/// Codes of operations that wait: nobody has refused or confirmed yet.
const WAITING: [&str; 4] = ["9999", "29999", "20802", "20899"];

/// Codes of operations that the customer ended.
const CANCELLED: [&str; 2] = ["301", "20301"];

/// What a payment's status means, together with the code of the operation that came with it.
///
/// The payment's word decides and not the operation's: a sale may be a success while its payment
/// awaits confirmation. A word that is not known means [`Meaning::Pending`]. A code that says
/// "waiting" holds back a bad end, and never turns one into a good one.
///
/// ```
/// use kassa_checkout::lifecycle::Meaning;
/// use kassa_providers::ecommpay::status::meaning;
/// assert_eq!(meaning("success", Some("0")), Meaning::Paid);
/// assert_eq!(meaning("decline", Some("20301")), Meaning::Cancelled);
/// assert_eq!(meaning("decline", Some("20802")), Meaning::Pending);
/// assert_eq!(meaning("something new", None), Meaning::Pending);
/// ```
#[must_use]
pub fn meaning(payment_status: &str, operation_code: Option<&str>) -> Meaning {
    let has = |codes: &[&str]| operation_code.is_some_and(|code| codes.contains(&code));
    let unpaid = |meaning| {
        if has(&WAITING) {
            Meaning::Pending
        } else {
            meaning
        }
    };
    match payment_status {
        "success" => Meaning::Paid,
        "awaiting confirmation" => Meaning::AwaitingConfirmation,
        "decline" if has(&CANCELLED) => Meaning::Cancelled,
        "decline" => unpaid(Meaning::Declined),
        "canceled" | "cancelled" => unpaid(Meaning::Cancelled),
        "expired" => unpaid(Meaning::Expired),
        "error" | "internal error" | "external error" => unpaid(Meaning::Failed),
        "partially refunded" | "partially reversed" => Meaning::PartiallyRefunded,
        "refunded" => Meaning::Refunded,
        "reversed" => Meaning::Reversed,
        _ => Meaning::Pending,
    }
}

/// Whether an operation can make a payment paid again after its money went back.
#[must_use]
pub fn begins_anew(operation_type: &str) -> bool {
    operation_type == "sale"
}

#[cfg(test)]
mod tests {
    use kassa_checkout::lifecycle::Meaning;
    use proptest::prelude::*;

    use super::meaning;

    #[test]
    fn documented_words() {
        for (words, expected) in [
            (
                &[
                    "processing",
                    "external processing",
                    "awaiting redirect result",
                    "awaiting customer",
                    "awaiting customer action",
                    "awaiting approval",
                    "awaiting clarification",
                    "awaiting merchant auth",
                    "awaiting capture",
                    "awaiting finalization",
                    "awaiting retry",
                    "awaiting clearing",
                    "awaiting 3ds result",
                    "scheduled recurring processing",
                    "partially paid",
                ][..],
                Meaning::Pending,
            ),
            (&["awaiting confirmation"], Meaning::AwaitingConfirmation),
            (&["success"], Meaning::Paid),
            (&["decline"], Meaning::Declined),
            (&["expired"], Meaning::Expired),
            (&["canceled", "cancelled"], Meaning::Cancelled),
            (
                &["error", "internal error", "external error"],
                Meaning::Failed,
            ),
            (&["reversed"], Meaning::Reversed),
            (&["refunded"], Meaning::Refunded),
            (
                &["partially refunded", "partially reversed"],
                Meaning::PartiallyRefunded,
            ),
        ] {
            for word in words {
                assert_eq!(meaning(word, None), expected, "{word}");
            }
        }
    }

    #[test]
    fn a_waiting_code_never_ends_badly() {
        for code in ["9999", "29999", "20802", "20899"] {
            for word in [
                "decline",
                "error",
                "internal error",
                "external error",
                "expired",
                "canceled",
            ] {
                assert_eq!(meaning(word, Some(code)), Meaning::Pending, "{word} {code}");
            }
        }
    }

    #[test]
    fn the_customers_own_end_is_told_from_a_refusal() {
        for code in ["301", "20301"] {
            assert_eq!(meaning("decline", Some(code)), Meaning::Cancelled);
        }
        for code in ["100", "20000", "20100", "20401", "0301", ""] {
            assert_eq!(meaning("decline", Some(code)), Meaning::Declined);
        }
    }

    proptest! {
        #[test]
        fn an_unknown_word_is_pending_whatever_the_code(
            word in "[A-Z][a-z ]{0,20}|success.|.success|Success|SUCCESS",
            code in proptest::option::of("[0-9]{1,5}"),
        ) {
            prop_assert_eq!(meaning(&word, code.as_deref()), Meaning::Pending);
        }
    }
}
