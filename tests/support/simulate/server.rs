//! What the server does, step by step: its decisions and its store are the real ones, and it may
//! die between any two steps.

use kassa_checkout::provider::PaymentEvent;
use kassa_server::{
    jobs::rules,
    store::{Applied, Delivery, MessageFilter, Outcome, Outgoing, Question, Room, Store, Tried},
};

use super::{
    sabotage::Sabotage,
    world::{Answered, Happening, MINUTE, SECOND, World, at_once},
};

/// The provider's name.
pub(super) const PROVIDER: &str = "ecommpay";
/// A question is asked for no longer than this when the server is sabotaged so, in seconds.
const A_WEEK: u64 = 7 * 86_400;

/// What came of handing in a report.
enum Handed {
    Kept,
    Refused,
    Died,
}

impl World {
    /// One thing happens.
    pub(super) fn happens(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Buy { order, tries } => self.buy(order, tries),
            Happening::Choose {
                payment,
                bank,
                tries,
            } => self.choose(payment, bank, tries),
            Happening::Arrive { payment, attempt } => self.arrive(payment, attempt),
            Happening::Move {
                payment,
                attempt,
                step,
            } => {
                self.moves(&payment, &attempt, step);
                Ok(())
            }
            Happening::Callback {
                payment,
                report,
                tries,
                first,
            } => self.callback(payment, report, tries, first),
            Happening::Answer {
                life,
                question,
                asked,
            } => self.answer(life, &question, &asked),
            Happening::Try { life, outgoing } => self.try_webhook(life, outgoing),
            Happening::Tried {
                life,
                outgoing,
                delivery,
            } => {
                self.tried(life, &outgoing, delivery);
                Ok(())
            }
            Happening::Start => {
                self.start();
                Ok(())
            }
            Happening::SetClock { offset } => {
                self.set_clock(offset);
                Ok(())
            }
            Happening::Repair { shop } => self.repair(shop),
        }
    }

    /// The jobs look for what is due.
    pub(super) fn work(&mut self) -> Result<(), String> {
        if !self.up {
            return Ok(());
        }
        self.meet_deadlines()?;
        self.ask();
        self.send()
    }

    fn meet_deadlines(&mut self) -> Result<(), String> {
        let Ok(tokens) = self.wait(|store| store.meet_deadlines(rules::DEADLINES)) else {
            return Ok(());
        };
        let now = self.wall().millis();
        for token in tokens {
            let payment = at_once(self.store.by_token(&token)).ok().flatten();
            let payment = payment.ok_or("a deadline of no payment")?;
            let entry = self.ledger.get_mut(&payment.id);
            let entry = entry.ok_or("a deadline of a payment that nobody made")?;
            entry.time_came(now)?;
            entry.check(&payment.id, payment.status())?;
            self.note(|| format!("{} is {} by time", payment.id, payment.status().as_str()));
        }
        self.dies("after meeting deadlines");
        Ok(())
    }

    /// Asks for the attempts that are due; the provider answers what is so when it is asked.
    fn ask(&mut self) {
        if !self.up {
            return;
        }
        let claimed =
            self.wait(|store| store.claim_questions(rules::QUESTION_LEASE, rules::QUESTIONS));
        for question in claimed.unwrap_or_default() {
            if self.dies("with questions in hand") {
                return self.lose(&question);
            }
            self.counts.questions += 1;
            let asked = if !self.provider_answers() {
                Answered::Failed
            } else if self.is_not_known_yet(&question.attempt) {
                Answered::Unknown
            } else {
                let known = self.provider.answer(&question.attempt);
                known.map_or(Answered::Unknown, Answered::Known)
            };
            let takes = self.random.u64(50..30 * SECOND);
            let life = self.life;
            self.plan(
                takes,
                Happening::Answer {
                    life,
                    question,
                    asked,
                },
            );
        }
    }

    /// A provider may say for a while that it does not know an attempt that it has.
    fn is_not_known_yet(&mut self, attempt: &str) -> bool {
        let came = self.provider.came_at(attempt);
        came.is_some_and(|came| self.now < came + MINUTE) && self.random.bool()
    }

    fn answer(&mut self, life: u64, question: &Question, asked: &Answered) -> Result<(), String> {
        if life != self.life {
            return Ok(());
        }
        let asked = asked.asked();
        let mut again = rules::ask_again(&asked, question, self.wall());
        if self.sabotage == Some(Sabotage::AsksForAWeek)
            && self.wall().seconds_since(question.begun_at) > A_WEEK
        {
            again = None;
        }
        if let kassa_server::gateway::Asked::Answer(reports) = asked {
            for report in reports {
                match self.hand_in(&question.payment, &report)? {
                    Handed::Kept => {}
                    Handed::Refused => return Ok(()),
                    Handed::Died => {
                        self.lose(question);
                        return Ok(());
                    }
                }
            }
        }
        if self.dies("before a question is finished") {
            self.lose(question);
            return Ok(());
        }
        let (attempt, asks) = (&question.attempt, question.asks);
        self.note(|| format!("{attempt} was asked for the {asks}. time, again in {again:?} s"));
        // When it fails, the claim ends by itself.
        let _ = self.wait(|store| store.finish_question(question, again));
        Ok(())
    }

    fn lose(&mut self, question: &Question) {
        if self.sabotage == Some(Sabotage::LosesQuestions) {
            let _ = at_once(self.store.finish_question(question, None));
        }
    }

    /// A callback comes; whatever is not answered well comes again.
    pub(super) fn callback(
        &mut self,
        payment: String,
        report: PaymentEvent,
        tries: u32,
        first: u64,
    ) -> Result<(), String> {
        self.counts.callbacks += 1;
        if !self.up {
            self.call_again(payment, report, tries, first);
            return Ok(());
        }
        match self.hand_in(&payment, &report)? {
            Handed::Kept => {}
            Handed::Refused if self.sabotage == Some(Sabotage::AcknowledgesFirst) => {}
            Handed::Refused | Handed::Died => {
                self.call_again(payment, report, tries, first);
                return Ok(());
            }
        }
        match self.ledger.get_mut(&payment) {
            Some(entry) => entry.acknowledged(&report),
            None => Err(format!("a callback about {payment}, which nobody made")),
        }
    }

    /// Applies a report; what comes of it must be what the model says.
    fn hand_in(&mut self, payment: &str, report: &PaymentEvent) -> Result<Handed, String> {
        if self.dies("before a report is kept") {
            return Ok(Handed::Died);
        }
        let entry = self.ledger.get(payment).ok_or("a report of no payment")?;
        let (known, standing) = (entry.knows(report), entry.known.status());
        let heard = match self.sabotage {
            Some(sabotage) => {
                let (count, now) = (self.counts.steps, self.wall());
                sabotage.hears(report, standing, entry.known.cents, count, now)
            }
            None => Some(report.clone()),
        };
        let Some(heard) = heard else {
            return Ok(Handed::Kept);
        };
        let now = self.wall();
        let Ok(applied) = self.wait(|store| store.apply(PROVIDER, heard, now)) else {
            return Ok(Handed::Refused);
        };
        let attempt = &report.provider_payment_id;
        match applied {
            Applied::Unknown => return Err(format!("{attempt} is not known")),
            Applied::Duplicate if !known => {
                return Err(format!(
                    "a new report of {attempt} was taken for an old one"
                ));
            }
            Applied::Changed { .. } if known => {
                return Err(format!("a report of {attempt} was applied twice"));
            }
            Applied::Duplicate => {}
            Applied::Changed { status, flags, .. } => {
                let key = &report.evidence.key;
                self.note(|| format!("{attempt} reports {key}: {} {flags:?}", status.as_str()));
                let entry = self
                    .ledger
                    .get_mut(payment)
                    .ok_or("a report of no payment")?;
                entry.reported(report, &flags)?;
                entry.check(payment, status)?;
            }
        }
        if self.dies("between keeping a report and answering") {
            return Ok(Handed::Died);
        }
        Ok(Handed::Kept)
    }

    /// Sends the webhooks that are due.
    fn send(&mut self) -> Result<(), String> {
        if !self.up {
            return Ok(());
        }
        let rooms: Vec<Room> = self.shops.iter().map(|shop| self.room(shop)).collect();
        let claimed = self.wait(|store| store.claim_webhooks(rooms, rules::WEBHOOK_LEASE));
        for outgoing in claimed.unwrap_or_default() {
            // A claim that ended early comes back to who still sends the message.
            let held = self.in_hand.insert(outgoing.id.clone(), outgoing.claim);
            if held.is_some() {
                continue;
            }
            if self.dies("with webhooks in hand") {
                return Ok(());
            }
            if self.sabotage == Some(Sabotage::MarksBeforeSending) {
                let marked = self.outcome(&outgoing, Delivery::Delivered);
                let _ = at_once(self.store.finish_webhook(marked));
            }
            let (life, on_the_way) = (self.life, self.random.u64(1..SECOND));
            self.plan(on_the_way, Happening::Try { life, outgoing });
        }
        Ok(())
    }

    fn room(&self, shop: &super::shop::Shop) -> Room {
        Room {
            shop: shop.id.clone(),
            endpoint: shop.endpoint.then(|| "endpoint".to_owned()),
            free: u32::try_from(rules::IN_HAND).unwrap_or(0),
        }
    }

    /// A webhook comes to its shop; what left before the server died still does.
    fn try_webhook(&mut self, life: u64, outgoing: Outgoing) -> Result<(), String> {
        if life != self.life && self.random.bool() {
            return Ok(());
        }
        self.counts.webhooks += 1;
        let shop = self.shops.iter_mut().find(|shop| shop.id == outgoing.shop);
        let shop = shop.ok_or("a webhook of no shop")?;
        if life != self.life {
            shop.excused.insert(outgoing.id.clone());
        }
        let response = shop.receive(&outgoing.id, &outgoing.body, self.now, &mut self.random)?;
        let tries = outgoing.tries;
        self.note(|| format!("a webhook's try {tries} gets {:?}", response.status));
        let mut delivery = rules::delivery(response.status, response.retry_after, tries);
        if self.sabotage == Some(Sabotage::GivesUpAtOnce) && delivery != Delivery::Delivered {
            delivery = Delivery::GivenUp;
        }
        let happening = Happening::Tried {
            life,
            outgoing,
            delivery,
        };
        self.plan(response.after, happening);
        Ok(())
    }

    fn tried(&mut self, life: u64, outgoing: &Outgoing, delivery: Delivery) {
        if life != self.life || self.dies("before a webhook's outcome is kept") {
            self.excuse(&outgoing.id);
            return;
        }
        let tried = self.outcome(outgoing, delivery);
        if self.wait(|store| store.finish_webhook(tried)).is_err() {
            self.excuse(&outgoing.id);
        }
        self.in_hand.remove(&outgoing.id);
    }

    fn outcome(&self, outgoing: &Outgoing, delivery: Delivery) -> Tried {
        let latest = self.in_hand.get(&outgoing.id).copied();
        Tried {
            id: outgoing.id.clone(),
            claim: latest.unwrap_or(outgoing.claim),
            shop: outgoing.shop.clone(),
            endpoint: "endpoint".to_owned(),
            delivery,
        }
    }

    fn start(&mut self) {
        self.note(|| "the server starts".to_owned());
        self.steady_offset = self.offset;
        self.set_now(self.now);
        self.store.restart();
        self.up = true;
    }

    fn set_clock(&mut self, offset: i64) {
        let step = offset - self.offset;
        if step == 0 {
            return;
        }
        self.note(|| format!("the clock is set by {step} ms"));
        self.counts.clock_steps += 1;
        self.offset = offset;
        self.set_now(self.now);
    }

    /// Somebody at the shop sets its endpoint right, and has sent again what did not come.
    fn repair(&mut self, shop: usize) -> Result<(), String> {
        let Some(id) = self.shops.get(shop).map(|shop| shop.id.clone()) else {
            return Ok(());
        };
        if !self.up || self.wait(|store| store.enable_endpoint(&id)).is_err() {
            self.plan(MINUTE, Happening::Repair { shop });
            return Ok(());
        }
        let mut ids = Vec::new();
        for outcome in [Outcome::SetAside, Outcome::GivenUp] {
            let filter = MessageFilter {
                shop: Some(id.clone()),
                outcome: Some(outcome),
                limit: 1_000,
                ..MessageFilter::default()
            };
            let messages = at_once(self.store.messages(filter)).map_err(|e| e.to_string())?;
            ids.extend(messages.into_iter().map(|message| message.id));
        }
        for message in &ids {
            self.excuse(message);
        }
        let count = ids.len();
        self.note(|| format!("{id} has {count} messages sent again"));
        let _ = self.wait(|store| store.replay(&id, ids));
        Ok(())
    }
}
