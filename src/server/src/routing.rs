//! Which of a shop's accounts a customer's choice goes to.
//!
//! The shop's order of preference decides, among the accounts that take the choice. One whose
//! provider keeps failing is passed over while its circuit is open. Where it is certain that
//! nothing began at a provider, the next account gets the choice within the same request, as an
//! attempt of its own. Once something may have begun, the choice stays where it is: two sales
//! for one choice are worse than a customer who chooses again.

use std::{net::IpAddr, sync::Arc};

use futures_util::future::join_all;
use kassa_checkout::{
    Bank, BankId, Coded as _, Language, Selection, Timestamp,
    bank::Unavailable,
    contract::{ChooseAt, NextStep},
    provider::{BuildError, Choice},
};

use crate::{
    banks,
    calls::Leave,
    clock,
    crash::{self, Point},
    gateway::{self, Start, StepError},
    opening::{self, Opening},
    problem::{Fault, Problem},
    shop::{Account, Shop},
    state::{App, AppState},
    store::{AttemptRecord, Begin, Begun, CallState, Payment, Terms},
};

/// For how many seconds the same choice is the same attempt: a form sent twice.
const SAME_WITHIN: u64 = 10;

/// A bank that is shown, and the accounts that take payments with it now.
#[derive(Debug)]
pub(crate) struct Offer<'a> {
    /// The bank; unavailable where no account takes it.
    pub(crate) bank: Bank,
    /// The accounts, the preferred one first.
    pub(crate) takers: Vec<&'a Account>,
}

/// The banks that a payment's customer may choose from: each once, in the order of the account
/// that is preferred, with what the others add after it.
pub(crate) async fn offers<'a>(app: &App, shop: &'a Shop, payment: &Payment) -> Vec<Offer<'a>> {
    if !payment.terms.shows_banks() {
        return Vec::new();
    }
    let amount = payment.lifecycle.amount();
    let lists = shop
        .accounts
        .iter()
        .map(|account| banks::now(app, account, amount));
    let mut offers = united(shop, &join_all(lists).await);
    offers.retain(|offer| payment.terms.permits_bank(&offer.bank.id));
    pass_over(app, shop, &mut offers);
    among(offers, &payment.terms.selection)
}

/// The accounts that a payment on these terms may go to, each with a bank to try it out with;
/// without one where the choice is left to the provider's page.
pub(crate) fn led_to<'a>(shop: &'a Shop, terms: &Terms) -> Vec<(&'a Account, Option<BankId>)> {
    let accounts = || shop.accounts.iter();
    let with_bank = |account: &'a Account| {
        let known = account.known_banks();
        let mut wanted = shop.banks_for(&terms.selection).into_iter();
        let bank = wanted.find(|bank| {
            terms.permits_bank(&bank.id) && known.iter().any(|known| known.id == bank.id)
        })?;
        Some((account, Some(bank.id.clone())))
    };
    let takes_choice = |account: &&Account| {
        let choice = gateway::choice(shop, account, &terms.selection, (None, None));
        gateway::begins_by_call(account, &choice).is_ok()
    };
    let led_to: Vec<_> = match terms.choose_at {
        ChooseAt::Kassa => accounts().filter_map(with_bank).collect(),
        ChooseAt::Provider => accounts()
            .filter(takes_choice)
            .map(|account| (account, None))
            .collect(),
    };
    if led_to.is_empty() {
        // The preferred one says why.
        return accounts().take(1).map(|account| (account, None)).collect();
    }
    led_to
}

/// What a customer chose, and how.
#[derive(Debug)]
pub(crate) struct Wish {
    /// The bank, where it is one.
    pub(crate) bank: Option<BankId>,
    /// The other method, where it is one.
    pub(crate) method: Option<String>,
    /// The language of the provider's page.
    pub(crate) language: Language,
    /// Whether the choice was made in the shop's own page.
    pub(crate) embedded: bool,
    /// The address that the customer comes from.
    pub(crate) address: Option<IpAddr>,
}

/// Begins an attempt at the first of these accounts that takes it, in order of preference.
///
/// # Errors
/// [`Problem`] when none takes it, or the payment cannot be paid now.
pub(crate) async fn begin(
    app: &AppState,
    shop: &Shop,
    payment: &Payment,
    accounts: &[&Account],
    wish: &Wish,
) -> Result<NextStep, Problem> {
    let candidates = candidates(app, shop, payment, accounts, wish)
        .map_err(|error| Problem::refused_by_provider(&StepError::Build(error)))?;
    let mut nothing: Option<(String, Problem)> = None;
    let mut left = candidates.len();
    for candidate in candidates {
        left -= 1;
        let leave = match leave_for(app, &candidate) {
            Ok(leave) => leave,
            // Somebody else tries whether it is back: no reason to wait for what comes of that.
            Err(_) if left > 0 => continue,
            Err(_) => None,
        };
        let instead_of = nothing.as_ref().map(|(attempt, _)| attempt.clone());
        let begin = begin_at(&candidate, payment, wish, instead_of);
        let (payment, attempt, new) = match app.store.begin_attempt(begin).await? {
            Begun::Attempt {
                payment,
                attempt,
                new,
            } => (payment, attempt, new),
            Begun::CannotPay => return Err(told(nothing, Fault::CannotPay)),
            Begun::Unknown => return Err(Fault::NotFound.into()),
        };
        crash::point(Point::Begun);
        let begun = (&attempt, new);
        match start(app, shop, &payment, begun, wish.address, leave).await? {
            Opening::Onward(step) => return Ok(step),
            Opening::Nothing(problem) => nothing = Some((attempt.id, problem)),
        }
    }
    Err(told(nothing, Fault::Misconfigured))
}

/// Leave to call the candidate's provider, where a call begins a payment there: taken before
/// anything is written down, so that an attempt that is begun is one that can go on.
fn leave_for<'a>(app: &'a App, candidate: &Candidate<'a>) -> Result<Option<Leave<'a>>, Timestamp> {
    if !candidate.by_call {
        return Ok(None);
    }
    app.calls.leave(candidate.account, clock::now()).map(Some)
}

/// What the customer hears when nothing began: the last provider's word, if one was tried.
fn told(nothing: Option<(String, Problem)>, otherwise: Fault) -> Problem {
    nothing.map_or_else(|| otherwise.into(), |(_, problem)| problem)
}

fn begin_at(
    candidate: &Candidate<'_>,
    payment: &Payment,
    wish: &Wish,
    instead_of: Option<String>,
) -> Begin {
    Begin {
        token: payment.token.clone(),
        provider: candidate.account.id(),
        bank: wish.bank.clone(),
        method: wish.method.clone(),
        language: wish.language,
        embedded: wish.embedded,
        now: clock::now(),
        same_within: SAME_WITHIN,
        by_call: candidate.by_call,
        instead_of,
    }
}

/// Starts an attempt at the account that it belongs to, whichever is preferred now.
async fn start(
    app: &AppState,
    shop: &Shop,
    payment: &Payment,
    (attempt, new): (&AttemptRecord, bool),
    address: Option<IpAddr>,
    leave: Option<Leave<'_>>,
) -> Result<Opening, Problem> {
    let Some(account) = shop.account(&attempt.provider) else {
        tracing::error!(target: "kassa::calls", provider = %attempt.provider, shop = %shop.id, attempt = %attempt.id, "an attempt cannot go on: its account is not in the configuration");
        return Err(Fault::ProviderUnavailable.into());
    };
    if new {
        app.metrics.begun(account.id());
        app.changed(&payment.token);
    }
    let public_url = &app.config.public_url;
    match gateway::begin(shop, account, payment, attempt, public_url, address) {
        Ok(Start::Form(form)) => Ok(Opening::Onward(gateway::next_step(form))),
        Ok(Start::Call(call)) => {
            opening::open(app, account, payment, attempt, new, call, leave).await
        }
        Err(error) if new => {
            opening::give_up(app, account, attempt, error.code()).await?;
            Ok(Opening::Nothing(Problem::refused_by_provider(&error)))
        }
        Err(error) => Err(Problem::refused_by_provider(&error)),
    }
}

/// An account that takes a choice.
#[derive(Debug)]
struct Candidate<'a> {
    account: &'a Account,
    /// Whether a call of ours begins the payment there.
    by_call: bool,
    rank: Rank,
}

/// What comes before the shop's preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Open,
    /// The same choice has just come to nothing there.
    Refused,
    /// Its provider is left alone, though the customer's browser may get through.
    Silent,
    /// Its provider is left alone, and nothing begins without calling it.
    ClosedOff,
}

/// The accounts that take the choice, in the order in which they are tried.
fn candidates<'a>(
    app: &App,
    shop: &Shop,
    payment: &Payment,
    accounts: &[&'a Account],
    wish: &Wish,
) -> Result<Vec<Candidate<'a>>, BuildError> {
    let now = clock::now();
    let mut candidates = Vec::new();
    let mut refusal = None;
    for account in accounts {
        let chosen = (wish.bank.as_ref(), wish.method.as_deref());
        let choice = gateway::choice(shop, account, &payment.terms.selection, chosen);
        match gateway::begins_by_call(account, &choice) {
            Ok(by_call) => {
                let permitted = app.calls.permits(account, now);
                candidates.push(Candidate {
                    account,
                    by_call,
                    rank: rank(payment, account, wish, by_call, permitted),
                });
            }
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    candidates.sort_by_key(|candidate| candidate.rank);
    // Where a call is hopeless it is made only to find out, with nothing better to try.
    let hopeless = candidates
        .iter()
        .position(|candidate| candidate.rank == Rank::ClosedOff);
    candidates.truncate(hopeless.unwrap_or(candidates.len()).max(1));
    match refusal {
        Some(refusal) if candidates.is_empty() => Err(refusal),
        _ => Ok(candidates),
    }
}

fn rank(payment: &Payment, account: &Account, wish: &Wish, by_call: bool, permitted: bool) -> Rank {
    let refused = payment.latest.as_ref().is_some_and(|latest| {
        latest.call == Some(CallState::Refused)
            && latest.provider == account.id()
            && latest.bank == wish.bank
            && latest.method == wish.method
    });
    match (permitted, by_call) {
        (true, _) if refused => Rank::Refused,
        (true, _) => Rank::Open,
        (false, false) => Rank::Silent,
        (false, true) => Rank::ClosedOff,
    }
}

/// Each bank once, with the accounts that take it. Where one account's provider says that a bank
/// is unavailable and another's does not, it is available.
fn united<'a>(shop: &'a Shop, lists: &[Arc<Vec<Bank>>]) -> Vec<Offer<'a>> {
    let mut offers: Vec<Offer<'a>> = Vec::new();
    for (account, list) in shop.accounts.iter().zip(lists) {
        for bank in list.iter().filter_map(|bank| shop.shown(bank)) {
            let is_available = bank.unavailable.is_none();
            let known = offers
                .iter()
                .position(|offer| offer.bank.id == bank.id)
                .unwrap_or_else(|| {
                    offers.push(Offer {
                        bank,
                        takers: Vec::new(),
                    });
                    offers.len() - 1
                });
            if let Some(offer) = offers.get_mut(known).filter(|_| is_available) {
                offer.bank.unavailable = None;
                offer.takers.push(account);
            }
        }
    }
    offers
}

/// Shows banks as disrupted that only accounts take whose providers are left alone, so that
/// nobody chooses one for nothing; but not where there would be nothing left to choose.
fn pass_over(app: &App, shop: &Shop, offers: &mut [Offer<'_>]) {
    let now = clock::now();
    if shop
        .accounts
        .iter()
        .all(|account| app.calls.permits(account, now))
    {
        return;
    }
    let lost: Vec<bool> = offers
        .iter()
        .map(|offer| is_lost(app, offer, now))
        .collect();
    let available = offers.iter().filter(|offer| !offer.takers.is_empty());
    if available.count() == lost.iter().filter(|lost| **lost).count() {
        return;
    }
    for (offer, _) in offers.iter_mut().zip(lost).filter(|(_, lost)| *lost) {
        offer.bank.unavailable = Some(Unavailable::Disrupted);
    }
}

/// Whether a bank that would be available can be come to by no account now.
fn is_lost(app: &App, offer: &Offer<'_>, now: Timestamp) -> bool {
    let choice = Choice::Bank(offer.bank.id.clone());
    let is_closed_off = |account: &&Account| {
        !app.calls.permits(account, now)
            && gateway::begins_by_call(account, &choice).is_ok_and(|by_call| by_call)
    };
    !offer.takers.is_empty() && offer.takers.iter().all(is_closed_off)
}

/// Those that a selection offers: the banks that it names in its order, else all.
fn among<'a>(mut offers: Vec<Offer<'a>>, selection: &Selection) -> Vec<Offer<'a>> {
    let Some(named) = selection.named_banks() else {
        return offers;
    };
    let mut take = |id: &BankId| {
        let at = offers.iter().position(|offer| offer.bank.id == *id)?;
        Some(offers.swap_remove(at))
    };
    named.iter().filter_map(&mut take).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kassa_checkout::{Bank, BankId, Selection, bank::Unavailable};

    use super::{Offer, among, united};
    use crate::shop::Shop;

    fn list(shop: &Shop, banks: &[(&str, Option<Unavailable>)]) -> Arc<Vec<Bank>> {
        let any = shop.all_banks().first().unwrap();
        let bank = |(id, unavailable): &(&str, Option<Unavailable>)| Bank {
            id: BankId::parse(id).unwrap(),
            unavailable: unavailable.clone(),
            ..any.clone()
        };
        Arc::new(banks.iter().map(bank).collect())
    }

    /// Each offer as `bank taker taker`, with a `!` where the bank cannot be chosen.
    fn told(offers: &[Offer<'_>]) -> Vec<String> {
        let tell = |offer: &Offer<'_>| {
            let mut told = offer.bank.id.to_string();
            if offer.bank.unavailable.is_some() {
                told.push('!');
            }
            for taker in &offer.takers {
                told = told + " " + taker.id();
            }
            told
        };
        offers.iter().map(tell).collect()
    }

    #[test]
    fn a_bank_is_available_where_any_account_takes_it() {
        let shop = Shop::paid_at(&["op", "ecommpay"]);
        let down = Some(Unavailable::Disrupted);
        let lists = [
            list(
                &shop,
                &[
                    ("op", None),
                    ("nordea", down.clone()),
                    ("aktia", down.clone()),
                ],
            ),
            list(
                &shop,
                &[
                    ("nordea", None),
                    ("op", None),
                    ("s-pankki", None),
                    ("aktia", down),
                ],
            ),
        ];
        let offers = united(&shop, &lists);
        let all = [
            "op op ecommpay",
            "nordea ecommpay",
            "aktia!",
            "s-pankki ecommpay",
        ];
        assert_eq!(told(&offers), all);
        let bank = |id: &str| BankId::parse(id).unwrap();
        let named = Selection::named(vec![bank("s-pankki"), bank("danske"), bank("op")]);
        let offers = among(offers, &named.unwrap());
        assert_eq!(told(&offers), ["s-pankki ecommpay", "op op ecommpay"]);
    }

    #[test]
    fn what_the_shop_does_not_permit_no_account_offers() {
        let mut shop = Shop::paid_at(&["op", "ecommpay"]);
        shop.banks = Some(vec![BankId::parse("nordea").unwrap()]);
        let known = list(&shop, &[("op", None), ("nordea", None)]);
        let offers = united(&shop, &[Arc::clone(&known), known]);
        assert_eq!(told(&offers), ["nordea op ecommpay"]);
    }
}
