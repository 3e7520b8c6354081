//! Calls of old software: whose they are, and what of them can be had.

use std::sync::Arc;

use kassa_checkout::{
    Bank, BankId, Coded, Selection, Timestamp,
    message::{ContentError, Purpose},
    provider::BuildError,
    selection::OptionName,
};
use kassa_providers::vetuma::{
    CheckCall, Field, Kind, Message, Method, MethodClass, PayCall, ReturnAddress,
};
use serde_json::Value;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrongCall {
    /// It cannot be read.
    Content(ContentError),
    /// No secret of ours made its MAC. Why is nobody's business; whose secret it names is the
    /// operator's.
    Signature(Option<String>),
}

impl WrongCall {
    /// A word for it, for figures.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Content(_) => "content",
            Self::Signature(_) => "signature",
        }
    }
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
    let mut named = None;
    for shop in shops.values() {
        let Some(bridge) = &shop.vetuma else {
            continue;
        };
        for secret in bridge.secrets.find(&rcvid, Purpose::Payment, now) {
            named = Some(shop.id.clone());
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
    Err(WrongCall::Signature(named))
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
    /// A word for it, for figures.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Field(_) => "field",
            Self::Address(_) => "address",
            Self::Configuration => "configuration",
            Self::Time => "time",
            Self::Nothing => "nothing",
            Self::Used(_) => "used",
            Self::Provider(_) => "provider",
        }
    }

    /// Why, for the log, and the field.
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

    /// What is written down of it.
    pub(crate) fn trace(&self) -> Value {
        super::trace(|name| {
            let mut fields = self.message.fields();
            let found = fields.find(|(field, _)| field.name() == name);
            found.map(|(_, value)| value)
        })
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
    /// Which of them, where the call does not list all.
    pub(crate) only: Option<Vec<BankId>>,
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
    let offer = offer(call.shop, call.bridge, &read.offered()).ok_or(FaultyCall::Nothing)?;
    Ok((read, offer))
}

/// What a shop offers of some methods; none when that is nothing.
fn offer(shop: &Shop, bridge: &Bridge, methods: &[&Method]) -> Option<Offer> {
    let asks = |class| methods.iter().any(|method| method.class() == class);
    let only = only(shop, bridge, methods);
    let banks = match &only {
        Some(only) => !only.is_empty(),
        None => !shop.all_banks().is_empty(),
    };
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
            only,
            methods,
        });
    }
    methods.clear();
    let selection = banks_only(shop)?;
    banks.then_some(Offer {
        selection,
        banks,
        only,
        methods,
    })
}

/// The banks that a call lists one by one, of those that the shop has; none where it lists them all.
fn only(shop: &Shop, bridge: &Bridge, methods: &[&Method]) -> Option<Vec<BankId>> {
    if methods.contains(&&Method::banks()) {
        return None;
    }
    let named = |bank: &&Bank| {
        let mut codes = bridge.banks.iter().filter(|(_, named)| **named == bank.id);
        codes.any(|(code, _)| methods.iter().any(|method| method.as_str() == code))
    };
    let banks = shop.all_banks().iter().filter(named);
    Some(banks.map(|bank| bank.id.clone()).collect())
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

#[cfg(test)]
mod tests {
    use kassa_checkout::{BankId, bank::Names, contract, selection::OptionName};
    use kassa_keys::SharedSecrets;
    use kassa_providers::vetuma::{Method, Profile};
    use proptest::{prelude::*, sample::subsequence};

    use super::{Bridge, Offer, offer};
    use crate::{shop::Shop, vetuma::ReturnUrls};

    const OPTIONS: [OptionName; 6] = [
        OptionName::AllBanks,
        OptionName::NamedBanks,
        OptionName::SingleBank,
        OptionName::MethodThenBank,
        OptionName::BanksAmongMethods,
        OptionName::BanksInGroup,
    ];

    fn shop(options: Vec<OptionName>, methods: &[&str], banks: Option<&[&str]>) -> Shop {
        let method = |code: &&str| contract::Method {
            code: (*code).to_owned(),
            names: Names::same(code),
        };
        Shop {
            options,
            banks: banks.map(|ids| ids.iter().map(|id| BankId::parse(id).unwrap()).collect()),
            methods: methods.iter().map(method).collect(),
            vetuma: Some(Bridge {
                secrets: SharedSecrets::default(),
                configurations: Vec::new(),
                return_urls: ReturnUrls::Loopback,
                profile: Profile::V3,
                banks: [("P2", "nordea"), ("P3", "danske"), ("P5", "op")]
                    .map(|(code, bank)| (code.to_owned(), BankId::parse(bank).unwrap()))
                    .into(),
            }),
            ..Shop::paid_at(&["ecommpay"])
        }
    }

    /// What a call that lists these codes is offered: the banks, and the other methods.
    fn offered(shop: &Shop, codes: &[&str]) -> (Vec<BankId>, Vec<String>, Option<Offer>) {
        let methods: Vec<_> = codes
            .iter()
            .map(|code| Method::parse(code).unwrap())
            .collect();
        let bridge = shop.vetuma.as_ref().unwrap();
        let offer = offer(shop, bridge, &methods.iter().collect::<Vec<_>>());
        let Some(made) = &offer else {
            return (Vec::new(), Vec::new(), None);
        };
        let banks = if made.banks {
            let banks = shop.banks_for(&made.selection).into_iter();
            let banks = banks.map(|bank| bank.id.clone());
            let listed = |bank: &BankId| made.only.as_ref().is_none_or(|only| only.contains(bank));
            banks.filter(listed).collect()
        } else {
            Vec::new()
        };
        (banks, made.methods.clone(), offer)
    }

    fn some<T: Clone + std::fmt::Debug + 'static>(
        all: &'static [T],
    ) -> impl Strategy<Value = Vec<T>> {
        subsequence(all, 0..=all.len())
    }

    proptest! {
        /// Nothing is offered that the shop does not have, or that the call does not list; and a
        /// call that lists less is never offered more.
        #[test]
        fn a_call_and_its_shop_narrow_what_is_offered_and_never_widen_it(
            options in some(&OPTIONS),
            methods in some(&["card", "mobilepay", "other"]),
            banks in proptest::option::of(some(&["op", "nordea", "s-pankki"])),
            codes in some(&["P", "P2", "P3", "P5", "P8", "L", "L2", "6", "X9"]),
            left_out in 0..9_usize,
        ) {
            let shop = shop(options, &methods, banks.as_deref());
            let (all_banks, all_methods, made) = offered(&shop, &codes);
            let lists = |class: char| codes.iter().any(|code| code.starts_with(class));
            prop_assert!(all_banks.is_empty() || lists('P'));
            prop_assert!(all_methods.is_empty() || lists('L'));
            let permitted: Vec<_> = shop.all_banks().iter().map(|bank| &bank.id).collect();
            prop_assert!(all_banks.iter().all(|bank| permitted.contains(&bank)));
            prop_assert!(all_methods.iter().all(|code| code == "card" && methods.contains(&"card")));
            // One by one, a bank is offered where its code is listed, and that means it to the shop.
            let code_of = |bank: &BankId| match bank.as_str() {
                "nordea" => "P2",
                "op" => "P5",
                _ => "P3",
            };
            let listed = |bank: &BankId| codes.contains(&"P") || codes.contains(&code_of(bank));
            prop_assert!(all_banks.iter().all(listed), "{codes:?} {all_banks:?}");
            if let Some(made) = made {
                prop_assert!(shop.options.contains(&OptionName::from(&made.selection)));
                prop_assert!(made.banks || !made.methods.is_empty());
            }
            let mut fewer = codes.clone();
            if left_out < fewer.len() {
                fewer.remove(left_out);
            }
            let (some_banks, some_methods, _) = offered(&shop, &fewer);
            prop_assert!(some_banks.iter().all(|bank| all_banks.contains(bank)));
            prop_assert!(some_methods.iter().all(|code| all_methods.contains(code)));
        }
    }
}
