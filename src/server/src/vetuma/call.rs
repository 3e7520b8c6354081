//! Calls of old software: whose they are, and what of them can be had.

use std::sync::Arc;

use kassa_checkout::{
    Coded, Selection, Timestamp,
    message::{ContentError, Purpose},
    provider::BuildError,
    selection::OptionName,
};
use kassa_providers::vetuma::{
    CheckCall, Field, Kind, Message, Method, MethodClass, PayCall, ReturnAddress,
};

use super::Bridge;
use crate::shop::{Shop, Shops};

/// The codes under which a shop's other methods are cards.
const CARDS: [&str; 1] = ["card"];

/// A call whose MAC holds.
pub(crate) struct Authentic<'a> {
    /// The shop that the secret belongs to.
    pub(crate) shop: &'a Arc<Shop>,
    /// Its bridge.
    pub(crate) bridge: &'a Bridge,
    /// What it says.
    pub(crate) message: Message,
    /// Which secret of its name it was signed with.
    pub(crate) secret: String,
}

/// Why a call is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrongCall {
    /// It cannot be read.
    Content(ContentError),
    /// No secret of ours made its MAC. Why is nobody's business.
    Signature,
}

/// Finds whose call it is: the first secret of the name that it bears which makes its MAC.
pub(crate) fn authenticate<'a>(
    shops: &'a Shops,
    kind: Kind,
    body: &[u8],
    now: Timestamp,
) -> Result<Authentic<'a>, WrongCall> {
    let claim = || Message::claim(kind, body).map_err(WrongCall::Content);
    let rcvid = claim()?.routing_hint().to_owned();
    for shop in shops.values() {
        let Some(bridge) = &shop.vetuma else {
            continue;
        };
        for secret in bridge.secrets.find(&rcvid, Purpose::Payment, now) {
            match claim()?.verify(&secret) {
                Ok(verified) => {
                    return Ok(Authentic {
                        shop,
                        bridge,
                        message: verified.into_inner(),
                        secret: secret.check_value(),
                    });
                }
                Err(kassa_checkout::message::Refused::Content(error)) => {
                    return Err(WrongCall::Content(error));
                }
                Err(kassa_checkout::message::Refused::Signature) => {}
            }
        }
    }
    Err(WrongCall::Signature)
}

/// What is wrong with a call that is the shop's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultyCall {
    /// A field has another format than it should.
    Field(BuildError),
    /// An answer may not go to one of its addresses: nothing is sent there.
    Address(Field),
    /// It names another customer configuration.
    Configuration,
    /// It was made too long ago, or is from the future.
    Time,
    /// It offers nothing that the shop has.
    Nothing,
    /// It uses an order number or call identifier that another call has used.
    Used(Field),
    /// The provider would refuse the payment.
    Provider(String),
}

impl FaultyCall {
    /// A word for it, for the log, and the field.
    pub(crate) fn told(&self) -> (String, &'static str) {
        let (code, field) = match self {
            Self::Field(error) => (error.to_string(), error.field().unwrap_or_default()),
            Self::Address(field) => ("address not permitted".to_owned(), field.name()),
            Self::Configuration => ("unknown configuration".to_owned(), Field::Ap.name()),
            Self::Time => ("not of now".to_owned(), Field::Timestmp.name()),
            Self::Nothing => ("nothing to offer".to_owned(), Field::Solist.name()),
            Self::Used(field) => ("used before".to_owned(), field.name()),
            Self::Provider(why) => (why.clone(), ""),
        };
        (code, field)
    }
}

impl<'a> Authentic<'a> {
    /// The first address of the call that no answer may go to.
    fn wrong_address(&self) -> Option<Field> {
        let mut fields = ReturnAddress::ALL.into_iter().map(ReturnAddress::field);
        fields.find(|field| {
            let url = self.message.get(*field).unwrap_or_default();
            !self.bridge.return_urls.permit(url)
        })
    }

    /// A field of the call, as it is.
    pub(crate) fn get(&self, field: Field) -> &str {
        self.message.get(field).unwrap_or_default()
    }

    /// Checks what must hold of every call of the shop's.
    fn check(&self, ap: &str) -> Result<(), FaultyCall> {
        if self.bridge.configurations.iter().any(|known| known == ap) {
            Ok(())
        } else {
            Err(FaultyCall::Configuration)
        }
    }

    /// The question that it is.
    pub(crate) fn question(&self) -> Result<CheckCall, FaultyCall> {
        let call = CheckCall::read(&self.message).map_err(FaultyCall::Field)?;
        self.check(&call.head.configuration)?;
        Ok(call)
    }
}

/// What a customer is offered for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// How the customer comes to a bank or to another method.
    pub(crate) selection: Selection,
    /// Whether banks are offered.
    pub(crate) banks: bool,
    /// The other methods that are.
    pub(crate) methods: Vec<String>,
}

/// Reads a call for a payment: what is asked for, and what of it the shop offers. The call narrows
/// what the shop permits, and never widens it.
///
/// Whether it is one of now comes last, with the answer: a call that was answered before is
/// answered again, however old it is.
pub(crate) fn agree(call: &Authentic<'_>) -> Result<(PayCall, Offer), FaultyCall> {
    if let Some(field) = call.wrong_address() {
        return Err(FaultyCall::Address(field));
    }
    let read = PayCall::read(&call.message, call.bridge.profile).map_err(FaultyCall::Field)?;
    call.check(&read.head.configuration)?;
    let offer = offer(call.shop, &read.offered()).ok_or(FaultyCall::Nothing)?;
    Ok((read, offer))
}

/// What a shop offers of some methods; none when that is nothing.
fn offer(shop: &Shop, methods: &[&Method]) -> Option<Offer> {
    let asks = |class| methods.iter().any(|method| method.class() == class);
    let banks = asks(MethodClass::Bank) && !shop.all_banks().is_empty();
    let has_cards = |code: &str| asks(MethodClass::Card) && CARDS.contains(&code);
    let known = shop.methods.iter().map(|method| method.code.clone());
    let mut methods: Vec<_> = known.filter(|code| has_cards(code)).collect();
    let with_methods = [
        (OptionName::BanksAmongMethods, Selection::BanksAmongMethods),
        (OptionName::MethodThenBank, Selection::MethodThenBank),
        (OptionName::BanksInGroup, Selection::BanksInGroup),
    ];
    let mut ways = with_methods.into_iter();
    let permitted = ways.find(|(option, _)| shop.options.contains(option));
    if let (false, Some((_, selection))) = (methods.is_empty(), permitted) {
        return Some(Offer {
            selection,
            banks,
            methods,
        });
    }
    methods.clear();
    let selection = banks_only(shop)?;
    banks.then_some(Offer {
        selection,
        banks,
        methods,
    })
}

/// The way to a bank of a shop that shows nothing else.
fn banks_only(shop: &Shop) -> Option<Selection> {
    if shop.options.contains(&OptionName::AllBanks) {
        return Some(Selection::AllBanks);
    }
    let banks = shop.all_banks().iter().map(|bank| bank.id.clone());
    let named = Selection::named(banks.collect()).ok()?;
    if shop.options.contains(&OptionName::from(&named)) {
        return Some(named);
    }
    match shop.options.first()? {
        OptionName::MethodThenBank => Some(Selection::MethodThenBank),
        OptionName::BanksAmongMethods => Some(Selection::BanksAmongMethods),
        OptionName::BanksInGroup => Some(Selection::BanksInGroup),
        OptionName::AllBanks | OptionName::NamedBanks | OptionName::SingleBank => None,
    }
}
