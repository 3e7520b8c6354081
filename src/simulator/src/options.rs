//! The six ways to choose a method and a bank, from `force_payment_method`, `force_payment_group` and `payment_methods_options` (ecommpay, "Open Banking in Finland", options 1 to 6).

use crate::bank;
use crate::json::Node;
use crate::params::Problem;

/// The method's name in `force_payment_method`.
pub const METHOD: &str = "online-finnish-banks";
/// The method's name inside `payment_methods_options`.
const METHOD_KEY: &str = "online_finnish_banks";
/// The group's name in `force_payment_group`.
pub const GROUP: &str = "openbanking";

/// Methods beside Finnish banks whose code is understood; none of them can be paid with here.
pub const OTHER_METHODS: &[&str] = &["card", "apple_pay", "google_pay", "mobilepay"];

/// How the customer chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Option 1: the method, then the bank, on two pages; with a forced group only that group's methods.
    MethodThenBank {
        /// Whether the group was forced.
        group_only: bool,
    },
    /// Option 2: banks as buttons beside all other methods.
    BanksAmongMethods,
    /// Option 3: banks beside the other methods of the group.
    BanksInGroup,
    /// Option 4: all banks of the method.
    AllBanks,
    /// Option 5: chosen banks.
    ChosenBanks(Vec<u32>),
    /// Option 6: confirm the redirect to one bank.
    OneBank(u32),
    /// No choice of a bank at all: another method was forced, one of [`OTHER_METHODS`].
    OtherMethod(&'static str),
}

impl Choice {
    /// The option's number in ecommpay's documentation, 1 to 6; 0 where no bank is chosen.
    #[must_use]
    pub fn number(&self) -> u8 {
        match self {
            Self::MethodThenBank { .. } => 1,
            Self::BanksAmongMethods => 2,
            Self::BanksInGroup => 3,
            Self::AllBanks => 4,
            Self::ChosenBanks(_) => 5,
            Self::OneBank(_) => 6,
            Self::OtherMethod(_) => 0,
        }
    }

    /// Ids of the banks that may be chosen, in the order in which they are shown.
    #[must_use]
    pub fn banks(&self) -> Vec<u32> {
        match self {
            Self::ChosenBanks(ids) => ids.clone(),
            Self::OneBank(id) => vec![*id],
            Self::OtherMethod(_) => Vec::new(),
            _ => bank::BANKS.iter().map(|bank| bank.id).collect(),
        }
    }
}

/// Reads the choice from its three parameters; adds what is wrong to `problems`.
pub fn read(
    method: Option<&str>,
    group: Option<&str>,
    options: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Option<Choice> {
    let before = problems.len();
    let split = options.map(|text| split_banks(text, problems));
    let other = OTHER_METHODS
        .iter()
        .find(|known| method == Some(**known) && group.is_none() && options.is_none());
    if let Some(other) = other {
        return Some(Choice::OtherMethod(other));
    }
    if let Some(method) = method.filter(|method| *method != METHOD) {
        problems.push(Problem::coded(
            2541,
            "force_payment_method",
            format!("is {method:?}; this simulator knows only {METHOD:?}"),
        ));
    }
    if let Some(group) = group.filter(|group| *group != GROUP) {
        problems.push(Problem::new(
            "force_payment_group",
            format!("is {group:?}; this simulator knows only {GROUP:?}"),
        ));
    }
    if method.is_some() && group.is_some() {
        problems.push(Problem::new(
            "force_payment_group",
            "is ignored when force_payment_method is present: send only one of them",
        ));
    }
    if problems.len() > before {
        return None;
    }
    match (method.is_some(), group.is_some(), split.flatten()) {
        (false, group_only, None) => Some(Choice::MethodThenBank { group_only }),
        (false, false, Some(ids)) if ids.is_empty() => Some(Choice::BanksAmongMethods),
        (false, true, Some(ids)) if ids.is_empty() => Some(Choice::BanksInGroup),
        (true, _, None) => Some(Choice::AllBanks),
        (true, _, Some(ids)) => match ids.as_slice() {
            [] => {
                problems.push(Problem::new("payment_methods_options", "has split_banks without banks_id beside force_payment_method; that is none of the documented options"));
                None
            }
            [id] => Some(Choice::OneBank(*id)),
            _ => Some(Choice::ChosenBanks(ids)),
        },
        (false, _, Some(_)) => {
            problems.push(Problem::new(
                "payment_methods_options",
                format!("has banks_id, which needs force_payment_method={METHOD}"),
            ));
            None
        }
    }
}

/// The banks named in `{"online_finnish_banks":{"split_banks":true,"banks_id":[…]}}`; empty when none are.
fn split_banks(text: &str, problems: &mut Vec<Problem>) -> Option<Vec<u32>> {
    let mut wrong = |what: String| problems.push(Problem::new("payment_methods_options", what));
    let node = match Node::parse(text) {
        Ok(node) => node,
        Err(error) => {
            wrong(format!(
                "{error}; expected a string that holds a JSON object"
            ));
            return None;
        }
    };
    let Some(method) =
        only_members(&node, "", &[METHOD_KEY], &mut wrong).and_then(|()| node.get(METHOD_KEY))
    else {
        wrong(format!("has no member {METHOD_KEY:?} (underscores)"));
        return None;
    };
    only_members(method, METHOD_KEY, &["split_banks", "banks_id"], &mut wrong)?;
    if method.get("split_banks") != Some(&Node::Bool(true)) {
        wrong("needs split_banks with the value true".to_owned());
    }
    match method.get("banks_id") {
        None => Some(Vec::new()),
        Some(Node::List(items)) if !items.is_empty() => bank_ids(items, problems),
        Some(_) => {
            wrong("has banks_id that is not a list of one or more bank ids".to_owned());
            None
        }
    }
}

fn only_members(
    node: &Node,
    place: &str,
    allowed: &[&str],
    wrong: &mut impl FnMut(String),
) -> Option<()> {
    let Node::Object(members) = node else {
        wrong(format!(
            "is not an object{}{place}",
            if place.is_empty() { "" } else { " at " }
        ));
        return None;
    };
    for (at, (name, _)) in members.iter().enumerate() {
        if !allowed.contains(&name.as_str()) {
            wrong(format!("has the unknown member {name:?}"));
        }
        if members.iter().take(at).any(|(earlier, _)| earlier == name) {
            wrong(format!("has the member {name:?} twice"));
        }
    }
    Some(())
}

fn bank_ids(items: &[Node], problems: &mut Vec<Problem>) -> Option<Vec<u32>> {
    let before = problems.len();
    let mut ids = Vec::new();
    for item in items {
        let id = match item {
            Node::Number(text) => text.parse::<u32>().ok(),
            _ => None,
        };
        match id {
            None => problems.push(Problem::new(
                "payment_methods_options",
                "has a bank id that is not a positive integer",
            )),
            Some(id) if bank::by_id(id).is_none() => problems.push(Problem::coded(
                2801,
                "payment_methods_options",
                format!("names bank {id}, which is not in the list of banks"),
            )),
            Some(id) if ids.contains(&id) => problems.push(Problem::new(
                "payment_methods_options",
                format!("names bank {id} twice"),
            )),
            Some(id) => ids.push(id),
        }
    }
    (problems.len() == before).then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(
        method: Option<&str>,
        group: Option<&str>,
        options: Option<&str>,
    ) -> Result<Choice, Vec<Problem>> {
        let mut problems = Vec::new();
        read(method, group, options, &mut problems)
            .filter(|_| problems.is_empty())
            .ok_or(problems)
    }

    #[test]
    fn reads_the_six_options() {
        let split = r#"{"online_finnish_banks": {"split_banks": true}}"#;
        let two = r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [4991, 4981]}}"#;
        let one = r#"{"online_finnish_banks":{"split_banks":true,"banks_id":[4981]}}"#;
        assert_eq!(
            choice(None, None, None),
            Ok(Choice::MethodThenBank { group_only: false })
        );
        assert_eq!(
            choice(None, None, Some(split)),
            Ok(Choice::BanksAmongMethods)
        );
        assert_eq!(
            choice(None, Some(GROUP), Some(split)),
            Ok(Choice::BanksInGroup)
        );
        assert_eq!(choice(Some(METHOD), None, None), Ok(Choice::AllBanks));
        assert_eq!(
            choice(Some(METHOD), None, Some(two)),
            Ok(Choice::ChosenBanks(vec![4991, 4981]))
        );
        assert_eq!(
            choice(Some(METHOD), None, Some(one)),
            Ok(Choice::OneBank(4981))
        );
        assert_eq!(
            choice(None, Some(GROUP), None),
            Ok(Choice::MethodThenBank { group_only: true })
        );
    }

    #[test]
    fn another_method_is_known_but_alone() {
        assert_eq!(
            choice(Some("card"), None, None),
            Ok(Choice::OtherMethod("card"))
        );
        let beside_banks = r#"{"online_finnish_banks":{"split_banks":true}}"#;
        let problems = choice(Some("card"), None, Some(beside_banks)).unwrap_err();
        assert_eq!(problems[0].field, "force_payment_method");
    }

    #[test]
    fn refuses_what_is_not_documented() {
        let cases = [
            (Some(METHOD), Some(GROUP), None, "force_payment_group"),
            (
                Some("online_finnish_banks"),
                None,
                None,
                "force_payment_method",
            ),
            (None, Some("cards"), None, "force_payment_group"),
            (None, None, Some("true"), "payment_methods_options"),
            (None, None, Some("{}"), "payment_methods_options"),
            (
                None,
                None,
                Some(r#"{"online-finnish-banks":{"split_banks":true}}"#),
                "payment_methods_options",
            ),
            (
                None,
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":"true"}}"#),
                "payment_methods_options",
            ),
            (
                None,
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true,"split_banks":true}}"#),
                "payment_methods_options",
            ),
            (
                None,
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true,"bank_id":4991}}"#),
                "payment_methods_options",
            ),
            (
                None,
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true,"banks_id":[4991]}}"#),
                "payment_methods_options",
            ),
            (
                Some(METHOD),
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true}}"#),
                "payment_methods_options",
            ),
            (
                Some(METHOD),
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true,"banks_id":[]}}"#),
                "payment_methods_options",
            ),
            (
                Some(METHOD),
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true,"banks_id":["4991"]}}"#),
                "payment_methods_options",
            ),
            (
                Some(METHOD),
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true,"banks_id":[4991,4991]}}"#),
                "payment_methods_options",
            ),
            (
                Some(METHOD),
                None,
                Some(r#"{"online_finnish_banks":{"split_banks":true,"banks_id":[22731]}}"#),
                "payment_methods_options",
            ),
            (
                Some(METHOD),
                None,
                Some(r#"{"online_finnish_banks":{"banks_id":[4991]}}"#),
                "payment_methods_options",
            ),
        ];
        for (method, group, options, field) in cases {
            let problems = choice(method, group, options).unwrap_err();
            assert!(
                problems.iter().all(|problem| problem.field == field),
                "{options:?}: {problems:?}"
            );
        }
    }
}
