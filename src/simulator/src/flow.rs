//! What the customer and the bank do, and what the platform tells the shop about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bank;
use crate::faults::Redirect;
use crate::json::Node;
use crate::options::Choice;
use crate::state::{Job, Payment, Planned, State, Status};

/// The confirmation period of the documentation: seven days, in seconds.
pub const DEFAULT_DELAY_SECONDS: u32 = 604_800;

/// What is done at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The customer pays and the bank confirms at once.
    Pay,
    /// The bank refuses.
    Refuse,
    /// The customer cancels.
    Cancel,
    /// The customer walks away; nothing is sent.
    Close,
    /// Awaiting confirmation, then success.
    LateSuccess,
    /// Awaiting confirmation, then decline.
    LateDecline,
    /// Awaiting confirmation, then reversed.
    LateReversed,
    /// Declined, and paid after all when the delay is over.
    FlipSuccess,
    /// Paid, and reversed when the delay is over.
    FlipReversed,
}

impl Act {
    /// The act of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
    }
}

/// What an act needs besides its name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Details {
    /// ecommpay's id of the bank; needed when none was chosen and more than one is offered, else the first is taken.
    pub bank: Option<u32>,
    /// Seconds until the late word; seven days when absent.
    pub delay_seconds: Option<u32>,
    /// The sale is `decline` while the confirmation is awaited, as some banks have it.
    pub sale_declined: bool,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowError {
    /// No such payment.
    Unknown,
    /// The bank is not among those offered.
    BankNotOffered(u32),
    /// The customer's part is over.
    Over(Status),
}

impl fmt::Display for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such payment"),
            Self::BankNotOffered(id) => write!(f, "bank {id} is not offered for this payment"),
            Self::Over(status) => write!(f, "the payment is {} already", status.word()),
        }
    }
}

impl std::error::Error for FlowError {}

impl State {
    /// The customer goes to a bank: the sale begins and the shop is told `external processing`.
    ///
    /// # Errors
    /// When the bank is not offered or the payment is over.
    pub fn choose_bank(&mut self, key: &str, bank_id: u32, now_ms: i64) -> Result<(), FlowError> {
        let payment = self.open_payment(key)?;
        let offered = payment.request.choice.banks().contains(&bank_id);
        let bank = bank::by_id(bank_id)
            .filter(|_| offered)
            .ok_or(FlowError::BankNotOffered(bank_id))?;
        payment.bank = Some(bank);
        payment.walked_away = false;
        if payment.sale.is_none() {
            let sale = self.new_operation("sale", "external processing", "9999", now_ms);
            if let Some(payment) = self.payments.get_mut(key) {
                payment.sale = Some(sale.clone());
            }
            self.tell(key, sale, Status::ExternalProcessing, now_ms);
        }
        Ok(())
    }

    /// Gate takes a sale: the shop is told where to send the customer.
    pub fn begin_sale(&mut self, key: &str, bank: &'static bank::Bank, base: &str, now_ms: i64) {
        let sale = self.new_operation("sale", "awaiting redirect result", "9999", now_ms);
        let wanted = self.faults.redirect;
        let Some(payment) = self.payments.get_mut(key) else {
            return;
        };
        payment.bank = Some(bank);
        payment.sale = Some(sale.clone());
        if wanted == Redirect::Never {
            payment.status = Status::AwaitingRedirect;
            return;
        }
        payment.redirect = Some(redirect_data(wanted, base, &payment.page_id));
        self.tell(key, sale, Status::AwaitingRedirect, now_ms);
    }

    /// The customer comes to the bank where Gate sent them. Answers whether that is news.
    pub fn arrive(&mut self, key: &str, now_ms: i64) -> bool {
        let Some(payment) = self.payments.get_mut(key) else {
            return false;
        };
        if payment.status != Status::AwaitingRedirect {
            return false;
        }
        let Some(sale) = payment.sale.as_mut() else {
            return false;
        };
        (sale.status, sale.date_ms) = ("external processing", now_ms);
        let sale = sale.clone();
        self.tell(key, sale, Status::ExternalProcessing, now_ms);
        true
    }

    /// Does something at the bank; the customer goes there first when they have not yet.
    ///
    /// # Errors
    /// When the bank is not offered or the payment is over.
    pub fn act(
        &mut self,
        key: &str,
        act: Act,
        details: Details,
        now_ms: i64,
    ) -> Result<(), FlowError> {
        let payment = self.open_payment(key)?;
        let bank = details
            .bank
            .or(payment.bank.map(|bank| bank.id))
            .or_else(|| first_bank(&payment.request.choice));
        if payment.sale.is_none() || details.bank.is_some() {
            self.choose_bank(key, bank.unwrap_or_default(), now_ms)?;
        }
        match act {
            Act::Pay => self.end_sale(key, "success", "0", Status::Success, now_ms),
            Act::Refuse => self.end_sale(key, "decline", "20000", Status::Decline, now_ms),
            Act::Cancel => self.end_sale(key, "decline", "20301", Status::Decline, now_ms),
            Act::Close => self.open_payment(key)?.walked_away = true,
            Act::FlipSuccess => {
                self.end_sale(key, "decline", "20000", Status::Decline, now_ms);
                self.plan(key, Status::Success, details, now_ms);
            }
            Act::FlipReversed => {
                self.end_sale(key, "success", "0", Status::Success, now_ms);
                self.plan(key, Status::Reversed, details, now_ms);
            }
            Act::LateSuccess => self.await_confirmation(key, Status::Success, details, now_ms),
            Act::LateDecline => self.await_confirmation(key, Status::Decline, details, now_ms),
            Act::LateReversed => self.await_confirmation(key, Status::Reversed, details, now_ms),
        }
        Ok(())
    }

    /// The bank's late word has come: `due_ms` is when, `now_ms` when the callbacks set off.
    pub fn confirm(&mut self, key: &str, due_ms: i64, now_ms: i64) {
        let Some(payment) = self.payments.get_mut(key) else {
            return;
        };
        let Some(planned) = payment.planned.take() else {
            return;
        };
        let (before, at_ms) = (payment.status, due_ms.max(payment.changed_ms));
        let (status, code) = if planned.outcome == Status::Success {
            ("success", "0")
        } else {
            ("decline", "20812")
        };
        let begun = payment.confirmation.take();
        let mut confirmation = begun
            .unwrap_or_else(|| self.new_operation("payment confirmation", status, code, at_ms));
        (confirmation.status, confirmation.code, confirmation.date_ms) = (status, code, at_ms);
        if planned.outcome == Status::Reversed {
            self.tell(key, confirmation, before, now_ms);
            let reversal = self.new_operation("reversal", "success", "0", at_ms + 1_000);
            self.tell(key, reversal, Status::Reversed, now_ms);
        } else {
            self.tell(key, confirmation, planned.outcome, now_ms);
        }
    }

    fn open_payment(&mut self, key: &str) -> Result<&mut Payment, FlowError> {
        let payment = self.payments.get_mut(key).ok_or(FlowError::Unknown)?;
        if payment.status.is_open() {
            Ok(payment)
        } else {
            Err(FlowError::Over(payment.status))
        }
    }

    fn end_sale(
        &mut self,
        key: &str,
        operation: &'static str,
        code: &'static str,
        payment_status: Status,
        now_ms: i64,
    ) {
        let Some(sale) = self
            .payments
            .get_mut(key)
            .and_then(|payment| payment.sale.as_mut())
        else {
            return;
        };
        (sale.status, sale.code, sale.date_ms) = (operation, code, now_ms);
        let sale = sale.clone();
        self.tell(key, sale, payment_status, now_ms);
    }

    /// The confirmation procedure: a `payment confirmation` operation and `awaiting confirmation`, then the sale's own end, which decides nothing.
    fn await_confirmation(&mut self, key: &str, outcome: Status, details: Details, now_ms: i64) {
        let confirmation = self.new_operation("payment confirmation", "processing", "9999", now_ms);
        if let Some(payment) = self.payments.get_mut(key) {
            payment.confirmation = Some(confirmation.clone());
        }
        self.tell(key, confirmation, Status::AwaitingConfirmation, now_ms);
        let (sale, code) = if details.sale_declined {
            ("decline", "20000")
        } else {
            ("success", "0")
        };
        self.end_sale(key, sale, code, Status::AwaitingConfirmation, now_ms);
        self.plan(key, outcome, details, now_ms);
    }

    fn plan(&mut self, key: &str, outcome: Status, details: Details, now_ms: i64) {
        let due_ms =
            now_ms + i64::from(details.delay_seconds.unwrap_or(DEFAULT_DELAY_SECONDS)) * 1_000;
        if let Some(payment) = self.payments.get_mut(key) {
            payment.planned = Some(Planned { outcome, due_ms });
        }
        self.schedule(
            due_ms,
            Job::Confirm {
                key: key.to_owned(),
            },
        );
    }
}

fn redirect_data(wanted: Redirect, base: &str, page_id: &str) -> Node {
    let url = format!("{base}/bank/{page_id}");
    // Empty bodies come in both forms of PHP's empty array.
    let (method, url, body) = match wanted {
        Redirect::Get | Redirect::Never => ("GET", url, Node::List(Vec::new())),
        Redirect::Post => {
            let fields = [("session", Node::text(page_id)), ("lang", Node::text("fi"))];
            ("POST", url, Node::object(fields))
        }
        Redirect::Unsafe => {
            let url = "javascript:alert(1)".to_owned();
            ("GET", url, Node::Object(Vec::new()))
        }
    };
    Node::object([
        ("body", body),
        ("method", Node::text(method)),
        ("url", Node::Text(url)),
    ])
}

fn first_bank(choice: &Choice) -> Option<u32> {
    choice.banks().first().copied()
}
