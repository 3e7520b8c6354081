//! Property tests of the lifecycle: no order of events lies about money.

use proptest::prelude::*;

use super::{Effect, Event, Evidence, Lifecycle, Meaning, Rank, Status};
use crate::{amount::Amount, time::Timestamp};

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
