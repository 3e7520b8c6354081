//! When work is tried again.

use kassa_checkout::{Status, Timestamp};

use crate::{store::Question, tokens};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The pauses after each failed try of a webhook, in seconds: the schedule of Standard Webhooks
/// 1.0.0, in all 75 hours and 35 minutes.
const PAUSES: [u64; 9] = [
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// The longest pause that a shop may ask for, in seconds.
const LONGEST: u64 = DAY;

/// The shortest pause between two questions about an attempt, in seconds. Pauses are as long as
/// the attempt is old, so that each is about twice the last.
const SHORTEST_QUESTION: u64 = 5;
/// The longest such pause, in seconds.
const LONGEST_QUESTION: u64 = 6 * HOUR;
/// The longest pause after a question that could not be asked, in seconds.
const LONGEST_AFTER_FAILURE: u64 = 15 * MINUTE;
/// For how long an attempt is asked for, in seconds. A decline may become a credit after seven
/// days (ecommpay's confirmation procedure), so twice that.
const QUESTIONS_FOR: u64 = 14 * DAY;
/// How long after its offer ended an attempt is asked for that the provider never heard of, in
/// seconds: its customer never arrived there.
const UNHEARD_FOR: u64 = DAY;

/// In how many seconds a webhook is tried again after a try failed, or `None` when that was the
/// last. `asked` is the pause that the shop asked for, in seconds.
pub(super) fn next_try(tries: u32, asked: Option<u64>) -> Option<u64> {
    let index = usize::try_from(tries.saturating_sub(1)).ok()?;
    let pause = *PAUSES.get(index)?;
    Some(jittered(pause).max(asked_pause(asked)))
}

/// The pause that a shop asked for, as far as it is granted, in seconds.
pub(super) fn asked_pause(asked: Option<u64>) -> u64 {
    asked.unwrap_or(0).min(LONGEST)
}

/// In how many seconds an attempt is asked for again, or `None` when it no longer is. `heard` is
/// whether the provider knows the attempt.
pub(super) fn next_question(question: &Question, heard: bool, now: Timestamp) -> Option<u64> {
    if now.seconds_since(question.begun_at) >= QUESTIONS_FOR {
        return None;
    }
    let never_came = !heard && question.status == Status::Expired;
    if never_came && now.seconds_since(question.expires_at) >= UNHEARD_FOR {
        return None;
    }
    Some(pause_by_age(question, now, LONGEST_QUESTION))
}

/// In how many seconds an attempt is asked for again after a question that got no answer.
pub(super) fn question_after_failure(question: &Question, now: Timestamp) -> Option<u64> {
    next_question(question, true, now).map(|_| pause_by_age(question, now, LONGEST_AFTER_FAILURE))
}

fn pause_by_age(question: &Question, now: Timestamp, longest: u64) -> u64 {
    let age = now.seconds_since(question.begun_at);
    jittered(age.max(SHORTEST_QUESTION)).min(longest)
}

/// Up to a tenth more, so that whoever was away is not met by everything at once.
fn jittered(pause: u64) -> u64 {
    pause + tokens::below(pause / 10 + 1)
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{Status, Timestamp};

    use super::{
        DAY, HOUR, LONGEST_QUESTION, PAUSES, QUESTIONS_FOR, next_question, next_try,
        question_after_failure,
    };
    use crate::store::Question;

    #[test]
    fn the_schedule_is_the_specifications() {
        assert_eq!(PAUSES.iter().sum::<u64>(), 75 * 3_600 + 35 * 60 + 5);
        for (tries, pause) in (1..).zip(PAUSES) {
            let waited = next_try(tries, None).unwrap();
            assert!((pause..=pause + pause / 10).contains(&waited), "{tries}");
        }
        assert_eq!(next_try(10, None), None);
    }

    #[test]
    fn a_shop_may_ask_for_a_longer_pause() {
        assert_eq!(next_try(1, Some(120)), Some(120));
        assert_eq!(next_try(1, Some(u64::MAX)), Some(DAY));
    }

    fn question(asks: u32, status: Status) -> Question {
        Question {
            shop: "demo".into(),
            payment: "pay_a".into(),
            provider: "ecommpay".into(),
            attempt: "pay_a-1".into(),
            begun_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(0).plus_seconds(HOUR),
            status,
            asks,
        }
    }

    /// Asks until nothing is to be asked any more; the pauses and the time in all.
    fn walk(status: Status, heard: bool) -> (Vec<u64>, u64) {
        let (mut pauses, mut seconds) = (Vec::new(), 10);
        loop {
            let now = Timestamp::from_millis(0).plus_seconds(seconds);
            let asks = u32::try_from(pauses.len()).unwrap() + 1;
            let Some(pause) = next_question(&question(asks, status), heard, now) else {
                return (pauses, seconds);
            };
            pauses.push(pause);
            seconds += pause;
        }
    }

    #[test]
    fn questions_go_on_for_two_weeks_from_seconds_to_hours() {
        for status in [Status::Declined, Status::Paid, Status::Redirected] {
            let (pauses, seconds) = walk(status, true);
            assert!((10..=11).contains(&pauses[0]), "{pauses:?}");
            assert!((20..=23).contains(&pauses[1]), "{pauses:?}");
            assert_eq!(pauses.last(), Some(&LONGEST_QUESTION));
            assert!((QUESTIONS_FOR..QUESTIONS_FOR + LONGEST_QUESTION).contains(&seconds));
            assert!(pauses.len() < 75, "{}", pauses.len());
        }
        let at_once = next_question(
            &question(1, Status::Created),
            true,
            Timestamp::from_millis(0),
        );
        assert_eq!(at_once, Some(5));
    }

    #[test]
    fn a_provider_that_was_away_is_asked_again_soon() {
        let now = Timestamp::from_millis(0).plus_seconds(3 * DAY);
        let asked = question(40, Status::Redirected);
        assert_eq!(question_after_failure(&asked, now), Some(900));
        let late = Timestamp::from_millis(0).plus_seconds(QUESTIONS_FOR);
        assert_eq!(question_after_failure(&asked, late), None);
    }

    #[test]
    fn who_never_reached_the_provider_is_not_asked_for_long() {
        let (_, seconds) = walk(Status::Expired, false);
        assert!((DAY + HOUR..2 * DAY).contains(&seconds), "{seconds}");
        // Unless the offer still stands, or something was heard of another attempt.
        assert!(walk(Status::Redirected, false).1 >= QUESTIONS_FOR);
        assert!(walk(Status::Expired, true).1 >= QUESTIONS_FOR);
    }
}
