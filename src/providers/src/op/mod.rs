//! OP Online Payment: payments into an OP account from OP's customers and, with the multibank
//! service, from other banks'.
//!
//! Where every rule comes from, and how sure it is, stands in `FACTS.md` beside this file. Much of
//! OP's documentation is not public; what is missing is configuration, not a guess.

mod account;
pub mod back;
mod banks;
pub mod callback;
pub mod front;
pub mod message;
mod refund;
pub mod signing;
pub mod status;

use kassa_checkout::{
    Amount, Call, Claimed, Selection, Unsigned,
    bank::Bank,
    message::{ContentError, RawCallback},
    order::{AttemptRef, CallContext, Context, Order},
    provider::{
        BankList, Banks, Beginning, BuildError, Callbacks, Choice, Facts, Notice, Notices,
        PaymentEvent, Payments, Provider, StatusQueries,
    },
    refund::{RefundOrder, RefundReport, RefundRule, RefundTotal, RefundTotals, Refunds},
};

pub use account::{CONFIDENTIAL, Environment, SANDBOX_REST, SETTINGS};

use account::Account;
use back::Envelope;
use front::Flow;
use message::{CreatePayment, Endpoints};

use crate::settings::{Settings, SettingsError};

/// What is true of OP whatever the account.
pub static FACTS: Facts = Facts {
    id: "op",
    name: "OP Online Payment",
    proven_live: false,
    asked_by_reference: true,
};

/// What can be given back. How long after a payment is not public.
const RULE: RefundRule = RefundRule::Supported {
    partial: true,
    until_seconds: None,
    needs_note: true,
};

/// An account at OP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    account: Account,
}

impl Op {
    /// Reads an account's settings.
    ///
    /// | setting | value | without it |
    /// |---|---|---|
    /// | `environment` | `sandbox` or `production` | refused |
    /// | `merchant_id`, `account_id` | OP's identifiers, confidential | refused |
    /// | `api_key` | the application's key from OP Developer, confidential | refused |
    /// | `key_version` | OP's version of the signing key, 0 to 9999 | refused |
    /// | `rest_url`, `browser_url` | OP's addresses, before the paths | the sandbox's; in production refused |
    /// | `success_words` | words of the status for a paid payment | refused |
    /// | `cancelled_words`, `failed_words` | the same for the others | none |
    /// | `multibank` | `true` where the service is part of the contract | `false` |
    /// | `banks` | `NAME=IDENTIFIER` of other banks | the identifiers of OP's list |
    /// | `bank_status_field`, `bank_available_words` | where and how OP's list says that a bank can be used | `status`; every listed bank can |
    /// | `callbacks` | `true` where OP's key to verify them is at hand | `false`: OP is only asked |
    /// | `callback_api_key` | their `x-api-key`, confidential | the sandbox's; in production refused |
    /// | `callback_id` | who signs them, confidential | whoever has the key |
    /// | `callback_date_within` | how far their `Date` may lie from now, in seconds, or `off` | 300 |
    /// | `message_to_customer` | `true` to send the description, which OP has deprecated | `false` |
    /// | `refund_message_field` | the name of the field in OP's object `RefundMessage` | refunds bear references only |
    ///
    /// # Errors
    /// [`SettingsError`] naming the setting and what was expected.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Account::new(settings).map(|account| Self { account })
    }

    fn flow(&self, choice: &Choice) -> Result<Flow, BuildError> {
        let bank = match choice {
            Choice::Bank(bank) | Choice::AtProvider(Selection::SingleBank(bank)) => bank,
            Choice::AtProvider(_) => {
                let expected = "a bank: OP has no page on which customers choose one";
                return Err(BuildError::new("op/no-choice", "bank", expected));
            }
            Choice::Method(_) => {
                let expected = "a bank: OP has no other methods";
                return Err(BuildError::new("op/unknown-method", "method", expected));
            }
        };
        banks::flow(&self.account, bank).ok_or_else(|| {
            BuildError::new("op/unknown-bank", "bank", "a bank that is on offer here")
        })
    }
}

impl Provider for Op {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn is_sandbox(&self) -> bool {
        self.account.environment == Environment::Sandbox
    }

    fn banks(&self) -> Option<&dyn Banks> {
        Some(self)
    }

    fn bank_list(&self) -> Option<&dyn BankList> {
        self.account.multibank.then_some(self as &dyn BankList)
    }

    fn payments(&self) -> &dyn Payments {
        self
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        None
    }

    fn notices(&self) -> Option<&dyn Notices> {
        let heard = self.account.callbacks.is_some();
        heard.then_some(self as &dyn Notices)
    }

    fn status(&self) -> Option<&dyn StatusQueries> {
        Some(self)
    }

    fn refund_rule(&self) -> RefundRule {
        RULE
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        Some(self)
    }
}

impl Banks for Op {
    fn fallback(&self) -> Vec<Bank> {
        banks::known(&self.account)
    }
}

impl BankList for Op {
    fn ask_banks(
        &self,
        _: Amount,
        context: &CallContext,
    ) -> Result<Unsigned<Call<Vec<Bank>>>, BuildError> {
        back::ask_banks(&self.account, &Envelope::from(context))
    }
}

impl Payments for Op {
    fn front(&self) -> Option<&str> {
        Some(self.account.browser.as_str())
    }

    fn create_payment(
        &self,
        order: &Order,
        choice: &Choice,
        context: &Context,
    ) -> Result<Beginning, BuildError> {
        let account = &self.account;
        let flow = self.flow(choice)?;
        let endpoints = Endpoints::same(&context.return_url)?;
        let mut payment = CreatePayment::new(
            &account.account_id.0,
            order.amount,
            &order.reference,
            endpoints,
        )?
        .language(context.language);
        if account.callbacks.is_some() {
            let address = callback::address(&context.callback_url, &order.provider_payment_id);
            payment = payment.b2b_backend(&address)?;
        }
        if let (true, Some(description)) = (account.message_to_customer, &order.description) {
            payment = payment.message_to_customer(description)?;
        }
        let envelope = Envelope {
            now: context.now,
            request_id: &context.request_id,
            session_id: &context.session_id,
        };
        back::create(account, flow, &payment, &envelope).map(Beginning::Call)
    }
}

impl Notices for Op {
    fn claim_notice(&self, raw: &RawCallback) -> Result<Claimed<Notice>, ContentError> {
        let account = self.account.callbacks.as_ref();
        callback::claim(account.ok_or(ContentError::Account)?, raw)
    }
}

impl StatusQueries for Op {
    fn ask(
        &self,
        attempt: &AttemptRef<'_>,
        context: &CallContext,
    ) -> Result<Unsigned<Call<Vec<PaymentEvent>>>, BuildError> {
        back::ask_status(&self.account, attempt, &Envelope::from(context))
    }
}

impl Refunds for Op {
    fn refund(
        &self,
        attempt: &AttemptRef<'_>,
        order: &RefundOrder<'_>,
        context: &CallContext,
    ) -> Result<Unsigned<Call<RefundReport>>, BuildError> {
        refund::refund(&self.account, attempt, order, &Envelope::from(context))
    }

    fn totals(&self) -> Option<&dyn RefundTotals> {
        Some(self)
    }
}

impl RefundTotals for Op {
    fn ask_total(
        &self,
        attempt: &AttemptRef<'_>,
        context: &CallContext,
    ) -> Result<Unsigned<Call<RefundTotal>>, BuildError> {
        refund::ask_total(&self.account, attempt, &Envelope::from(context))
    }
}

#[cfg(test)]
mod tests;
