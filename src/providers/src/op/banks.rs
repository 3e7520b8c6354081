//! OP itself and the other banks behind its multibank service.
//!
//! OP is not in its own list, so it stands first here. What the list holds besides `bankId` is
//! not public: names and marks come from Kassa's own table where the account's settings say which
//! bank an identifier is, else the identifier itself is shown.

use kassa_checkout::{
    BankId, Names,
    bank::{Bank, Unavailable},
    message::ContentError,
};
use serde_json::{Map, Value};

use super::{account::Account, front::Flow, message::BankProviders};
use crate::ecommpay::banks::TABLE;

/// Kassa's name of OP.
pub(super) const OP: &str = "op";

/// The longest identifier that can be told in a bank's name: a prefix and two digits a byte.
const LONGEST_ENCODED: usize = 19;

/// What begins the name of a bank whose identifier cannot stand as it is.
const ENCODED: &str = "x-";

/// The most banks that a list may hold. OP names no limit; this one is ours.
const MOST_BANKS: usize = 200;

/// A bank by Kassa's name and OP's identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) bank: BankId,
    pub(super) id: String,
}

/// The banks that are known without asking: OP, and those that the settings name.
pub(super) fn known(account: &Account) -> Vec<Bank> {
    let named = account.banks.iter();
    let others = named.map(|named| bank(named.bank.clone(), named.bank.as_str()));
    itself().into_iter().chain(others).collect()
}

/// The banks of OP's answer, after OP itself.
pub(super) fn listed(account: &Account, list: &BankProviders) -> Result<Vec<Bank>, ContentError> {
    if list.providers.len() > MOST_BANKS {
        return Err(ContentError::TooLarge);
    }
    let mut banks: Vec<Bank> = itself().into_iter().collect();
    for item in &list.providers {
        let id = item.get("bankId").and_then(Value::as_str);
        let id = id.ok_or(ContentError::Field("providers.bankId"))?;
        let name = name_of(account, id).ok_or(ContentError::Field("providers.bankId"))?;
        if banks.iter().any(|bank| bank.id == name) {
            return Err(ContentError::Field("providers.bankId"));
        }
        let mut bank = bank(name, id);
        bank.unavailable = unavailable(account, item);
        banks.push(bank);
    }
    Ok(banks)
}

/// Which flow a bank has: OP's own, or another bank's; `None` for a bank that is not on offer.
pub(super) fn flow(account: &Account, bank: &BankId) -> Option<Flow> {
    if bank.as_str() == OP {
        return Some(Flow::Op);
    }
    if !account.multibank {
        return None;
    }
    let named = account.banks.iter().find(|named| named.bank == *bank);
    let id = named.map_or_else(|| decode(bank.as_str()), |named| Some(named.id.clone()))?;
    Some(Flow::Bank(id))
}

/// Whether a text can be OP's identifier of a bank: what cannot stand in a bank's name of ours is
/// let through only where the settings name it.
pub(super) fn is_provider_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Kassa's name of a bank that OP lists.
fn name_of(account: &Account, id: &str) -> Option<BankId> {
    let named = account.banks.iter().find(|named| named.id == id);
    match named {
        Some(named) => Some(named.bank.clone()),
        None => encode(id),
    }
}

/// An identifier as a bank's name: as it is, or its bytes in hexadecimal after `x-`, so that the
/// customer's choice leads back to it without a table.
fn encode(id: &str) -> Option<BankId> {
    let plain = id != OP && !id.starts_with(ENCODED);
    if let (true, Ok(name)) = (plain, BankId::parse(id)) {
        return Some(name);
    }
    if !is_provider_id(id) || id.len() > LONGEST_ENCODED {
        return None;
    }
    let digits: String = id.bytes().map(|byte| format!("{byte:02x}")).collect();
    BankId::parse(&format!("{ENCODED}{digits}")).ok()
}

fn decode(name: &str) -> Option<String> {
    let Some(digits) = name.strip_prefix(ENCODED) else {
        return Some(name.to_owned());
    };
    let id = String::from_utf8(super::signing::decode(digits)?).ok()?;
    // Two names for one bank would make a choice of one another choice.
    let same = encode(&id).is_some_and(|encoded| encoded.as_str() == name);
    same.then_some(id)
}

/// What the item's status says, where the settings tell which words mean that a bank can be used.
fn unavailable(account: &Account, item: &Map<String, Value>) -> Option<Unavailable> {
    if account.bank_available_words.is_empty() {
        return None;
    }
    let status = item.get(&account.bank_status_field).and_then(Value::as_str);
    let usable = status.is_some_and(|word| {
        let mut words = account.bank_available_words.iter();
        words.any(|known| known == word)
    });
    (!usable).then_some(Unavailable::Disrupted)
}

fn itself() -> Option<Bank> {
    Some(bank(BankId::parse(OP).ok()?, OP))
}

/// A bank as it is shown.
fn bank(name: BankId, id: &str) -> Bank {
    let row = TABLE.iter().find(|row| row.slug == name.as_str());
    match row.and_then(|row| row.to_bank()) {
        Some(bank) => bank,
        None => Bank {
            id: name,
            names: Names::same(id),
            mark: id.chars().take(2).collect(),
            hue: 220,
            aliases: Vec::new(),
            bic: None,
            unavailable: None,
            logo: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{BankId, bank::Unavailable, message::ContentError};
    use proptest::prelude::*;
    use serde_json::json;

    use super::{
        super::account::{Account, tests::settings},
        BankProviders, Flow, flow, known, listed,
    };

    fn account(changes: &[(&str, Option<&str>)]) -> Account {
        Account::new(&settings(changes)).unwrap()
    }

    fn list(items: serde_json::Value) -> BankProviders {
        serde_json::from_value(json!({ "providers": items })).unwrap()
    }

    #[test]
    fn op_stands_first_and_names_come_from_our_table() {
        let names = |banks: Vec<super::Bank>| {
            let names = banks
                .into_iter()
                .map(|bank| (bank.id.to_string(), bank.names.fi));
            names.collect::<Vec<_>>()
        };
        let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        assert_eq!(
            names(known(&account(&[]))),
            [
                pair("op", "OP"),
                pair("nordea", "Nordea"),
                pair("aktia", "Aktia")
            ]
        );
        let came = listed(
            &account(&[]),
            &list(json!([
                {"bankId": "NDEAFIHH", "status": "AVAILABLE"},
                {"bankId": "new-bank", "status": "AVAILABLE"},
                {"bankId": "Odd/Bank", "status": "AVAILABLE"},
            ])),
        );
        assert_eq!(
            names(came.unwrap()),
            [
                pair("op", "OP"),
                pair("nordea", "Nordea"),
                pair("new-bank", "new-bank"),
                pair("x-4f64642f42616e6b", "Odd/Bank"),
            ]
        );
    }

    #[test]
    fn a_bank_that_is_not_said_to_be_available_is_shown_as_such() {
        let items = json!([
            {"bankId": "a", "status": "AVAILABLE"},
            {"bankId": "b", "status": "CLOSED"},
            {"bankId": "c"},
        ]);
        let of = |account: &Account| {
            let banks = listed(account, &list(items.clone())).unwrap();
            banks
                .into_iter()
                .map(|bank| bank.unavailable)
                .collect::<Vec<_>>()
        };
        let disrupted = Some(Unavailable::Disrupted);
        assert_eq!(
            of(&account(&[])),
            [None, None, disrupted.clone(), disrupted]
        );
        // Nobody said which words there are, so none means anything.
        assert_eq!(
            of(&account(&[("bank_available_words", None)])),
            [None, None, None, None]
        );
    }

    #[test]
    fn a_list_that_cannot_be_right_is_not_taken() {
        let wrong = Err(ContentError::Field("providers.bankId"));
        for items in [
            json!([{"id": "a"}]),
            json!([{"bankId": 7}]),
            json!([{"bankId": ""}]),
            json!([{"bankId": "a"}, {"bankId": "a"}]),
            json!([{"bankId": "A".repeat(20)}]),
        ] {
            assert_eq!(listed(&account(&[]), &list(items)), wrong);
        }
        let many: Vec<_> = (0..201)
            .map(|n| json!({"bankId": format!("b{n}")}))
            .collect();
        assert_eq!(
            listed(&account(&[]), &list(json!(many))),
            Err(ContentError::TooLarge)
        );
    }

    #[test]
    fn other_banks_need_the_service() {
        let one = account(&[("multibank", None), ("banks", None)]);
        let bank = |name: &str| BankId::parse(name).unwrap();
        assert_eq!(flow(&one, &bank("op")), Some(Flow::Op));
        assert_eq!(flow(&one, &bank("nordea")), None);
        let all = account(&[]);
        assert_eq!(
            flow(&all, &bank("nordea")),
            Some(Flow::Bank("NDEAFIHH".into()))
        );
        assert_eq!(
            flow(&all, &bank("new-bank")),
            Some(Flow::Bank("new-bank".into()))
        );
        assert_eq!(flow(&all, &bank("x-6")), None);
        assert_eq!(
            flow(&all, &bank("x-6e6577")),
            None,
            "a plain name in disguise"
        );
    }

    proptest! {
        #[test]
        fn a_listed_bank_is_found_again(id in "[!-~]{1,19}|[a-z0-9-]{1,40}") {
            let account = account(&[("banks", None)]);
            if let Ok(banks) = listed(&account, &list(json!([{"bankId": id}]))) {
                prop_assert_eq!(flow(&account, &banks[1].id), Some(Flow::Bank(id)));
            }
        }
    }
}
