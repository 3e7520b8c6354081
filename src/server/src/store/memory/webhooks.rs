//! Messages to shops in memory: claimed, tried, listed, replayed.

use std::collections::BTreeMap;

use kassa_checkout::Timestamp;

use super::state::shift;
use crate::store::{
    Delivery, Message, MessageFilter, Outcome, Outgoing, Payment, Room, Tried,
    transition::NewMessage,
};

/// All messages in the order of writing, and what endpoints said.
#[derive(Debug, Clone, Default)]
pub(super) struct Webhooks {
    messages: Vec<Kept>,
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Debug, Clone)]
struct Kept {
    message: Message,
    claim: u64,
    claimed: bool,
}

#[derive(Debug, Clone)]
struct Endpoint {
    endpoint: String,
    gone: bool,
    paused_until: Timestamp,
}

enum EndpointState {
    Open,
    Paused,
    None,
}

impl Webhooks {
    pub(super) fn add(&mut self, payment: &Payment, new: NewMessage, now: Timestamp) {
        self.messages.push(Kept {
            message: Message {
                id: new.id,
                shop: payment.shop.clone(),
                payment: payment.id.clone(),
                body: new.body,
                at: now,
                tries: 0,
                outcome: Outcome::Waiting,
                due_at: Some(now),
            },
            claim: 0,
            claimed: false,
        });
    }

    pub(super) fn claim(&mut self, rooms: &[Room], lease: u64, now: Timestamp) -> Vec<Outgoing> {
        let mut claimed = Vec::new();
        for room in rooms {
            match self.endpoint_state(room, now) {
                EndpointState::Open => claimed.extend(self.claim_for(room, lease, now)),
                EndpointState::Paused => {}
                EndpointState::None => {
                    for kept in self.due_for(&room.shop, now) {
                        kept.message.due_at = None;
                        kept.message.outcome = Outcome::SetAside;
                        kept.claimed = false;
                    }
                }
            }
        }
        claimed
    }

    fn endpoint_state(&self, room: &Room, now: Timestamp) -> EndpointState {
        let Some(endpoint) = &room.endpoint else {
            return EndpointState::None;
        };
        // What another address of the shop said counts no more.
        let said = self.endpoints.get(&room.shop);
        match said.filter(|said| said.endpoint == *endpoint) {
            Some(said) if said.gone => EndpointState::None,
            Some(said) if said.paused_until > now => EndpointState::Paused,
            _ => EndpointState::Open,
        }
    }

    fn claim_for(&mut self, room: &Room, lease: u64, now: Timestamp) -> Vec<Outgoing> {
        let mut due: Vec<_> = self.due_for(&room.shop, now).collect();
        due.sort_by_key(|kept| kept.message.due_at);
        let free = usize::try_from(room.free).unwrap_or(usize::MAX);
        due.into_iter()
            .take(free)
            .map(|kept| {
                kept.claim = kept.claim.saturating_add(1);
                kept.claimed = true;
                kept.message.tries = kept.message.tries.saturating_add(1);
                kept.message.due_at = Some(now.plus_seconds(lease));
                Outgoing {
                    id: kept.message.id.clone(),
                    shop: kept.message.shop.clone(),
                    body: kept.message.body.clone(),
                    tries: kept.message.tries,
                    claim: kept.claim,
                }
            })
            .collect()
    }

    fn due_for(&mut self, shop: &str, now: Timestamp) -> impl Iterator<Item = &mut Kept> {
        self.messages
            .iter_mut()
            .filter(move |kept| kept.message.shop == shop)
            .filter(move |kept| kept.message.due_at.is_some_and(|at| at <= now))
    }

    pub(super) fn finish(&mut self, tried: &Tried, now: Timestamp) {
        let (outcome, again) = tried.delivery.outcome();
        // A claim that was lost to another finds no message.
        let held = self.messages.iter_mut().find(|kept| {
            kept.message.id == tried.id
                && kept.claim == tried.claim
                && kept.message.outcome == Outcome::Waiting
        });
        if let Some(kept) = held {
            kept.message.due_at = again.map(|after| now.plus_seconds(after));
            kept.message.outcome = outcome;
            kept.claimed = false;
        }
        let pause = tried.delivery.pause();
        let gone = tried.delivery == Delivery::Gone;
        if gone || pause.is_some() {
            let said = Endpoint {
                endpoint: tried.endpoint.clone(),
                gone,
                paused_until: pause.map_or(Timestamp::from_millis(0), |for_seconds| {
                    now.plus_seconds(for_seconds)
                }),
            };
            self.endpoints.insert(tried.shop.clone(), said);
        }
    }

    pub(super) fn enable(&mut self, shop: &str) -> bool {
        let gone = self.endpoints.get(shop).is_some_and(|said| said.gone);
        if gone {
            self.endpoints.remove(shop);
        }
        gone
    }

    pub(super) fn replay(&mut self, shop: &str, ids: &[String], now: Timestamp) -> u64 {
        let mut replayed = 0;
        let wanted = |kept: &&mut Kept| {
            kept.message.shop == shop && !kept.claimed && ids.contains(&kept.message.id)
        };
        for kept in self.messages.iter_mut().filter(wanted) {
            kept.message.due_at = Some(now);
            kept.message.tries = 0;
            kept.message.outcome = Outcome::Waiting;
            kept.claim = kept.claim.saturating_add(1);
            replayed += 1;
        }
        replayed
    }

    pub(super) fn list(&self, filter: &MessageFilter) -> Vec<Message> {
        let place = |id: &String| self.messages.iter().position(|kept| kept.message.id == *id);
        let after = match &filter.after {
            Some(id) => match place(id) {
                Some(place) => Some(place),
                None => return Vec::new(),
            },
            None => None,
        };
        let is = |wanted: &Option<String>, value: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        let mut found: Vec<&Message> = self
            .messages
            .iter()
            .enumerate()
            .filter(|(place, _)| match (after, filter.newest_first) {
                (None, _) => true,
                (Some(after), false) => *place > after,
                (Some(after), true) => *place < after,
            })
            .map(|(_, kept)| &kept.message)
            .filter(|message| {
                is(&filter.id, &message.id)
                    && is(&filter.shop, &message.shop)
                    && is(&filter.payment, &message.payment)
                    && filter
                        .outcome
                        .is_none_or(|outcome| outcome == message.outcome)
                    && filter.from.is_none_or(|from| message.at >= from)
                    && filter.to.is_none_or(|to| message.at < to)
            })
            .collect();
        if filter.newest_first {
            found.reverse();
        }
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        found.into_iter().take(limit).cloned().collect()
    }

    /// Gives back what a process that died had claimed.
    pub(super) fn release_claims(&mut self) {
        for kept in self.messages.iter_mut().filter(|kept| kept.claimed) {
            if kept.message.due_at.is_some() {
                kept.message.due_at = Some(kept.message.at);
                kept.claimed = false;
            }
        }
    }

    pub(super) fn shift(&mut self, millis: i64) {
        for kept in &mut self.messages {
            if let Some(at) = &mut kept.message.due_at {
                shift(at, millis);
            }
        }
        for said in self.endpoints.values_mut() {
            shift(&mut said.paused_until, millis);
        }
    }

    pub(super) fn due_times(&self) -> impl Iterator<Item = Timestamp> {
        self.messages.iter().filter_map(|kept| kept.message.due_at)
    }

    /// When the next message is due, those of shops that want a pause not before its end.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.messages
            .iter()
            .filter_map(|kept| {
                let said = self.endpoints.get(&kept.message.shop);
                let pause = said.filter(|said| !said.gone).map(|said| said.paused_until);
                Some(kept.message.due_at?.max(pause.unwrap_or_default()))
            })
            .min()
    }
}
