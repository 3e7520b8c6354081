//! Shops that sell and customers who pay, and what the provider does about it.

use kassa_checkout::{
    Amount, BankId, Language, Selection, contract::ChooseAt, provider::PaymentEvent,
};
use kassa_server::store::{
    Begin, Begun, Created, Idempotency, NewPayment, NewReference, Payer, Store, Terms,
};

use super::{
    ledger::Entry,
    provider::Move,
    scripts,
    server::PROVIDER,
    world::{DAY, HOUR, Happening, MINUTE, SECOND, World},
};

/// For how many seconds the same choice means the same attempt, as on the checkout page.
const SAME_WITHIN: u64 = 10;
/// The provider sends a callback no longer than this, in milliseconds.
const CALLBACKS_FOR: u64 = 11 * DAY;

impl World {
    /// A shop asks for the payment of an order, until it gets an answer.
    pub(super) fn buy(&mut self, order: usize, tries: u32) -> Result<(), String> {
        if !self.up || self.dies("before a payment is made") {
            return self.buy_again(order, tries);
        }
        let (new, key) = self.request(order, tries)?;
        let (id, token) = (new.id.clone(), new.token.clone());
        let created = self.wait(|store| store.create(new, Some(key)));
        let Some(known) = self.orders.get_mut(order) else {
            return Ok(());
        };
        let answer = match created {
            Err(_) => return self.buy_again(order, tries),
            Ok(Created::KeyReused) => return Err("an order's own key was refused".to_owned()),
            Ok(Created::New(answer)) => {
                if let Some(before) = known.payment.replace(id.clone()) {
                    return Err(format!("an order has two payments, {before} and {id}"));
                }
                let shop = self.shops.get(known.shop).map(|shop| shop.id.clone());
                let ends = self.wall().plus_seconds(self.offer(order)).millis();
                let entry = Entry::new(
                    &shop.unwrap_or_default(),
                    &token,
                    &order.to_string(),
                    self.cents(order),
                    ends,
                );
                self.ledger.insert(id, entry);
                self.counts.payments += 1;
                answer
            }
            Ok(Created::Before(answer)) => answer,
        };
        if self.dies("between making a payment and answering") {
            return self.buy_again(order, tries);
        }
        let Some(known) = self.orders.get_mut(order) else {
            return Ok(());
        };
        if known.payment.as_ref() != Some(&answer) {
            return Err(format!("order {order} was answered with {answer}"));
        }
        known.answered = true;
        self.note(|| format!("order {order} is {answer}"));
        self.send_customers(order, &answer);
        Ok(())
    }

    fn buy_again(&mut self, order: usize, tries: u32) -> Result<(), String> {
        let pause = self.random.u64(SECOND..MINUTE);
        let tries = tries + 1;
        self.plan(pause, Happening::Buy { order, tries });
        Ok(())
    }

    fn offer(&self, order: usize) -> u64 {
        self.orders.get(order).map_or(0, |order| order.offer)
    }

    fn cents(&self, order: usize) -> u64 {
        self.orders.get(order).map_or(0, |order| order.cents)
    }

    fn request(&self, order: usize, tries: u32) -> Result<(NewPayment, Idempotency), String> {
        let shop = self
            .orders
            .get(order)
            .and_then(|order| self.shops.get(order.shop));
        let shop = shop.ok_or("an order without a shop")?;
        let amount = Amount::from_cents(self.cents(order)).map_err(|error| error.to_string())?;
        let key = Idempotency {
            key: format!("order-{order}"),
            fingerprint: "same".to_owned(),
            also: None,
        };
        let new = NewPayment {
            id: format!("pay_{order}t{tries}"),
            token: format!("co_{order}t{tries}"),
            shop: shop.id.clone(),
            order: order.to_string(),
            reference: NewReference::Allotted {
                prefix: "1".to_owned(),
            },
            amount,
            terms: Terms {
                language: None,
                description: None,
                customer: Payer::default(),
                selection: Selection::AllBanks,
                choose_at: ChooseAt::Kassa,
                return_url: "https://shop.example/".to_owned(),
                vetuma: None,
            },
            now: self.wall(),
            expires_at: self.wall().plus_seconds(self.offer(order)),
            answer: Box::new(|payment| payment.id.clone()),
        };
        Ok((new, key))
    }

    /// The customer of a payment comes once or a few times, or never.
    fn send_customers(&mut self, order: usize, payment: &str) {
        let offer = self.offer(order) * SECOND;
        let mut after = self.random.u64(0..10 * MINUTE);
        for _ in 0..self.random.usize(0..5).min(3) {
            let bank = self.random.choice(["op", "nordea"]).unwrap_or("op");
            let payment = payment.to_owned();
            let tries = 0;
            self.plan(
                after,
                Happening::Choose {
                    payment,
                    bank,
                    tries,
                },
            );
            after += match self.random.u32(0..4) {
                0 => self.random.u64(0..8 * SECOND),
                1 => self.random.u64(0..offer),
                _ => self.random.u64(0..20 * MINUTE),
            };
        }
    }

    /// A customer chooses a bank.
    pub(super) fn choose(
        &mut self,
        payment: String,
        bank: &'static str,
        tries: u32,
    ) -> Result<(), String> {
        if !self.up || self.dies("before an attempt is begun") {
            return self.choose_again(payment, bank, tries);
        }
        let now = self.wall();
        let Some(entry) = self.ledger.get(&payment) else {
            return Ok(());
        };
        let begin = Begin {
            token: entry.token.clone(),
            provider: PROVIDER,
            bank: BankId::parse(bank).ok(),
            method: None,
            language: Language::Fi,
            embedded: false,
            now,
            same_within: SAME_WITHIN,
            by_call: false,
            instead_of: None,
        };
        let begun = self.wait(|store| store.begin_attempt(begin));
        let Some(entry) = self.ledger.get_mut(&payment) else {
            return Ok(());
        };
        let attempt = match begun {
            Err(_) => return self.choose_again(payment, bank, tries),
            Ok(Begun::Unknown) => return Err(format!("{payment} is not known")),
            Ok(Begun::CannotPay) if entry.known.can_pay() && now.millis() < entry.expires_at => {
                return Err(format!("{payment} cannot be paid though its offer stands"));
            }
            Ok(Begun::CannotPay) => return Ok(()),
            Ok(Begun::Attempt {
                payment: after,
                attempt,
                new,
            }) => {
                if new {
                    entry.began(&attempt.id, now.millis())?;
                    self.counts.attempts += 1;
                }
                entry.check(&payment, after.status())?;
                attempt.id
            }
        };
        self.note(|| format!("a customer chose {bank}: {attempt}"));
        if self.dies("between an attempt and sending the customer on") {
            return self.choose_again(payment, bank, tries);
        }
        let offer = entry_offer(self.ledger.get(&payment), now.millis());
        let on_the_way = match self.random.u32(0..20) {
            0 => return Ok(()),
            1 => self.random.u64(0..offer + HOUR),
            _ => self.random.u64(SECOND..30 * SECOND),
        };
        self.plan(on_the_way, Happening::Arrive { payment, attempt });
        Ok(())
    }

    fn choose_again(
        &mut self,
        payment: String,
        bank: &'static str,
        tries: u32,
    ) -> Result<(), String> {
        if tries < 3 {
            let pause = self.random.u64(SECOND..15 * SECOND);
            let tries = tries + 1;
            self.plan(
                pause,
                Happening::Choose {
                    payment,
                    bank,
                    tries,
                },
            );
        }
        Ok(())
    }

    /// A customer comes to the provider, which takes nobody after the offer's end.
    pub(super) fn arrive(&mut self, payment: String, attempt: String) -> Result<(), String> {
        let Some(entry) = self.ledger.get(&payment) else {
            return Ok(());
        };
        let cents = entry.known.cents;
        if self.truly().millis() >= entry.expires_at {
            self.note(|| format!("{attempt} comes too late"));
            return Ok(());
        }
        let wrong = self.random.u32(0..30) == 0;
        let cents = if wrong { cents + 1 } else { cents };
        if !self.provider.open(&attempt, cents, self.now) {
            return Ok(());
        }
        self.note(|| format!("{attempt} comes to the provider, over {cents}"));
        for (after, step) in scripts::draw(&mut self.random) {
            let (payment, attempt) = (payment.clone(), attempt.clone());
            self.plan(
                after,
                Happening::Move {
                    payment,
                    attempt,
                    step,
                },
            );
        }
        Ok(())
    }

    /// Something happens at the provider, which tells it: late, often, out of order or not at all.
    pub(super) fn moves(&mut self, payment: &str, attempt: &str, step: Move) {
        let Some(report) = self.provider.go(attempt, step, self.now) else {
            return;
        };
        self.note(|| format!("{attempt}: {} is {}, {}", step.kind, step.status, step.word));
        if self.mood.silent {
            return;
        }
        let copies = match self.random.u32(0..12) {
            0 => self.random.u32(2..11),
            _ => 1,
        };
        for _ in 0..copies {
            if self.happens_of_thousand(self.mood.lost) {
                continue;
            }
            let late = match self.random.u32(0..20) {
                0 => self.random.u64(0..4 * DAY),
                1..=3 => self.random.u64(0..HOUR),
                _ => self.random.u64(0..3 * SECOND),
            };
            let first = self.now + late;
            let (payment, report) = (payment.to_owned(), report.clone());
            let tries = 0;
            self.plan(
                late,
                Happening::Callback {
                    payment,
                    report,
                    tries,
                    first,
                },
            );
        }
    }

    /// The provider sends a callback again that was not answered well.
    pub(super) fn call_again(
        &mut self,
        payment: String,
        report: PaymentEvent,
        tries: u32,
        first: u64,
    ) {
        let pause = match tries {
            0..6 => 10 * SECOND,
            _ => ((80 * SECOND) << tries.saturating_sub(6).min(8)).min(4 * HOUR),
        };
        if self.now + pause <= first + CALLBACKS_FOR {
            let tries = tries + 1;
            self.plan(
                pause,
                Happening::Callback {
                    payment,
                    report,
                    tries,
                    first,
                },
            );
        }
    }
}

fn entry_offer(entry: Option<&Entry>, now: u64) -> u64 {
    entry.map_or(0, |entry| entry.expires_at.saturating_sub(now))
}
