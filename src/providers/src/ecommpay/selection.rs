//! ecommpay's six ways to come to a bank, as Payment Page parameters.
//!
//! Source: "Open Banking in Finland", request format, options 1 to 6. The spaced form of
//! `payment_methods_options` is the documented one; the signature covers its very bytes.

use core::num::NonZeroU32;

use kassa_checkout::selection::SelectionError;

use super::json::Json;

/// The method's code where it stands alone.
pub const METHOD: &str = "online-finnish-banks";

/// The method's name inside `payment_methods_options`.
pub const METHOD_KEY: &str = "online_finnish_banks";

/// The code of the Open Banking group.
pub const GROUP: &str = "openbanking";

/// A bank's number at ecommpay; never zero.
pub type BankNumber = NonZeroU32;

/// How the customer comes to a bank on the Payment Page; no variant can hold what its option
/// does not take.
///
/// ```
/// use kassa_providers::ecommpay::selection::{BankNumber, BankSelection};
/// let banks = [4981, 4991].into_iter().filter_map(BankNumber::new).collect();
/// let selection = BankSelection::named(banks)?;
/// assert_eq!(
///     selection.parameters(),
///     [
///         ("force_payment_method", "online-finnish-banks".to_owned()),
///         (
///             "payment_methods_options",
///             r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [4981, 4991]}}"#.to_owned(),
///         ),
///     ]
/// );
/// # Ok::<(), kassa_checkout::selection::SelectionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankSelection {
    /// 1: a page to choose the method, then one to choose the bank.
    MethodThenBank,
    /// 2: banks as buttons beside the other methods.
    BanksAmongMethods,
    /// 3: banks as buttons beside the other methods of the Open Banking group.
    BanksInGroup,
    /// 4: all banks.
    AllBanks,
    /// 5: these banks only.
    Banks(SeveralBanks),
    /// 6: one bank, to be confirmed.
    Bank(BankNumber),
}

/// Two or more different banks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeveralBanks(Vec<BankNumber>);

impl SeveralBanks {
    /// The banks, in the order in which they are shown.
    #[must_use]
    pub fn as_slice(&self) -> &[BankNumber] {
        &self.0
    }
}

impl BankSelection {
    /// Option 5, or option 6 when it is one bank.
    ///
    /// # Errors
    /// [`SelectionError`] when there is none or one stands there twice.
    pub fn named(banks: Vec<BankNumber>) -> Result<Self, SelectionError> {
        if repeats(&banks) {
            return Err(SelectionError::Repeated);
        }
        match banks.as_slice() {
            [] => Err(SelectionError::Empty),
            [only] => Ok(Self::Bank(*only)),
            _ => Ok(Self::Banks(SeveralBanks(banks))),
        }
    }

    /// The Payment Page parameters, in the order of their names.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let force = ("force_payment_method", METHOD.to_owned());
        let options = |banks: &[BankNumber]| ("payment_methods_options", options_text(banks));
        match self {
            Self::MethodThenBank => vec![],
            Self::BanksAmongMethods => vec![options(&[])],
            Self::BanksInGroup => vec![("force_payment_group", GROUP.to_owned()), options(&[])],
            Self::AllBanks => vec![force],
            Self::Banks(banks) => vec![force, options(&banks.0)],
            Self::Bank(bank) => vec![force, options(&[*bank])],
        }
    }
}

fn repeats(banks: &[BankNumber]) -> bool {
    let mut sorted = banks.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair.first() == pair.last())
}

fn options_text(banks: &[BankNumber]) -> String {
    let named = if banks.is_empty() {
        String::new()
    } else {
        let numbers: Vec<_> = banks.iter().map(ToString::to_string).collect();
        format!(r#", "banks_id": [{}]"#, numbers.join(", "))
    };
    format!(r#"{{"{METHOD_KEY}": {{"split_banks": true{named}}}}}"#)
}

/// What a ready-made `payment_methods_options` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// The banks that it names; none when it only splits them.
    pub(super) banks: Vec<BankNumber>,
}

impl Options {
    pub(super) const EXPECTED: &str = r#"{"online_finnish_banks": {"split_banks": true}} or the same with "banks_id": a list of different bank numbers"#;

    /// Reads the parameter's text; `None` when it is not one of the documented forms.
    pub(super) fn read(text: &str) -> Option<Self> {
        let json = Json::read(text.as_bytes()).ok()?;
        let [(method, options)] = json.entries() else {
            return None;
        };
        let known = options
            .entries()
            .iter()
            .all(|(key, _)| matches!(key.as_str(), "split_banks" | "banks_id"));
        if method != METHOD_KEY || !known || options.get("split_banks") != Some(&Json::Bool(true)) {
            return None;
        }
        let banks = match options.get("banks_id") {
            None => Vec::new(),
            Some(Json::List(items)) if !items.is_empty() => {
                items.iter().map(bank_number).collect::<Option<_>>()?
            }
            Some(_) => return None,
        };
        (!repeats(&banks)).then_some(Self { banks })
    }
}

fn bank_number(json: &Json) -> Option<BankNumber> {
    BankNumber::new(u32::try_from(json.as_u64()?).ok()?)
}

/// Whether parameters that steer the selection go together; else the one to blame and what was
/// expected of it.
pub(super) fn check_together(
    method: Option<&str>,
    group: Option<&str>,
    options: Option<&str>,
) -> Result<(), (&'static str, &'static str)> {
    if method.is_some() && group.is_some() {
        return Err((
            "force_payment_group",
            "nothing beside force_payment_method, which overrides it",
        ));
    }
    let Some(options) = options.and_then(Options::read) else {
        return Ok(());
    };
    let own = method == Some(METHOD);
    match (options.banks.is_empty(), method) {
        (false, _) if !own => Err((
            "force_payment_method",
            "online-finnish-banks, since payment_methods_options names banks",
        )),
        (true, Some(_)) => Err((
            "payment_methods_options",
            "banks_id beside force_payment_method, or neither of the two parameters",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::selection::SelectionError;

    use super::{BankNumber, BankSelection, Options, check_together};

    fn banks(numbers: &[u32]) -> Vec<BankNumber> {
        numbers
            .iter()
            .copied()
            .filter_map(BankNumber::new)
            .collect()
    }

    #[test]
    fn the_six_options_have_the_documented_parameters() {
        let split = r#"{"online_finnish_banks": {"split_banks": true}}"#.to_owned();
        let one = r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [4981]}}"#;
        let method = ("force_payment_method", "online-finnish-banks".to_owned());
        let options = |text: &str| ("payment_methods_options", text.to_owned());
        for (selection, expected) in [
            (BankSelection::MethodThenBank, vec![]),
            (BankSelection::BanksAmongMethods, vec![options(&split)]),
            (
                BankSelection::BanksInGroup,
                vec![
                    ("force_payment_group", "openbanking".to_owned()),
                    options(&split),
                ],
            ),
            (BankSelection::AllBanks, vec![method.clone()]),
            (
                BankSelection::named(banks(&[4981])).unwrap(),
                vec![method, options(one)],
            ),
        ] {
            assert_eq!(selection.parameters(), expected, "{selection:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for numbers in [&[4991][..], &[4981, 4991], &[5001, 55371, 4971]] {
            let selection = BankSelection::named(banks(numbers)).unwrap();
            let parameters = selection.parameters();
            let options = Options::read(&parameters[1].1).unwrap();
            assert_eq!(options.banks, banks(numbers));
        }
    }

    #[test]
    fn illegal_lists_are_refused() {
        assert_eq!(BankSelection::named(vec![]), Err(SelectionError::Empty));
        assert_eq!(
            BankSelection::named(banks(&[1, 2, 1])),
            Err(SelectionError::Repeated)
        );
        for text in [
            "",
            "{}",
            "[]",
            r#"{"online_finnish_banks": {}}"#,
            r#"{"online_finnish_banks": {"split_banks": false}}"#,
            r#"{"online_finnish_banks": {"split_banks": "true"}}"#,
            r#"{"online_finnish_banks": {"split_banks": 1}}"#,
            r#"{"online_finnish_banks": {"banks_id": [4991]}}"#,
            r#"{"online_finnish_banks": {"split_banks": true, "banks_id": []}}"#,
            r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [0]}}"#,
            r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [-1]}}"#,
            r#"{"online_finnish_banks": {"split_banks": true, "banks_id": ["4991"]}}"#,
            r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [4991, 4991]}}"#,
            r#"{"online_finnish_banks": {"split_banks": true, "banks_id": 4991}}"#,
            r#"{"online_finnish_banks": {"split_banks": true, "other": 1}}"#,
            r#"{"online-finnish-banks": {"split_banks": true}}"#,
            r#"{"online_finnish_banks": {"split_banks": true}, "x": {}}"#,
        ] {
            assert_eq!(Options::read(text), None, "{text}");
        }
    }

    #[test]
    fn parameters_that_do_not_go_together_name_the_one_to_blame() {
        let split = Some(r#"{"online_finnish_banks":{"split_banks":true}}"#);
        let named = Some(r#"{"online_finnish_banks":{"split_banks":true,"banks_id":[4991]}}"#);
        let own = Some("online-finnish-banks");
        let blamed = |method, group, options| {
            check_together(method, group, options).map_err(|(field, _)| field)
        };
        assert_eq!(blamed(None, None, None), Ok(()));
        assert_eq!(blamed(None, Some("openbanking"), split), Ok(()));
        assert_eq!(blamed(own, None, named), Ok(()));
        assert_eq!(blamed(Some("card"), None, None), Ok(()));
        assert_eq!(
            blamed(own, Some("openbanking"), named),
            Err("force_payment_group")
        );
        assert_eq!(blamed(None, None, named), Err("force_payment_method"));
        assert_eq!(
            blamed(Some("card"), None, named),
            Err("force_payment_method")
        );
        assert_eq!(blamed(own, None, split), Err("payment_methods_options"));
    }
}
