//! Attempts begun, reports applied, offers ended.

use kassa_checkout::{Timestamp, lifecycle::Event, provider::PaymentEvent};
use rusqlite::{Connection, params};
use serde_json::json;

use super::{
    PAYMENT, follow, int, payment_of,
    payments::{by_attempt, by_token},
    refused, run, update_payment,
};
use crate::store::{
    Applied, AttemptRecord, Begin, Begun, Payment, StoreError,
    transition::{self, Said},
};

pub(in crate::store::sqlite) fn begin_attempt(
    connection: &Connection,
    begin: &Begin,
) -> Result<Begun, StoreError> {
    let Some(mut payment) = by_token(connection, &begin.token)? else {
        return Ok(Begun::Unknown);
    };
    if let Some(latest) = same_choice(&payment, begin) {
        return Ok(Begun::Attempt {
            attempt: latest.clone(),
            payment: Box::new(payment),
            new: false,
        });
    }
    if !payment.lifecycle.can_pay() || begin.now >= payment.expires_at {
        return Ok(Begun::CannotPay);
    }
    let number = payment.latest.as_ref().map_or(0, |latest| latest.number) + 1;
    let attempt = AttemptRecord {
        id: format!("{}-{number}", payment.id),
        number,
        provider: begin.provider.to_owned(),
        bank: begin.bank.clone(),
        method: begin.method.clone(),
        language: begin.language,
        embedded: begin.embedded,
        at: begin.now,
    };
    let said = Said {
        who: "customer",
        kind: "attempt.started",
        detail: json!({
            "attempt": attempt.id,
            "provider": attempt.provider,
            "bank": attempt.bank,
            "method": attempt.method,
        }),
    };
    let event = Event::Started {
        attempt: attempt.id.clone(),
    };
    payment.latest = Some(attempt.clone());
    let consequences = transition::apply(&mut payment, event, said, begin.now);
    run(
        connection,
        "insert into attempts (provider, id, payment, number, bank, method, created_at) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            attempt.provider,
            attempt.id,
            payment.id,
            int(attempt.number),
            attempt.bank.as_ref().map(kassa_checkout::BankId::as_str),
            attempt.method,
            int(attempt.at.millis()),
        ],
    )?;
    update_payment(connection, &payment)?;
    follow(connection, &payment, begin.now, &consequences, None)?;
    Ok(Begun::Attempt {
        payment: Box::new(payment),
        attempt,
        new: true,
    })
}

/// The latest attempt, when it was begun a moment ago with the same choice and nothing has been
/// heard of it: a form sent twice.
fn same_choice<'a>(payment: &'a Payment, begin: &Begin) -> Option<&'a AttemptRecord> {
    let latest = payment.latest.as_ref()?;
    let same = latest.bank == begin.bank
        && latest.method == begin.method
        && latest.provider == begin.provider
        && latest.language == begin.language
        && latest.embedded == begin.embedded
        && payment.status() == kassa_checkout::Status::Redirected
        && begin.now < latest.at.plus_seconds(begin.same_within);
    same.then_some(latest)
}

pub(in crate::store::sqlite) fn apply(
    connection: &Connection,
    provider: &str,
    report: PaymentEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let attempt = report.provider_payment_id;
    let Some(mut payment) = by_attempt(connection, provider, &attempt)? else {
        return Ok(Applied::Unknown);
    };
    let evidence = report.evidence;
    let dedupe = transition::dedupe_key(provider, &attempt, &evidence);
    let known = connection
        .prepare_cached("select 1 from events where payment = ?1 and dedupe = ?2")
        .and_then(|mut statement| statement.exists([&payment.id, &dedupe]))
        .map_err(refused)?;
    if known {
        return Ok(Applied::Duplicate);
    }
    let who = format!("provider:{provider}");
    let said = Said {
        who: &who,
        kind: "provider.reported",
        detail: json!({ "attempt": attempt, "evidence": evidence }),
    };
    let event = Event::Evidence { attempt, evidence };
    let consequences = transition::apply(&mut payment, event, said, now);
    update_payment(connection, &payment)?;
    follow(connection, &payment, now, &consequences, Some(&dedupe))?;
    Ok(Applied::Changed {
        status: payment.status(),
        token: payment.token,
        flags: consequences.flags,
    })
}

pub(in crate::store::sqlite) fn end_offers(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "select {PAYMENT} from payments p where p.offer_due_at <= ?1 \
         order by p.offer_due_at limit ?2"
    );
    let mut due = Vec::new();
    {
        let mut statement = connection.prepare_cached(&sql).map_err(refused)?;
        let mut rows = statement
            .query(params![int(now.millis()), limit])
            .map_err(refused)?;
        while let Some(row) = rows.next().map_err(refused)? {
            due.push(payment_of(row)?);
        }
    }
    let mut tokens = Vec::with_capacity(due.len());
    for mut payment in due {
        let said = Said {
            who: "kassa",
            kind: "offer.ended",
            detail: json!({}),
        };
        let consequences = transition::apply(&mut payment, Event::OfferEnded, said, now);
        update_payment(connection, &payment)?;
        run(
            connection,
            "update payments set offer_due_at = null where id = ?1",
            [&payment.id],
        )?;
        follow(connection, &payment, now, &consequences, None)?;
        tokens.push(payment.token);
    }
    Ok(tokens)
}
