//! Checks a call as the service would, and says everything that is wrong at once.

use super::customer::{self, Customer, Profile, Purpose};
use super::field::{self, Function};
use super::latin1;
use super::mac::{Pair, base_string};
use super::method::Method;
use super::timestamp::{self, WINDOW_MS};
use crate::params::Problem;
use crate::texts::Lang;

/// The address to which a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `/VETUMALogin/app`
    Login,
    /// `/VETUMAPayment/`
    Payment,
    /// `/VETUMAPayment/Query`
    Query,
}

/// A call that passed all checks.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it asks for.
    pub function: Function,
    /// Who asks.
    pub customer: &'static Customer,
    /// All parameters but `MAC`, as they came.
    pub fields: Vec<Pair>,
    /// Its `MAC`.
    pub mac: String,
    /// The language of the pages.
    pub lang: Lang,
    /// Cents, where it is about money.
    pub cents: Option<u64>,
    /// What the customer may choose from.
    pub offered: Vec<Method>,
}

impl Call {
    /// A parameter's value; `None` when it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        get(&self.fields, name)
    }

    /// A parameter's value; nothing when it is absent.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

/// What is wrong with a call.
#[derive(Clone, Debug)]
pub struct Refused {
    /// All of it.
    pub problems: Vec<Problem>,
    /// What the MAC was computed over, without the secret.
    pub base_string: String,
    /// The call, where its MAC holds and its `ERRURL` is good: VETUMA then answers `ERROR` there.
    pub answerable: Option<Call>,
}

/// Reads and checks a call; `now_ms` is real time, as applications have it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(service: Service, body: &[u8], now_ms: i64) -> Result<Call, Box<Refused>> {
    let fields = latin1::decode_form(body).map_err(|message| {
        Box::new(Refused {
            problems: vec![Problem::new("the form", message)],
            base_string: String::new(),
            answerable: None,
        })
    })?;
    let mut problems = repeated(&fields);
    let (function, word) = function(service, &fields);
    problems.extend(word);
    problems.extend(presence(function, &fields));
    let customer = customer::by_rcvid(get(&fields, "RCVID").unwrap_or_default());
    let profile = customer.map_or(Profile::V3, |customer| customer.profile);
    problems.extend(forms(&fields, profile));
    let mac_holds = match customer {
        Some(customer) => {
            let wrong = wrong_mac(customer, &fields);
            problems.extend(wrong.clone());
            problems.extend(rights(customer, function, &fields));
            wrong.is_none()
        }
        None => {
            problems.push(Problem::new("RCVID", "is not the id of a shared secret"));
            false
        }
    };
    problems.extend(time(&fields, now_ms));
    let offered = offered(customer, function, &fields);
    if offered.is_empty() && function != Function::Check {
        problems.push(nothing_offered(&fields));
    }
    let call = customer.map(|customer| Call {
        function,
        customer,
        mac: get(&fields, "MAC").unwrap_or_default().to_owned(),
        lang: Lang::from_code(get(&fields, "LG").unwrap_or_default()),
        cents: get(&fields, "AM").and_then(field::cents),
        offered,
        fields: fields
            .iter()
            .filter(|(name, _)| name != "MAC")
            .cloned()
            .collect(),
    });
    match call {
        Some(call) if problems.is_empty() => Ok(call),
        call => Err(Box::new(Refused {
            answerable: call.filter(|call| mac_holds && is_answerable(call, &problems)),
            base_string: base_string(&fields),
            problems,
        })),
    }
}

fn get<'a>(fields: &'a [Pair], wanted: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.as_str())
}

fn repeated(fields: &[Pair]) -> Vec<Problem> {
    let again = fields
        .iter()
        .enumerate()
        .filter(|(at, (name, _))| fields.iter().take(*at).any(|(earlier, _)| earlier == name));
    again
        .map(|(_, (name, _))| Problem::new(name, "is there more than once"))
        .collect()
}

/// What the call asks for by its `TYPE` and `AU`; where they are wrong, what its address is mostly asked for.
fn function(service: Service, fields: &[Pair]) -> (Function, Option<Problem>) {
    let function = match service {
        Service::Login => Function::Identify,
        Service::Payment => Function::Pay,
        Service::Query => Function::Check,
    };
    let words = ["TYPE", "AU"].map(|name| get(fields, name).unwrap_or_default());
    if words == function.words() {
        return (function, None);
    }
    let problem = match words {
        ["LOGIN", "CONFIRM" | "SIGNATURE"] => Problem::new(
            "AU",
            format!(
                "is {}, whose parameters were never published: it cannot be played",
                words.join("/")
            ),
        ),
        [kind, asked] => {
            let [right_kind, right_asked] = function.words();
            let (name, got, right) = if kind == right_kind {
                ("AU", asked, right_asked)
            } else {
                ("TYPE", kind, right_kind)
            };
            Problem::new(
                name,
                format!("is {got:?}; expected {right} at this address"),
            )
        }
    };
    (function, Some(problem))
}

fn presence(function: Function, fields: &[Pair]) -> Vec<Problem> {
    let missing = function
        .all_required()
        .chain(["MAC"])
        .filter(|name| get(fields, name).is_none())
        .map(|name| Problem::new(name, "is missing"));
    let strange = fields
        .iter()
        .filter(|(name, _)| !function.has(name))
        .map(|(name, _)| Problem::new(name, "is no parameter of this call"));
    missing.chain(strange).collect()
}

fn forms(fields: &[Pair], profile: Profile) -> Vec<Problem> {
    fields
        .iter()
        .filter(|(name, _)| name != "MAC")
        .filter_map(|(name, value)| {
            let wrong = field::check(name, value, profile).err()?;
            Some(Problem::new(name, wrong))
        })
        .collect()
}

fn wrong_mac(customer: &Customer, fields: &[Pair]) -> Option<Problem> {
    let received = get(fields, "MAC")?;
    let wrong = customer.secret().check(fields, received).err()?;
    Some(Problem::new("MAC", wrong))
}

/// What this secret may be used for.
fn rights(customer: &Customer, function: Function, fields: &[Pair]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let purpose = match function {
        Function::Identify => Purpose::Login,
        Function::Pay | Function::Check => Purpose::Payment,
    };
    if customer.purpose != purpose {
        problems.push(Problem::new(
            "RCVID",
            match customer.purpose {
                Purpose::Login => "is a secret for identification; expected one for payments",
                Purpose::Payment => "is a secret for payments; expected one for identification",
            },
        ));
    }
    if get(fields, "AP").is_some_and(|ap| customer.configuration(ap).is_none()) {
        problems.push(Problem::new(
            "AP",
            "is not a configuration that may be used with this secret",
        ));
    }
    if customer.profile == Profile::V2_2 {
        if function == Function::Check {
            problems.push(Problem::new("AU", "is CHECK, which came with version 3"));
        } else if get(fields, "PAYM_CALL_ID").is_some() {
            problems.push(Problem::new("PAYM_CALL_ID", "came with version 3"));
        }
    }
    problems
}

fn time(fields: &[Pair], now_ms: i64) -> Option<Problem> {
    let at = timestamp::read(get(fields, "TIMESTMP")?)?;
    let off_ms = at.abs_diff(now_ms);
    let side = if at < now_ms { "old" } else { "early" };
    (off_ms > WINDOW_MS.unsigned_abs()).then(|| {
        Problem::new(
            "TIMESTMP",
            format!(
                "is {} s too {side}: the service’s clock shows {}, and ten minutes are allowed",
                (off_ms - WINDOW_MS.unsigned_abs()) / 1_000,
                timestamp::write(now_ms)
            ),
        )
    })
}

/// What is left of all methods when configuration, call and references have narrowed them.
fn offered(customer: Option<&Customer>, function: Function, fields: &[Pair]) -> Vec<Method> {
    let value = |name| get(fields, name).unwrap_or_default();
    let allows = customer
        .and_then(|customer| customer.configuration(value("AP")))
        .map_or("", |configuration| configuration.allows);
    let listed: Vec<&str> = value("SOLIST").split(',').collect();
    let preset = value("SO");
    let has = |name: &'static str| !value(name).is_empty();
    Method::all()
        .filter(|method| match (function, method) {
            (Function::Pay, Method::Bank(_)) => has("REF"),
            (Function::Pay, Method::Card) => has("ORDNR"),
            (Function::Identify, Method::Tupas(_)) => true,
            _ => false,
        })
        .filter(|method| allows.contains(method.family()))
        .filter(|method| listed.iter().any(|code| method.is_named(code)))
        .filter(|method| preset.is_empty() || method.is_named(preset))
        .collect()
}

fn nothing_offered(fields: &[Pair]) -> Problem {
    let value = |name| get(fields, name).unwrap_or_default();
    let references = ["REF", "ORDNR"].map(|name| get(fields, name).is_some());
    let why = match references {
        [false, false] if value("TYPE") == "PAYMENT" => {
            "leaves nothing: banks need REF, cards need ORDNR"
        }
        _ => {
            "leaves nothing to choose, with SO, AP and the references given (banks need REF, cards ORDNR; of identification only 6 is played)"
        }
    };
    Problem::new("SOLIST", why)
}

/// `ERROR` can be answered when the way back is known.
fn is_answerable(call: &Call, problems: &[Problem]) -> bool {
    let needed = ["RETURL", "CANURL", "ERRURL", "LG"];
    needed.iter().all(|name| {
        call.get(name).is_some() && !problems.iter().any(|problem| problem.field == *name)
    }) && call.function != Function::Check
        && !problems
            .iter()
            .any(|problem| problem.message == "is there more than once")
}
