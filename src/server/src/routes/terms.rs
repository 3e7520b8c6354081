//! A shop's request for a payment, checked against what the shop permits.

use kassa_checkout::{
    Amount, Currency, Language, Selection, Timestamp, contract::ChooseAt, selection::OptionName,
};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::{
    problem::{Fault, Problem},
    shop::Shop,
    store::{NewReference, Payer, Terms},
};

/// The longest order number, in characters.
const LONGEST_ORDER: usize = 64;
/// The longest text that is kept of any other field, in characters.
const LONGEST_TEXT: usize = 255;
/// The longest address, in bytes.
const LONGEST_URL: usize = 2_000;
/// The shortest and longest time that an offer may stand, in seconds.
const EXPIRES_IN: std::ops::RangeInclusive<u64> = 60..=30 * 24 * 60 * 60;

/// A payment to create.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatePayment {
    /// The shop's order number: 1 to 64 characters, no control characters.
    #[schema(max_length = 64, example = "123456")]
    order: String,
    /// The sum in cents.
    #[schema(example = 4_990)]
    pub(crate) amount: Amount,
    /// Its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    /// The reference, national or RF. Without one it is made from the order number where that is
    /// digits, else allotted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1234561")]
    reference: Option<String>,
    /// The language of the page; without one the customer's browser decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    /// What is bought, at most 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerInput>,
    /// How the customer comes to a bank; the narrowest is a single bank. All banks by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selection: Option<Selection>,
    /// Where the customer chooses: in Kassa's list by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    choose_at: Option<ChooseAt>,
    /// The shop's page to go back to, at one of the origins that the shop permits. The parameter
    /// `payment` with the payment's identifier is added to its query.
    #[schema(max_length = 2000, example = "https://shop.example/thanks")]
    return_url: String,
    /// For how many seconds the offer stands, from a minute to 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 2_592_000)]
    pub(crate) expires_in: Option<u64>,
}

/// Who pays. All of it goes to the provider, as far as the provider takes it.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Customer)]
pub(crate) struct CustomerInput {
    /// The shop's identifier of the customer; the payment's own identifier without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    /// Electronic mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

/// A request that the shop may make.
pub(crate) struct Agreed {
    pub(crate) order: String,
    pub(crate) amount: Amount,
    pub(crate) reference: NewReference,
    pub(crate) terms: Terms,
    pub(crate) expires_at: Timestamp,
}

impl CreatePayment {
    /// Checks the request against what the shop permits: it may narrow that, and never widen it.
    pub(crate) fn agree(self, shop: &Shop, now: Timestamp) -> Result<Agreed, Problem> {
        check_order(&self.order)?;
        let reference = reference(self.reference.as_deref(), &self.order, shop)?;
        let choose_at = self.choose_at.unwrap_or_default();
        let selection = self.selection.map_or_else(|| default_selection(shop), Ok)?;
        check_selection(&selection, choose_at, shop)?;
        let return_url = return_url(&self.return_url, shop)?;
        if let Some(description) = &self.description {
            check_text("description", description)?;
        }
        let customer = self.customer.map(payer).transpose()?.unwrap_or_default();
        let expires_in = self.expires_in.unwrap_or(shop.expires_in);
        if !EXPIRES_IN.contains(&expires_in) {
            return Err(Problem::field(
                Fault::Field,
                "expires_in",
                "expected 60 to 2592000 seconds",
            ));
        }
        Ok(Agreed {
            order: self.order,
            amount: self.amount,
            reference,
            terms: Terms {
                language: self.language,
                description: self.description,
                customer,
                selection,
                choose_at,
                return_url,
                vetuma: None,
            },
            expires_at: now.plus_seconds(expires_in),
        })
    }
}

fn check_order(order: &str) -> Result<(), Problem> {
    let length = order.chars().count();
    if (1..=LONGEST_ORDER).contains(&length) && !order.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::field(
        Fault::Order,
        "order",
        "expected 1 to 64 characters without control characters",
    ))
}

/// The reference: the given one, else made from the order number, else to be allotted.
fn reference(given: Option<&str>, order: &str, shop: &Shop) -> Result<NewReference, Problem> {
    if let Some(text) = given {
        return viite::Reference::parse(text)
            .map(|reference| NewReference::Given(reference.to_machine().to_owned()))
            .map_err(|error| Problem::with_code(error.code(), "reference", error.to_string()));
    }
    // With a zero in front, two order numbers would make the same reference.
    let is_base = !order.starts_with('0') && order.bytes().all(|byte| byte.is_ascii_digit());
    if is_base && let Ok(reference) = viite::NationalReference::create(order) {
        return Ok(NewReference::Given(reference.to_machine().to_owned()));
    }
    Ok(NewReference::Allotted {
        prefix: shop.reference_series.clone(),
    })
}

/// What a shop means that says nothing: all banks, or else the first way that it permits.
fn default_selection(shop: &Shop) -> Result<Selection, Problem> {
    let named = || {
        let banks = shop
            .all_banks()
            .iter()
            .map(|bank| bank.id.clone())
            .collect();
        Selection::named(banks).map_err(|error| Problem::coded(&error))
    };
    let option = if shop.options.contains(&OptionName::AllBanks) {
        OptionName::AllBanks
    } else {
        shop.options
            .first()
            .copied()
            .unwrap_or(OptionName::AllBanks)
    };
    match option {
        OptionName::AllBanks => Ok(Selection::AllBanks),
        OptionName::MethodThenBank => Ok(Selection::MethodThenBank),
        OptionName::BanksAmongMethods => Ok(Selection::BanksAmongMethods),
        OptionName::BanksInGroup => Ok(Selection::BanksInGroup),
        OptionName::NamedBanks => named(),
        OptionName::SingleBank => Err(Problem::field(
            Fault::MissingField,
            "selection",
            "this shop may only ask for a single bank: expected which",
        )),
    }
}

fn check_selection(selection: &Selection, at: ChooseAt, shop: &Shop) -> Result<(), Problem> {
    let refuse = |field: &str, detail: String| Err(Problem::field(Fault::Selection, field, detail));
    if !shop.options.contains(&OptionName::from(selection)) {
        return refuse(
            "selection.option",
            "this shop does not permit it".to_owned(),
        );
    }
    let named: &[kassa_checkout::BankId] = match selection {
        Selection::NamedBanks(named) => named.as_slice(),
        Selection::SingleBank(bank) => std::slice::from_ref(bank),
        _ => &[],
    };
    if let Some(bank) = named.iter().find(|bank| shop.bank(bank).is_none()) {
        return refuse("selection.banks", format!("{bank} is not offered"));
    }
    if at == ChooseAt::Provider && shop.banks.is_some() && selection.shows_methods() {
        // The provider's page would show banks that the shop does not permit.
        return refuse(
            "selection.option",
            "a shop with its own list of banks names them when the provider's page shows them"
                .to_owned(),
        );
    }
    Ok(())
}

/// The shop's page to go back to, written as the URL Standard writes it.
fn return_url(text: &str, shop: &Shop) -> Result<String, Problem> {
    let refuse = |detail: &str| Err(Problem::field(Fault::ReturnUrl, "return_url", detail));
    if text.len() > LONGEST_URL {
        return refuse("expected at most 2000 bytes");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("expected an absolute address");
    };
    if !matches!(url.scheme(), "https" | "http")
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return refuse("expected an https address without a user name");
    }
    if shop.permits_return(&url) {
        Ok(url.into())
    } else {
        refuse("this shop does not permit the address's origin")
    }
}

fn payer(input: CustomerInput) -> Result<Payer, Problem> {
    for (field, value) in [
        ("customer.id", &input.id),
        ("customer.first_name", &input.first_name),
        ("customer.last_name", &input.last_name),
        ("customer.email", &input.email),
        ("customer.phone", &input.phone),
    ] {
        if let Some(value) = value {
            check_text(field, value)?;
        }
    }
    if input.email.as_deref().is_some_and(|text| !is_email(text)) {
        return Err(Problem::field(
            Fault::Field,
            "customer.email",
            "expected one address, as name@example.fi",
        ));
    }
    // A field left empty in a shop's form is one that was not given.
    let given = |value: Option<String>| value.filter(|text| !text.is_empty());
    Ok(Payer {
        id: given(input.id),
        first_name: given(input.first_name),
        last_name: given(input.last_name),
        email: given(input.email),
        phone: given(input.phone),
    })
}

/// Whether a text has the shape of one address; whether it can be reached is nobody's to say.
/// Nothing at all is fine.
fn is_email(text: &str) -> bool {
    let shaped = || {
        let (name, domain) = text.split_once('@')?;
        let whole = !name.is_empty() && domain.contains('.') && !domain.contains('@');
        whole.then_some(())
    };
    text.is_empty() || (shaped().is_some() && !text.contains(char::is_whitespace))
}

pub(super) fn check_text(field: &str, text: &str) -> Result<(), Problem> {
    if text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::field(
        Fault::Field,
        field,
        "expected at most 255 characters without control characters",
    ))
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn an_email_is_one_address() {
        for fine in ["", "aino@puoti.example", "a.b+c@d.e.fi", "ä@ö.fi"] {
            assert!(is_email(fine), "{fine}");
        }
        for wrong in [
            "aino",
            "@puoti.fi",
            "aino@puoti",
            "a@b.fi a@b.fi",
            "a@b@c.fi",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
