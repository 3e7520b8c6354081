//! One payment from the order to the bank.

use super::{
    ledger::Ledger,
    pace::Pace,
    plan::Plan,
    shop::{Kassa, NextStep},
    simulator::Simulator,
};
use crate::services::{Http, Problem};

/// Steps that a customer takes, each of which the killer may meet.
pub(crate) const STEPS: usize = 3;

/// Goes the whole way, and writes down what the server acknowledged; `false` when the run was
/// stopped.
pub(crate) fn go(
    plan: &Plan,
    kassa: &Kassa,
    simulator: &Simulator,
    pace: &Pace,
    ledger: &Ledger,
) -> Result<bool, Problem> {
    if !pace.step() {
        return Ok(false);
    }
    let made = kassa.create(plan)?;
    ledger.created(plan, &made.id);
    if !pace.step() {
        return Ok(false);
    }
    let bank = choose(plan, kassa, &made.token)?;
    let attempt = begin(&made.token, &bank, kassa, simulator)?;
    ledger.begun(&plan.order, &attempt);
    if !pace.step() {
        return Ok(false);
    }
    simulator.act(&attempt, plan)?;
    ledger.acted(&plan.order);
    Ok(true)
}

/// The planned bank among those that are offered.
pub(crate) fn choose(plan: &Plan, kassa: &Kassa, token: &str) -> Result<String, Problem> {
    let banks = kassa.banks(token)?;
    let chosen = plan
        .bank
        .checked_rem(banks.len())
        .and_then(|at| banks.get(at));
    Ok(chosen.ok_or("no bank is offered")?.clone())
}

/// Goes to the bank and opens the Payment Page; says under which identifier.
pub(crate) fn begin(
    token: &str,
    bank: &str,
    kassa: &Kassa,
    simulator: &Simulator,
) -> Result<String, Problem> {
    let mut step = kassa.pay(token, bank)?;
    step.url = simulator.own(&step.url);
    open(&step)
}

/// Opens the Payment Page as a browser does, and says under which identifier.
fn open(step: &NextStep) -> Result<String, Problem> {
    let http = Http::default();
    let answer = match &step.fields {
        None => http.get(&step.url, &[])?,
        Some(fields) => http.post_form(&step.url, fields)?,
    };
    if !(200..400).contains(&answer.status) {
        return Err(format!(
            "the Payment Page answered {}: {}",
            answer.status, answer.body
        )
        .into());
    }
    let attempt = match &step.fields {
        None => in_query(&step.url, "payment_id"),
        Some(fields) => fields
            .iter()
            .find(|(name, _)| name == "payment_id")
            .map(|(_, value)| value.clone()),
    };
    Ok(attempt.ok_or("the Payment Page was not told a payment_id")?)
}

/// A parameter of an address; Kassa's identifiers need no decoding.
fn in_query(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::in_query;

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        let url = "http://127.0.0.1/payment?xpayment_id=a&payment_id=pay_1-1&payment_idx=b";
        assert_eq!(in_query(url, "payment_id").as_deref(), Some("pay_1-1"));
        assert_eq!(in_query("http://127.0.0.1/payment", "payment_id"), None);
    }
}
