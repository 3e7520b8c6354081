//! Property tests of the lifecycle: no order of events lies about money.

use proptest::prelude::*;

use super::{
    Effect, Event, Evidence, Lifecycle, Meaning, Rank, Refund, RefundRefusal, RefundStatus, Status,
};
use crate::{amount::Amount, error::Coded as _, refund::RefundTold, time::Timestamp};

const CENTS: u64 = 4_990;

fn payment() -> Lifecycle {
    let mut payment = Lifecycle::new(Amount::from_cents(CENTS).unwrap());
    for attempt in ["a", "b"] {
        payment.apply(Event::Started {
            attempt: attempt.into(),
        });
    }
    payment
}

fn report(at: u64, operation: u64, meaning: Meaning) -> Evidence {
    Evidence {
        key: format!("{operation}/{meaning:?}/{at}"),
        rank: Rank {
            at: Timestamp::from_millis(at),
            operation,
        },
        meaning,
        begins_anew: true,
        word: format!("{meaning:?}"),
        code: None,
        amount_cents: CENTS,
        currency: "EUR".into(),
    }
}

fn about(attempt: &str, evidence: Evidence) -> Event {
    Event::Evidence {
        attempt: attempt.into(),
        evidence,
    }
}

fn any_meaning() -> impl Strategy<Value = Meaning> {
    prop::sample::select(vec![
        Meaning::Pending,
        Meaning::AwaitingConfirmation,
        Meaning::Paid,
        Meaning::Expired,
        Meaning::Cancelled,
        Meaning::Declined,
        Meaning::Failed,
        Meaning::PartiallyRefunded,
        Meaning::Refunded,
        Meaning::Reversed,
    ])
}

prop_compose! {
    fn any_evidence()(
        at in 0_u64..6,
        operation in 1_u64..4,
        meaning in any_meaning(),
        begins_anew in any::<bool>(),
        wrong_amount in prop::bool::weighted(0.1),
        wrong_currency in prop::bool::weighted(0.1),
    ) -> Evidence {
        Evidence {
            begins_anew,
            amount_cents: if wrong_amount { CENTS - 1 } else { CENTS },
            currency: if wrong_currency { "SEK".into() } else { "EUR".into() },
            key: format!("{at}/{operation}/{meaning:?}/{begins_anew}/{wrong_amount}/{wrong_currency}"),
            ..report(at, operation, meaning)
        }
    }
}

prop_compose! {
    fn any_event()(
        attempt in prop::sample::select(vec!["a", "b", "unknown"]),
        evidence in any_evidence(),
        ended in prop::bool::weighted(0.05),
    ) -> Event {
        if ended { Event::OfferEnded } else { about(attempt, evidence) }
    }
}

fn after(events: &[Event]) -> Lifecycle {
    let mut payment = payment();
    for event in events {
        payment.apply(event.clone());
    }
    payment
}

/// What counts of a history: reports on `attempt` with the right amount and currency.
fn counted<'a>(events: &'a [Event], attempt: &'a str) -> impl Iterator<Item = &'a Evidence> {
    events.iter().filter_map(move |event| match event {
        Event::Evidence {
            attempt: about,
            evidence,
        } if about == attempt && evidence.amount_cents == CENTS && evidence.currency == "EUR" => {
            Some(evidence)
        }
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn money_is_held_only_on_evidence(events in prop::collection::vec(any_event(), 0..12)) {
        let payment = after(&events);
        if payment.status().holds_money() {
            let seen = ["a", "b"].iter().any(|attempt| {
                counted(&events, attempt).any(|evidence| {
                    matches!(evidence.meaning, Meaning::Paid | Meaning::PartiallyRefunded)
                })
            });
            prop_assert!(seen);
        }
    }

    #[test]
    fn the_latest_decisive_report_decides(
        events in prop::collection::vec(any_event(), 0..12),
        meaning in any_meaning(),
    ) {
        // A new sale, later than everything else: whatever came before, its word stands.
        let mut events = events;
        events.push(about("b", report(100, 9, meaning)));
        let payment = after(&events);
        let attempt = &payment.attempts()[1];
        let decisive = !matches!(meaning, Meaning::Pending | Meaning::AwaitingConfirmation);
        if decisive {
            prop_assert_eq!(attempt.deciding().unwrap().meaning, meaning);
        } else {
            // …and one that decides nothing never overwrites a final state.
            let final_before = counted(&events, "b").any(|evidence| {
                !matches!(evidence.meaning, Meaning::Pending | Meaning::AwaitingConfirmation)
            });
            if !final_before {
                prop_assert_eq!(attempt.deciding().unwrap().meaning, meaning);
            }
        }
    }

    #[test]
    fn order_and_duplicates_do_not_matter(
        (events, shuffled) in prop::collection::vec(any_event(), 0..10).prop_flat_map(|events| {
            let doubled: Vec<Event> = events.iter().chain(&events).cloned().collect();
            (Just(events), Just(doubled).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(after(&events), after(&shuffled));
    }

    #[test]
    fn twice_equals_once(events in prop::collection::vec(any_event(), 1..8)) {
        let mut payment = after(&events);
        let once = payment.clone();
        for event in events {
            let effects = payment.apply(event);
            let harmless = effects.iter().all(|effect| {
                matches!(effect, Effect::AskStatus | Effect::UnknownAttempt)
            });
            prop_assert!(harmless, "a repeated event caused {effects:?}");
        }
        prop_assert_eq!(payment, once);
    }

    #[test]
    fn a_report_about_another_amount_changes_nothing(
        events in prop::collection::vec(any_event(), 0..6),
        meaning in any_meaning(),
    ) {
        let mut payment = after(&events);
        let before = payment.status();
        let wrong = Evidence { amount_cents: CENTS * 100, key: "wrong".into(), ..report(500, 9, meaning) };
        let effects = payment.apply(about("a", wrong));
        prop_assert_eq!(effects, vec![Effect::AmountDiffers]);
        prop_assert_eq!(payment.status(), before);
    }
}

/// What a database holds, a shop reads the same in JSON.
#[test]
fn a_status_has_one_word_everywhere() {
    for status in Status::ALL {
        let word = status.as_str();
        assert_eq!(serde_json::to_value(status).unwrap(), word);
        assert_eq!(Status::from_word(word), Some(status));
        assert_eq!(Status::from_word(&word.to_uppercase()), None);
    }
    assert_eq!(Status::Paid.as_str(), "paid");
    assert_eq!(Status::from_word(""), None);
}

#[test]
fn every_order_of_the_confirmation_procedure_ends_the_same() {
    // Sale accepted, confirmation asked for, declined after seven days, credited after all,
    // reversed in the end: 120 orders of arrival.
    let reports = [
        report(1, 1, Meaning::Pending),
        report(2, 1, Meaning::AwaitingConfirmation),
        report(7, 2, Meaning::Declined),
        report(9, 2, Meaning::Paid),
        report(12, 3, Meaning::Reversed),
    ];
    let mut orders = 0;
    permutations(&mut [0, 1, 2, 3, 4], 0, &mut |order| {
        orders += 1;
        let mut payment = payment();
        for place in order {
            payment.apply(about("b", reports[*place].clone()));
        }
        assert_eq!(payment.status(), Status::Reversed, "{order:?}");
        assert_eq!(payment.accepted_at(), Some(Timestamp::from_millis(2)));
    });
    assert_eq!(orders, 120);
}

fn permutations(places: &mut [usize], from: usize, visit: &mut impl FnMut(&[usize])) {
    if from == places.len() {
        visit(places);
        return;
    }
    for other in from..places.len() {
        places.swap(from, other);
        permutations(places, from + 1, visit);
        places.swap(from, other);
    }
}

#[test]
fn declined_becomes_paid_and_paid_becomes_reversed() {
    let mut payment = payment();
    let step = |payment: &mut Lifecycle, at, operation, meaning| {
        payment.apply(about("b", report(at, operation, meaning)))
    };
    step(&mut payment, 1, 1, Meaning::Declined);
    assert_eq!(payment.status(), Status::Declined);
    assert_eq!(
        step(&mut payment, 8, 2, Meaning::Paid),
        [Effect::Notify {
            from: Status::Declined,
            to: Status::Paid
        }]
    );
    assert_eq!(
        step(&mut payment, 9, 3, Meaning::Reversed),
        [Effect::Notify {
            from: Status::Paid,
            to: Status::Reversed
        }]
    );
}

#[test]
fn a_success_that_is_no_new_sale_does_not_undo_a_reversal() {
    let mut payment = payment();
    payment.apply(about("b", report(5, 2, Meaning::Reversed)));
    let repeated = Evidence {
        begins_anew: false,
        ..report(9, 1, Meaning::Paid)
    };
    payment.apply(about("b", repeated));
    assert_eq!(payment.status(), Status::Reversed);
    payment.apply(about("b", report(10, 4, Meaning::Paid)));
    assert_eq!(payment.status(), Status::Paid);
}

#[test]
fn contradicting_reports_of_one_rank_ask_for_the_status() {
    let mut payment = payment();
    payment.apply(about("b", report(5, 2, Meaning::Paid)));
    let effects = payment.apply(about("b", report(5, 2, Meaning::Declined)));
    assert!(effects.contains(&Effect::AskStatus), "{effects:?}");
    assert_eq!(payment.status(), Status::Declined, "the cautious one holds");
}

#[test]
fn a_second_paid_attempt_is_told_once() {
    let mut payment = payment();
    payment.apply(about("a", report(5, 2, Meaning::Paid)));
    let second = about("b", report(6, 3, Meaning::Paid));
    assert_eq!(payment.apply(second.clone()), [Effect::PaidTwice]);
    assert_eq!(payment.apply(second), []);
    assert_eq!(payment.status(), Status::Paid);
}

#[test]
fn an_attempt_that_came_to_nothing_does_not_hide_that_money_went_back() {
    for returned in [Meaning::Reversed, Meaning::Refunded] {
        let mut payment = payment();
        // The second attempt was begun, and nothing was heard of it.
        payment.apply(about("a", report(5, 2, Meaning::Paid)));
        payment.apply(about("a", report(6, 3, returned)));
        let told = payment.status();
        assert!(
            matches!(told, Status::Reversed | Status::Refunded),
            "{told:?}"
        );
        payment.apply(about("b", report(7, 4, Meaning::Declined)));
        payment.apply(Event::OfferEnded);
        assert_eq!(payment.status(), told);
        payment.apply(about("b", report(8, 5, Meaning::Paid)));
        assert_eq!(payment.status(), Status::Paid);
    }
}

#[test]
fn a_refund_that_only_the_provider_tells_of_counts_when_it_was_all_of_it() {
    for (returned, refunded) in [
        (Meaning::Refunded, CENTS),
        (Meaning::PartiallyRefunded, 0),
        (Meaning::Reversed, 0),
    ] {
        let mut payment = paid_once();
        payment.apply(about("b", report(2, 2, returned)));
        assert_eq!(payment.refunded_cents(), refunded, "{returned:?}");
    }
}

#[test]
fn an_offer_that_ended_is_revived_by_evidence_only() {
    let mut payment = payment();
    payment.apply(Event::OfferEnded);
    assert_eq!(payment.status(), Status::Expired);
    assert!(!payment.can_pay());
    payment.apply(about("a", report(1, 1, Meaning::Paid)));
    assert_eq!(payment.status(), Status::Paid);
}

#[test]
fn a_customer_may_choose_again_unless_money_is_or_may_come() {
    for (status, may) in [
        (Status::Created, true),
        (Status::Redirected, true),
        (Status::Pending, true),
        (Status::AwaitingConfirmation, false),
        (Status::Paid, false),
        (Status::Declined, true),
        (Status::Cancelled, true),
        (Status::Expired, false),
        (Status::Failed, true),
        (Status::PartiallyRefunded, false),
        (Status::Refunded, false),
        (Status::Reversed, false),
    ] {
        assert_eq!(status.can_pay(), may, "{status:?}");
    }
}

#[test]
fn nobody_may_choose_after_the_offer_ended_or_when_it_is_paid() {
    let mut declined = payment();
    assert!(declined.can_pay());
    for attempt in ["a", "b"] {
        declined.apply(about(attempt, report(1, 1, Meaning::Declined)));
    }
    assert!(declined.can_pay());
    // The status alone would still permit it.
    declined.apply(Event::OfferEnded);
    assert_eq!(declined.status(), Status::Declined);
    assert!(!declined.can_pay());

    let mut paid = payment();
    paid.apply(about("a", report(1, 1, Meaning::Paid)));
    assert!(!paid.can_pay());
}

#[test]
fn a_confirmation_is_overdue_once_and_only_while_it_is_awaited() {
    let mut waiting = payment();
    assert_eq!(waiting.apply(Event::ConfirmationOverdue), []);
    assert!(!waiting.confirmation_was_overdue());

    waiting.apply(about("a", report(1, 1, Meaning::AwaitingConfirmation)));
    assert!(!waiting.confirmation_was_overdue());
    assert_eq!(
        waiting.apply(Event::ConfirmationOverdue),
        [Effect::ConfirmationOverdue]
    );
    assert!(waiting.confirmation_was_overdue());
    assert_eq!(waiting.status(), Status::AwaitingConfirmation);
    assert_eq!(waiting.apply(Event::ConfirmationOverdue), []);
    assert!(waiting.confirmation_was_overdue());

    waiting.apply(about("a", report(2, 2, Meaning::Paid)));
    assert_eq!(waiting.apply(Event::ConfirmationOverdue), []);
    assert!(waiting.confirmation_was_overdue());
}

#[test]
fn no_report_outranks_itself() {
    let one = report(1, 1, Meaning::Paid);
    assert!(!one.outranks(&one.clone()));
    let later = report(2, 1, Meaning::Pending);
    assert!(later.outranks(&one) && !one.outranks(&later));
}

/// Something that a shop or a provider does about refunds.
#[derive(Debug, Clone)]
enum Move {
    Refund(Option<&'static str>, Option<u64>),
    Settle(usize, RefundStatus),
    Report(&'static str, Evidence),
}

fn any_move() -> impl Strategy<Value = Move> {
    let attempt = prop::sample::select(vec!["a", "b"]);
    let named = prop::option::of(prop::sample::select(vec!["a", "b", "unknown"]));
    prop_oneof![
        3 => (named, prop::option::of(1..CENTS + 2)).prop_map(|(a, cents)| Move::Refund(a, cents)),
        2 => (0_usize..6, prop::sample::select(RefundStatus::ALL.to_vec()))
            .prop_map(|(refund, outcome)| Move::Settle(refund, outcome)),
        2 => (attempt, any_evidence()).prop_map(|(attempt, report)| Move::Report(attempt, report)),
    ]
}

fn paid_once() -> Lifecycle {
    let mut payment = payment();
    payment.apply(about("b", report(1, 1, Meaning::Paid)));
    payment
}

fn cents(cents: u64) -> Option<Amount> {
    Some(Amount::from_cents(cents).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn refunds_never_exceed_what_was_paid(moves in prop::collection::vec(any_move(), 0..30)) {
        let mut payment = paid_once();
        let mut begun = Vec::new();
        for next in moves {
            match next {
                Move::Refund(attempt, sum) => {
                    let id = format!("ref_{}", begun.len());
                    let before = payment.clone();
                    match payment.begin_refund(&id, attempt, sum.and_then(cents)) {
                        Ok((of, _)) => begun.push((id, of)),
                        Err(_) => prop_assert_eq!(&payment, &before),
                    }
                }
                Move::Settle(refund, outcome) => {
                    if let Some((id, _)) = begun.get(refund) {
                        payment.settle_refund(id, outcome);
                    }
                }
                Move::Report(attempt, evidence) => {
                    payment.apply(about(attempt, evidence));
                }
            }
            for attempt in payment.attempts() {
                let sums = attempt.refunds().iter().filter(|refund| refund.status() != RefundStatus::Failed);
                let sum: u64 = sums.map(Refund::cents).sum();
                prop_assert!(sum <= CENTS);
                prop_assert!(attempt.refundable_cents() <= CENTS - sum);
                // The provider's own word about all of it counts as well.
                let by_provider = attempt.deciding().map(|told| told.meaning) == Some(Meaning::Refunded);
                let most = if by_provider { CENTS } else { sum };
                prop_assert!(attempt.refunded_cents() <= most);
                if !attempt.refunds().is_empty() && attempt.refunded_cents() == CENTS {
                    prop_assert!(!attempt.status().holds_money());
                }
            }
        }
    }

    #[test]
    fn the_first_end_of_a_refund_is_its_end(
        outcomes in prop::collection::vec(prop::sample::select(RefundStatus::ALL.to_vec()), 0..6),
    ) {
        let mut payment = paid_once();
        payment.begin_refund("ref_1", None, None).unwrap();
        let told: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| payment.settle_refund("ref_1", *outcome))
            .flatten()
            .filter(|effect| *effect == Effect::RefundContradicted)
            .collect();
        let mut ends = outcomes.into_iter().filter(|outcome| *outcome != RefundStatus::Pending);
        let end = ends.next().unwrap_or(RefundStatus::Pending);
        prop_assert_eq!(payment.attempts()[1].refunds()[0].status(), end);
        let status = if end == RefundStatus::Succeeded { Status::Refunded } else { Status::Paid };
        prop_assert_eq!(payment.status(), status);
        prop_assert_eq!(told.len(), usize::from(ends.any(|outcome| outcome != end)));
    }
}

#[test]
fn a_refund_is_pending_until_somebody_knows() {
    let mut payment = paid_once();
    let begun = payment.begin_refund("ref_1", None, cents(1_000));
    assert_eq!(begun, Ok(("b".to_owned(), 1_000)));
    assert_eq!(payment.status(), Status::Paid);
    assert_eq!(payment.attempts()[1].refundable_cents(), CENTS - 1_000);
    assert_eq!(payment.refundable_cents(), CENTS - 1_000);
    assert_eq!(payment.refund("ref_1").map(Refund::cents), Some(1_000));
    assert_eq!(payment.refund("ref_2"), None);
    assert_eq!(
        (payment.refunded_cents(), payment.refunding_cents()),
        (0, 1_000)
    );
    assert_eq!(
        payment.begin_refund("ref_2", None, cents(CENTS - 999)),
        Err(RefundRefusal::TooMuch {
            left: CENTS - 1_000
        })
    );

    let notified = Effect::Notify {
        from: Status::Paid,
        to: Status::PartiallyRefunded,
    };
    let settled = payment.settle_refund("ref_1", RefundStatus::Succeeded);
    assert_eq!(settled, Some(vec![notified]));
    assert_eq!(
        (payment.refunded_cents(), payment.refunding_cents()),
        (1_000, 0)
    );
    assert_eq!(
        payment.settle_refund("ref_1", RefundStatus::Succeeded),
        None
    );
    assert_eq!(
        payment.settle_refund("ref_1", RefundStatus::Failed),
        Some(vec![Effect::RefundContradicted])
    );
    assert_eq!(
        payment.settle_refund("ref_9", RefundStatus::Succeeded),
        None
    );

    // The rest, which the provider refuses; it is free again, and then goes.
    payment.begin_refund("ref_2", None, None).unwrap();
    assert_eq!(
        payment.begin_refund("ref_3", None, None),
        Err(RefundRefusal::NothingLeft)
    );
    let settled = payment.settle_refund("ref_2", RefundStatus::Failed);
    assert_eq!(settled, Some(vec![]));
    let begun = payment.begin_refund("ref_3", None, None);
    assert_eq!(begun, Ok(("b".to_owned(), CENTS - 1_000)));
    payment.settle_refund("ref_3", RefundStatus::Succeeded);
    assert_eq!(payment.status(), Status::Refunded);
    assert!(!payment.can_pay());
}

#[test]
fn of_a_payment_that_was_paid_twice_one_is_refunded_by_name() {
    let mut payment = paid_once();
    payment.apply(about("a", report(2, 2, Meaning::Paid)));
    let attempts = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(
        payment.begin_refund("ref_1", None, None),
        Err(RefundRefusal::WhichAttempt { attempts })
    );
    assert_eq!(
        payment.begin_refund("ref_1", Some("c"), None),
        Err(RefundRefusal::UnknownAttempt)
    );
    payment.begin_refund("ref_1", Some("a"), None).unwrap();
    payment.settle_refund("ref_1", RefundStatus::Succeeded);
    assert_eq!(payment.status(), Status::Paid);
    // A report of the attempt that was refunded does not bring its money back.
    payment.apply(about("a", report(2, 2, Meaning::Paid)));
    assert_eq!(payment.attempts()[0].status(), Status::Refunded);
    assert_eq!(
        payment.begin_refund("ref_2", Some("a"), None),
        Err(RefundRefusal::NothingLeft)
    );
}

#[test]
fn money_that_went_back_by_itself_is_not_refunded() {
    let mut payment = paid_once();
    payment.begin_refund("ref_1", None, cents(1)).unwrap();
    payment.apply(about("b", report(3, 3, Meaning::Reversed)));
    assert_eq!(
        payment.begin_refund("ref_2", None, cents(1)),
        Err(RefundRefusal::NothingLeft)
    );
    payment.settle_refund("ref_1", RefundStatus::Succeeded);
    assert_eq!(payment.status(), Status::Reversed);
}

#[test]
fn a_payment_of_older_days_reads_without_refunds() {
    let mut value = serde_json::to_value(paid_once()).unwrap();
    assert!(value["attempts"][1].get("refunds").is_none());
    let read: Lifecycle = serde_json::from_value(value.take()).unwrap();
    assert_eq!(read, paid_once());
}

#[test]
fn each_refusal_has_a_code_and_names_its_field() {
    for (refusal, code, field, words) in [
        (
            RefundRefusal::NothingLeft,
            "refund/nothing-left",
            None,
            "nothing is left to refund",
        ),
        (
            RefundRefusal::UnknownAttempt,
            "refund/unknown-attempt",
            Some("attempt"),
            "expected an attempt of this payment",
        ),
        (
            RefundRefusal::WhichAttempt {
                attempts: vec!["p-1".into(), "p-2".into()],
            },
            "refund/which-attempt",
            Some("attempt"),
            "more than one attempt was paid, expected one of p-1, p-2",
        ),
        (
            RefundRefusal::TooMuch { left: 50 },
            "refund/too-much",
            Some("amount"),
            "expected at most 50 cents, which are left",
        ),
    ] {
        assert_eq!((refusal.code(), refusal.field()), (code, field));
        assert_eq!(refusal.to_string(), words);
    }
    for status in RefundStatus::ALL {
        assert_eq!(RefundStatus::from_word(status.as_str()), Some(status));
    }
    assert_eq!(RefundStatus::from_word("Succeeded"), None);
}

/// A paid payment with refunds: the cents, whether the shop made it by itself, and how it ended.
fn with_refunds(refunds: &[(u64, bool, Option<RefundStatus>)]) -> Lifecycle {
    let mut payment = paid_once();
    for (number, (sum, manual, end)) in refunds.iter().enumerate() {
        let id = number.to_string();
        payment.begin_refund(&id, None, cents(*sum)).unwrap();
        let told = (!manual).then(|| RefundTold::Reference("1232".into()));
        payment.plan_refund(&id, told.clone());
        assert_eq!(payment.call_refund(&id), told);
        assert_eq!(payment.call_refund(&id), None, "nobody calls twice");
        if let Some(end) = end {
            payment.settle_refund(&id, *end);
        }
    }
    payment
}

#[test]
fn a_providers_total_proves_what_no_explanation_does_without() {
    use RefundStatus::{Failed, Succeeded};
    const MADE: Option<RefundStatus> = Some(Succeeded);
    for (refunds, total, made) in [
        (&[(100, false, None)][..], 100, &["0"][..]),
        (&[(100, false, None)], 0, &[]),
        // Somebody gave back more in the provider's own service: unexplained.
        (&[(100, false, None)], 150, &[]),
        (&[(200, false, MADE), (100, false, None)], 300, &["1"]),
        (&[(200, false, MADE), (100, false, None)], 200, &[]),
        (&[(200, false, MADE), (100, false, None)], 100, &[]),
        (
            &[(200, false, Some(Failed)), (100, false, None)],
            100,
            &["1"],
        ),
        (&[(100, false, None), (200, false, None)], 200, &["1"]),
        (&[(100, false, None), (200, false, None)], 300, &["0", "1"]),
        // Which of two alike?
        (&[(100, false, None), (100, false, None)], 100, &[]),
        (&[(100, false, None), (100, false, None)], 200, &["0", "1"]),
        // What the shop gave back by itself may be in the total, or not.
        (&[(100, true, MADE), (100, false, None)], 100, &[]),
        (&[(100, true, MADE), (100, false, None)], 200, &["1"]),
        (&[(300, true, MADE), (100, false, None)], 100, &["1"]),
        (&[(300, true, MADE), (100, false, None)], 300, &[]),
    ] {
        let payment = with_refunds(refunds);
        assert_eq!(
            payment.refunds_made("b", total),
            made,
            "{refunds:?} {total}"
        );
    }
    let most = [(1, false, None); 12];
    assert_eq!(with_refunds(&most).refunds_made("b", 12).len(), 12);
    let many = [(1, false, None); 13];
    assert_eq!(
        with_refunds(&many).refunds_made("b", 13),
        [""; 0],
        "too many to weigh"
    );
    assert_eq!(with_refunds(&[]).refunds_made("none", 0), [""; 0]);
}

#[test]
fn a_refund_that_was_never_called_for_explains_nothing() {
    let mut payment = with_refunds(&[(100, false, None)]);
    payment.begin_refund("new", None, cents(100)).unwrap();
    payment.plan_refund("new", Some(RefundTold::Message("m".into())));
    assert_eq!(payment.refunds_made("b", 100), ["0"]);
    let planned = |payment: &Lifecycle, id: &str| payment.refund(id).unwrap().planned().cloned();
    assert_eq!(planned(&payment, "0"), None);
    let told = Some(RefundTold::Message("m".into()));
    assert_eq!(planned(&payment, "new"), told);
    let kept = serde_json::to_string(&payment).unwrap();
    let mut read: Lifecycle = serde_json::from_str(&kept).unwrap();
    assert_eq!(read, payment);
    assert_eq!(read.call_refund("new"), told);
    assert_eq!(planned(&read, "new"), None);
    assert!(!serde_json::to_string(&read).unwrap().contains("planned"));
    // One of an older version was called: nobody calls for it again.
    read.begin_refund("old", None, cents(1)).unwrap();
    assert_eq!(read.call_refund("old"), None);
}

#[test]
fn that_nobody_knows_is_told_once() {
    let mut payment = with_refunds(&[(100, false, None)]);
    let told = Some(vec![Effect::RefundUnanswered]);
    assert_eq!(payment.refund_overdue("0"), told);
    assert_eq!(payment.refund_overdue("0"), None);
    payment.settle_refund("0", RefundStatus::Succeeded);
    assert_eq!(payment.refund_overdue("0"), None);
    assert_eq!(payment.refund_overdue("none"), None);
}
