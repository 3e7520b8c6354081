//! ecommpay: "Open Banking in Finland" through its Payment Page or through its Gate.
//!
//! Where every rule comes from, and how sure it is, stands in `FACTS.md` beside this file.

pub mod back;
mod bank_list;
pub mod banks;
mod base64;
pub mod callback;
mod decimal;
pub mod front;
pub mod json;
pub mod message;
pub mod natural;
pub mod php_number;
pub mod redirect;
mod report;
mod sale;
pub mod selection;
pub mod signing;
pub mod status;

use kassa_checkout::{
    Amount, Call, Claimed, Selection, Unsigned,
    bank::{Bank, BankId},
    message::{ContentError, RawCallback},
    order::{AttemptRef, CallContext, Context, Order},
    provider::{
        BankList, Banks, Beginning, BrowserForm, BuildError, Callbacks, Choice, Facts, Notices,
        PaymentEvent, Payments, Provider, StatusQueries,
    },
    refund::{RefundRule, Refunds},
};

pub use back::GateUrl;
pub use front::{PageUrl, Parameters, PaymentPage};
pub use selection::{BankNumber, BankSelection};

use crate::{
    date,
    settings::{Settings, SettingsError, refuse_unknown},
};

/// What is true of ecommpay whatever the account.
pub static FACTS: Facts = Facts {
    id: "ecommpay",
    name: "ecommpay",
    proven_live: false,
    asked_by_reference: false,
};

/// The method has no refunds; what goes back goes as a payout that the shop makes.
const REFUNDS: RefundRule = RefundRule::Unsupported {
    reason: "refund/method",
};

/// The names of an account's settings.
pub const SETTINGS: &[&str] = &[
    "project_id",
    "payment_page_url",
    "gate_url",
    "bank_payments",
    "other_methods",
    "show_closed_banks",
];

/// How a customer comes to a bank that was chosen in Kassa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BankPayments {
    /// Over the Payment Page, which asks once more.
    PaymentPage,
    /// Straight from our page: our server begins the payment, and a callback says where to go.
    Gate,
}

/// An account at ecommpay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ecommpay {
    project_id: u64,
    page: PageUrl,
    gate: GateUrl,
    bank_payments: BankPayments,
    other_methods: Vec<String>,
    show_closed_banks: bool,
}

impl Ecommpay {
    /// Reads an account's settings.
    ///
    /// | setting | value | without it |
    /// |---|---|---|
    /// | `project_id` | the project's number | refused |
    /// | `payment_page_url` | the page's address | ecommpay's own |
    /// | `gate_url` | the Gate's address, before `/v2` | ecommpay's own |
    /// | `bank_payments` | `payment_page`, or `gate`: how a bank that was chosen here is come to | `payment_page` |
    /// | `other_methods` | codes of other methods, with commas between them | none |
    /// | `show_closed_banks` | `true` or `false` | `false` |
    ///
    /// # Errors
    /// [`SettingsError`] naming the setting and what was expected.
    ///
    /// # Examples
    /// ```
    /// use kassa_providers::{Settings, ecommpay::Ecommpay};
    /// let settings = Settings::from([("project_id".into(), "120".into())]);
    /// assert!(Ecommpay::new(&settings).is_ok());
    ///
    /// let settings = Settings::from([("project_id".into(), "12O".into())]);
    /// assert_eq!(
    ///     Ecommpay::new(&settings).unwrap_err().to_string(),
    ///     "project_id is malformed: expected a positive whole number in plain digits"
    /// );
    /// ```
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        refuse_unknown(settings, SETTINGS)?;
        Ok(Self {
            project_id: project_id(settings)?,
            page: page(settings)?,
            gate: gate(settings)?,
            bank_payments: bank_payments(settings)?,
            other_methods: other_methods(settings)?,
            show_closed_banks: show_closed_banks(settings)?,
        })
    }

    /// The codes of the other methods that a customer may choose in Kassa.
    #[must_use]
    pub fn other_methods(&self) -> &[String] {
        &self.other_methods
    }

    fn number_of(&self, bank: &BankId) -> Result<BankNumber, BuildError> {
        let live = || match self.bank_payments {
            BankPayments::Gate => bank_list::number_of(bank),
            BankPayments::PaymentPage => None,
        };
        banks::rows(self.show_closed_banks)
            .find(|row| row.slug == bank.as_str())
            .map(|row| row.number)
            .or_else(live)
            .ok_or_else(|| {
                BuildError::new(
                    "ecommpay/unknown-bank",
                    "bank",
                    "a bank that is on offer here",
                )
            })
    }

    /// The parameters that bring the customer to what was chosen.
    fn steering(&self, choice: &Choice) -> Result<Vec<(&'static str, String)>, BuildError> {
        let selection = match choice {
            Choice::Bank(bank) => BankSelection::Bank(self.number_of(bank)?),
            Choice::Method(code) if self.other_methods.contains(code) => {
                return Ok(vec![("force_payment_method", code.clone())]);
            }
            Choice::Method(_) => {
                return Err(BuildError::new(
                    "ecommpay/unknown-method",
                    "method",
                    "a method that is on offer here",
                ));
            }
            Choice::AtProvider(selection) => self.selection(selection)?,
        };
        Ok(selection.parameters())
    }

    fn selection(&self, selection: &Selection) -> Result<BankSelection, BuildError> {
        Ok(match selection {
            Selection::MethodThenBank => BankSelection::MethodThenBank,
            Selection::BanksAmongMethods => BankSelection::BanksAmongMethods,
            Selection::BanksInGroup => BankSelection::BanksInGroup,
            Selection::AllBanks => BankSelection::AllBanks,
            Selection::SingleBank(bank) => BankSelection::Bank(self.number_of(bank)?),
            Selection::NamedBanks(named) => {
                let numbers = named.as_slice().iter().map(|bank| self.number_of(bank));
                let numbers = numbers.collect::<Result<_, _>>()?;
                BankSelection::named(numbers).map_err(front::selection_refused)?
            }
        })
    }
}

impl Provider for Ecommpay {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn banks(&self) -> Option<&dyn Banks> {
        Some(self)
    }

    fn bank_list(&self) -> Option<&dyn BankList> {
        match self.bank_payments {
            BankPayments::Gate => Some(self),
            // An account may use the page without being let into the Gate.
            BankPayments::PaymentPage => None,
        }
    }

    fn payments(&self) -> &dyn Payments {
        self
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        Some(self)
    }

    fn status(&self) -> Option<&dyn StatusQueries> {
        Some(self)
    }

    fn notices(&self) -> Option<&dyn Notices> {
        None
    }

    fn refund_rule(&self) -> RefundRule {
        REFUNDS
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        None
    }

    fn is_sandbox(&self) -> bool {
        false
    }
}

impl Banks for Ecommpay {
    fn fallback(&self) -> Vec<Bank> {
        banks::rows(self.show_closed_banks)
            .filter_map(banks::Row::to_bank)
            .collect()
    }
}

impl BankList for Ecommpay {
    fn ask_banks(
        &self,
        amount: Amount,
        _: &CallContext,
    ) -> Result<Unsigned<Call<Vec<Bank>>>, BuildError> {
        bank_list::ask(self.project_id, &self.gate, self.show_closed_banks, amount)
    }
}

impl Payments for Ecommpay {
    fn create_payment(
        &self,
        order: &Order,
        choice: &Choice,
        context: &Context,
    ) -> Result<Beginning, BuildError> {
        match (self.bank_payments, choice) {
            (BankPayments::Gate, Choice::Bank(bank)) => {
                let bank = self.number_of(bank)?;
                sale::begin(self.project_id, &self.gate, bank, order, context).map(Beginning::Call)
            }
            _ => self.page_form(order, choice, context).map(Beginning::Form),
        }
    }

    fn front(&self) -> Option<&str> {
        // Calls to the Gate bring the bank's own address.
        None
    }
}

impl Ecommpay {
    /// The request that opens the Payment Page.
    fn page_form(
        &self,
        order: &Order,
        choice: &Choice,
        context: &Context,
    ) -> Result<Unsigned<BrowserForm>, BuildError> {
        let customer = &order.customer;
        // The method has no field for a reference, so it is at least what the customer reads.
        let description = order.description.as_ref().unwrap_or(&order.reference);
        let back = &context.return_url;
        let fixed = [
            ("project_id", self.project_id.to_string()),
            ("payment_id", order.provider_payment_id.clone()),
            ("payment_amount", order.amount.minor_units()),
            (
                "payment_currency",
                order.amount.currency().code().to_owned(),
            ),
            ("customer_id", customer.id.clone()),
            ("payment_description", description.clone()),
            ("language_code", context.language.code().to_owned()),
            ("region_code", "FI".to_owned()),
            ("best_before", date::write(context.expires_at)),
            ("merchant_callback_url", context.callback_url.clone()),
            ("merchant_success_url", back.clone()),
            ("merchant_fail_url", back.clone()),
            ("merchant_return_url", back.clone()),
        ];
        let personal = [
            ("customer_first_name", &customer.first_name),
            ("customer_last_name", &customer.last_name),
            ("customer_email", &customer.email),
            ("customer_phone", &customer.phone),
        ];
        let personal = personal
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        let steering = self.steering(choice)?;
        let parameters = Parameters::from_pairs(fixed.into_iter().chain(personal).chain(steering))?;
        let page = PaymentPage::new(parameters, context.now)?;
        Ok(page.into_form(&self.page))
    }
}

impl Callbacks for Ecommpay {
    fn claim(&self, raw: &RawCallback) -> Result<Claimed<PaymentEvent>, ContentError> {
        callback::claim(self.project_id, self.gate.schemes(), raw)
    }
}

impl StatusQueries for Ecommpay {
    fn ask(
        &self,
        attempt: &AttemptRef<'_>,
        _: &CallContext,
    ) -> Result<Unsigned<Call<Vec<PaymentEvent>>>, BuildError> {
        back::ask_status(self.project_id, &self.gate, attempt.provider_payment_id)
    }
}

fn project_id(settings: &Settings) -> Result<u64, SettingsError> {
    let (key, expected) = ("project_id", "a positive whole number in plain digits");
    let text = settings
        .get(key)
        .ok_or(SettingsError::Missing { key, expected })?;
    let id = message::Rule::Number.fits(text).then(|| text.parse().ok());
    id.flatten().ok_or(SettingsError::Invalid { key, expected })
}

fn page(settings: &Settings) -> Result<PageUrl, SettingsError> {
    settings.get("payment_page_url").map_or_else(
        || Ok(PageUrl::default()),
        |text| {
            PageUrl::parse(text).ok_or(SettingsError::Invalid {
                key: "payment_page_url",
                expected: PageUrl::EXPECTED,
            })
        },
    )
}

fn gate(settings: &Settings) -> Result<GateUrl, SettingsError> {
    settings.get("gate_url").map_or_else(
        || Ok(GateUrl::default()),
        |text| {
            GateUrl::parse(text).ok_or(SettingsError::Invalid {
                key: "gate_url",
                expected: GateUrl::EXPECTED,
            })
        },
    )
}

fn bank_payments(settings: &Settings) -> Result<BankPayments, SettingsError> {
    match settings.get("bank_payments").map(String::as_str) {
        None | Some("payment_page") => Ok(BankPayments::PaymentPage),
        Some("gate") => Ok(BankPayments::Gate),
        Some(_) => Err(SettingsError::Invalid {
            key: "bank_payments",
            expected: "payment_page or gate",
        }),
    }
}

fn other_methods(settings: &Settings) -> Result<Vec<String>, SettingsError> {
    let Some(text) = settings
        .get("other_methods")
        .filter(|text| !text.is_empty())
    else {
        return Ok(Vec::new());
    };
    let codes: Vec<_> = text.split(',').map(|code| code.trim().to_owned()).collect();
    if codes.iter().all(|code| message::Rule::Code.fits(code)) {
        Ok(codes)
    } else {
        Err(SettingsError::Invalid {
            key: "other_methods",
            expected: "ecommpay's codes of methods, with commas between them",
        })
    }
}

fn show_closed_banks(settings: &Settings) -> Result<bool, SettingsError> {
    match settings.get("show_closed_banks").map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(SettingsError::Invalid {
            key: "show_closed_banks",
            expected: "true or false",
        }),
    }
}

#[cfg(test)]
mod tests;
