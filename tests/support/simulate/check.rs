//! What must be so when nothing is left to do.

use std::collections::BTreeMap;

use kassa_server::store::{Filter, Message, MessageFilter, Outcome, Payment, Store};
use serde_json::Value;

use super::{
    ledger::Entry,
    model,
    shop::Shop,
    world::{World, at_once},
};

/// How often a webhook is tried before it is given up.
const TRIES: u32 = 10;
const ALL: u32 = 10_000;

/// What a message tells.
struct Told {
    version: u64,
    status: String,
    flag: Option<String>,
}

impl World {
    /// Looks at everything once more.
    pub(super) fn check_the_end(&self) -> Result<(), String> {
        self.check_orders()?;
        for (id, entry) in &self.ledger {
            let payment = at_once(self.store.payment(&entry.shop, id)).ok().flatten();
            let payment = payment.ok_or_else(|| format!("{id} is gone"))?;
            entry.check(id, payment.status())?;
            self.check_truth(id, entry, &payment)?;
            self.check_events(id, entry)?;
            self.check_messages(id, entry, &payment)?;
        }
        Ok(())
    }

    /// Every order has one payment, and there are no others.
    fn check_orders(&self) -> Result<(), String> {
        let mut references = BTreeMap::new();
        let payments = at_once(self.store.list(Filter {
            limit: ALL,
            ..Filter::default()
        }));
        let payments = payments.map_err(|error| error.to_string())?;
        if payments.len() != self.ledger.len() {
            return Err("there are payments that nobody made".to_owned());
        }
        for payment in payments {
            let reference = (payment.shop.clone(), payment.reference.clone());
            if let Some(other) = references.insert(reference, payment.id.clone()) {
                return Err(format!("{other} and {} have one reference", payment.id));
            }
            let order = self.ledger.get(&payment.id).map(|entry| &entry.order);
            if order != Some(&payment.order) {
                return Err(format!("{} is another order's", payment.id));
            }
        }
        match self.orders.iter().all(|order| order.answered) {
            true => Ok(()),
            false => Err("an order was never answered".to_owned()),
        }
    }

    /// What the server believes is what is so at the provider.
    fn check_truth(&self, id: &str, entry: &Entry, payment: &Payment) -> Result<(), String> {
        let truths: Vec<_> = entry
            .known
            .attempts
            .iter()
            .map(|attempt| self.provider.truth(attempt, entry.known.cents))
            .collect();
        let truth = model::combined(&truths, true);
        match payment.status() == truth {
            true => Ok(()),
            false => Err(format!(
                "{id} is {} here and {} in truth",
                payment.status().as_str(),
                truth.as_str()
            )),
        }
    }

    /// Every report stands among the events, once.
    fn check_events(&self, id: &str, entry: &Entry) -> Result<(), String> {
        let events = at_once(self.store.events(&entry.shop, id)).ok().flatten();
        let events = events.ok_or_else(|| format!("{id} has no events"))?;
        let count = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        let expected: Vec<u64> = (1..).take(numbers.len()).collect();
        if numbers != expected {
            return Err(format!("the events of {id} are numbered {numbers:?}"));
        }
        for (kind, expected) in [
            ("provider.reported", entry.known.reports.len()),
            ("attempt.started", entry.known.attempts.len()),
            ("status.changed", entry.told.len()),
            ("payment.flagged", entry.flags.values().sum()),
        ] {
            if count(kind) != expected {
                return Err(format!(
                    "{id} has {} events {kind}, not {expected}",
                    count(kind)
                ));
            }
        }
        let kept = |place: &usize| {
            let Some((attempt, evidence)) = entry.known.reports.get(*place) else {
                return false;
            };
            let evidence = serde_json::to_value(evidence).unwrap_or_default();
            events.iter().any(|event| {
                event.detail.get("attempt").and_then(Value::as_str) == Some(attempt)
                    && event.detail.get("evidence") == Some(&evidence)
            })
        };
        match entry.acknowledged.iter().all(kept) {
            true => Ok(()),
            false => Err(format!("an acknowledged report of {id} is gone")),
        }
    }

    /// Every change was told, in order, and came through unless the shop would not have it.
    fn check_messages(&self, id: &str, entry: &Entry, payment: &Payment) -> Result<(), String> {
        let messages = at_once(self.store.messages(MessageFilter {
            payment: Some(id.to_owned()),
            limit: ALL,
            ..MessageFilter::default()
        }));
        let messages = messages.map_err(|error| error.to_string())?;
        let told: Vec<Told> = messages.iter().map(read).collect::<Result<_, _>>()?;
        let changes: Vec<&Told> = told.iter().filter(|told| told.flag.is_none()).collect();
        let statuses = changes.iter().map(|told| told.status.as_str());
        if !statuses.eq(entry.told.iter().map(|status| status.as_str())) {
            return Err(format!("{id}: the shop is not told {:?}", entry.told));
        }
        if !changes.windows(2).all(|pair| match pair {
            [earlier, later] => earlier.version < later.version,
            _ => false,
        }) || !told.is_sorted_by_key(|told| told.version)
        {
            return Err(format!(
                "{id}: versions do not grow from message to message"
            ));
        }
        for (flag, expected) in &entry.flags {
            let found = told
                .iter()
                .filter(|told| told.flag.as_deref() == Some(flag));
            if found.count() != *expected {
                return Err(format!("{id}: {flag} was not told {expected} times"));
            }
        }
        let shop = self.shops.iter().find(|shop| shop.id == entry.shop);
        let shop = shop.ok_or("a payment of no shop")?;
        for message in &messages {
            check_delivery(shop, message)?;
        }
        let all_came = messages
            .iter()
            .all(|message| message.outcome == Outcome::Delivered);
        let believed = shop.belief.get(id).map(|(_, status)| status.as_str());
        let stands = (!messages.is_empty()).then(|| payment.status().as_str());
        match !all_came || believed == stands {
            true => Ok(()),
            false => Err(format!(
                "{id} is {stands:?} and its shop believes {believed:?}"
            )),
        }
    }
}

fn check_delivery(shop: &Shop, message: &Message) -> Result<(), String> {
    let taken = shop.taken.get(&message.id).copied().unwrap_or(0);
    let wrong = match message.outcome {
        Outcome::Waiting => "still waits",
        Outcome::Delivered if taken == 0 => "counts as delivered and never came",
        Outcome::GivenUp if message.tries < TRIES => "was given up early",
        Outcome::GivenUp if taken > 0 && !shop.excused.contains(&message.id) => {
            "was taken and given up"
        }
        Outcome::SetAside if shop.endpoint && !shop.was_gone => "was set aside for no reason",
        _ => return Ok(()),
    };
    Err(format!("{} of {} {wrong}", message.id, message.payment))
}

fn read(message: &Message) -> Result<Told, String> {
    let body: Value = serde_json::from_str(&message.body).map_err(|error| error.to_string())?;
    let data = body.get("data").ok_or("a message without data")?;
    let text = |key| data.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    Ok(Told {
        version: data
            .get("version")
            .and_then(Value::as_u64)
            .ok_or("a message without a version")?,
        status: text("status").ok_or("a message without a status")?,
        flag: text("flag"),
    })
}
