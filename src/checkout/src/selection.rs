//! How the customer comes to a bank: the six ways of a Finnish payment page, provider-neutral.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{bank::BankId, error::Coded};

/// A way to choose a bank. Source: ecommpay's "Open Banking in Finland", options 1 to 6.
///
/// Each variant can only hold what it needs, so that no combination is illegal.
///
/// ```
/// use kassa_checkout::{BankId, Selection};
/// let two = vec![BankId::parse("nordea")?, BankId::parse("op")?];
/// assert_eq!(Selection::named(two)?.option(), 5);
/// assert_eq!(Selection::named(vec![BankId::parse("op")?])?.option(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum Selection {
    /// 1: a list of methods, then the banks of the chosen one.
    MethodThenBank,
    /// 2: the banks stand among the other methods.
    BanksAmongMethods,
    /// 3: the banks stand among the other methods of the Open Banking group.
    BanksInGroup,
    /// 4: all banks.
    #[default]
    AllBanks,
    /// 5: only these banks.
    NamedBanks(NamedBanks),
    /// 6: one bank, to be confirmed.
    SingleBank(BankId),
}

impl Selection {
    /// Only these banks; a single one makes it the confirmation of that bank.
    ///
    /// # Errors
    /// [`SelectionError`] when there is none or one stands there twice.
    pub fn named(mut banks: Vec<BankId>) -> Result<Self, SelectionError> {
        let repeated = banks
            .iter()
            .enumerate()
            .any(|(position, bank)| banks.iter().take(position).any(|before| before == bank));
        if repeated {
            return Err(SelectionError::Repeated);
        }
        match (banks.pop(), banks.is_empty()) {
            (None, _) => Err(SelectionError::Empty),
            (Some(only), true) => Ok(Self::SingleBank(only)),
            (Some(last), false) => {
                banks.push(last);
                Ok(Self::NamedBanks(NamedBanks(banks)))
            }
        }
    }

    /// The number that the source gives this way, 1 to 6.
    #[must_use]
    pub const fn option(&self) -> u8 {
        match self {
            Self::MethodThenBank => 1,
            Self::BanksAmongMethods => 2,
            Self::BanksInGroup => 3,
            Self::AllBanks => 4,
            Self::NamedBanks(_) => 5,
            Self::SingleBank(_) => 6,
        }
    }

    /// Whether this way lets the customer choose `bank`, given that the shop offers it.
    #[must_use]
    pub fn permits(&self, bank: &BankId) -> bool {
        self.named_banks().is_none_or(|named| named.contains(bank))
    }

    /// The banks that it names, in the order in which they are shown; `None` where it shows all
    /// that the shop offers.
    ///
    /// ```
    /// use kassa_checkout::{BankId, Selection};
    /// let only = BankId::parse("op")?;
    /// assert_eq!(Selection::SingleBank(only.clone()).named_banks(), Some(&[only][..]));
    /// assert_eq!(Selection::AllBanks.named_banks(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn named_banks(&self) -> Option<&[BankId]> {
        match self {
            Self::NamedBanks(named) => Some(named.as_slice()),
            Self::SingleBank(only) => Some(core::slice::from_ref(only)),
            _ => None,
        }
    }

    /// Whether other methods than banks are shown.
    #[must_use]
    pub const fn shows_methods(&self) -> bool {
        matches!(
            self,
            Self::MethodThenBank | Self::BanksAmongMethods | Self::BanksInGroup
        )
    }
}

/// Two or more different banks, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBanks(Vec<BankId>);

impl NamedBanks {
    /// The banks.
    #[must_use]
    pub const fn as_slice(&self) -> &[BankId] {
        self.0.as_slice()
    }
}

/// Why a selection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectionError {
    /// No bank is named where banks are needed.
    Empty,
    /// A bank is named twice.
    Repeated,
    /// Banks are named for a way that takes none.
    Unexpected,
    /// One bank is needed and another number was named.
    NotOne,
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "selection.banks is empty: expected at least one bank",
            Self::Repeated => "selection.banks names a bank twice",
            Self::Unexpected => "selection.banks is not allowed with this option",
            Self::NotOne => "selection.banks must name exactly one bank for single_bank",
        })
    }
}

impl core::error::Error for SelectionError {}

impl Coded for SelectionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "selection/empty",
            Self::Repeated => "selection/repeated",
            Self::Unexpected => "selection/unexpected-banks",
            Self::NotOne => "selection/not-one",
        }
    }

    fn field(&self) -> Option<&'static str> {
        Some("selection.banks")
    }
}

/// The selection as JSON: `{"option": "named_banks", "banks": ["nordea", "op"]}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Wire {
    option: OptionName,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    banks: Vec<BankId>,
}

/// The names of the six ways on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OptionName {
    /// Option 1.
    MethodThenBank,
    /// Option 2.
    BanksAmongMethods,
    /// Option 3.
    BanksInGroup,
    /// Option 4.
    AllBanks,
    /// Option 5.
    NamedBanks,
    /// Option 6.
    SingleBank,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Selection {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        Wire::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Selection {
    fn schemas(
        schemas: &mut Vec<(
            String,
            utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>,
        )>,
    ) {
        Wire::schemas(schemas);
    }
}

impl From<&Selection> for OptionName {
    fn from(selection: &Selection) -> Self {
        match selection {
            Selection::MethodThenBank => Self::MethodThenBank,
            Selection::BanksAmongMethods => Self::BanksAmongMethods,
            Selection::BanksInGroup => Self::BanksInGroup,
            Selection::AllBanks => Self::AllBanks,
            Selection::NamedBanks(_) => Self::NamedBanks,
            Selection::SingleBank(_) => Self::SingleBank,
        }
    }
}

impl From<Selection> for Wire {
    fn from(selection: Selection) -> Self {
        Self {
            option: OptionName::from(&selection),
            banks: match selection {
                Selection::NamedBanks(NamedBanks(banks)) => banks,
                Selection::SingleBank(bank) => vec![bank],
                _ => Vec::new(),
            },
        }
    }
}

impl TryFrom<Wire> for Selection {
    type Error = SelectionError;

    fn try_from(wire: Wire) -> Result<Self, SelectionError> {
        let plain = match wire.option {
            OptionName::NamedBanks => return Self::named(wire.banks),
            OptionName::SingleBank => {
                return match Self::named(wire.banks)? {
                    Self::SingleBank(bank) => Ok(Self::SingleBank(bank)),
                    _ => Err(SelectionError::NotOne),
                };
            }
            OptionName::MethodThenBank => Self::MethodThenBank,
            OptionName::BanksAmongMethods => Self::BanksAmongMethods,
            OptionName::BanksInGroup => Self::BanksInGroup,
            OptionName::AllBanks => Self::AllBanks,
        };
        if wire.banks.is_empty() {
            Ok(plain)
        } else {
            Err(SelectionError::Unexpected)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    #[test]
    fn illegal_combinations_cannot_be_read() {
        for wrong in [
            r#"{"option":"named_banks"}"#,
            r#"{"option":"named_banks","banks":["op","op"]}"#,
            r#"{"option":"single_bank","banks":["op","nordea"]}"#,
            r#"{"option":"all_banks","banks":["op"]}"#,
            r#"{"option":"named_banks","banks":["OP"]}"#,
            r#"{"option":"all_banks","bank":"op"}"#,
        ] {
            assert!(serde_json::from_str::<Selection>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_wire_form_is_read_back() {
        for text in [
            r#"{"option":"method_then_bank"}"#,
            r#"{"option":"named_banks","banks":["op","nordea"]}"#,
            r#"{"option":"single_bank","banks":["s-pankki"]}"#,
        ] {
            let selection: Selection = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&selection).unwrap(), text);
        }
    }
}
