//! What is on the screen: the session, and where in it the customer is.

use kassa_checkout::{
    BankId, Language, Status,
    contract::{ChooseAt, NextStep, PaymentStatus, Session},
    selection::OptionName,
};

use crate::texts::{Texts, texts};

/// A step of choosing; without JavaScript the value of the address's `step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// How to pay.
    Methods,
    /// With which bank.
    Banks,
}

impl Step {
    /// The word in the address: `methods`, `banks`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Methods => "methods",
            Self::Banks => "banks",
        }
    }

    /// Reads the word; `None` for any other, which shows the page as without one.
    #[must_use]
    pub fn from_query(word: &str) -> Option<Self> {
        [Self::Methods, Self::Banks]
            .into_iter()
            .find(|step| step.as_str() == word)
    }
}

/// Why something could not be done, as the customer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The device has no connection.
    Offline,
    /// Kassa did not answer.
    Unreachable,
    /// There is no such payment.
    Unknown,
    /// The bank or the provider could not be reached; another may be.
    Provider,
    /// The payment cannot be paid now.
    NotPayable,
}

impl Fault {
    /// The stable code in `kassa-error`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Offline => "widget/offline",
            Self::Unreachable => "widget/unreachable",
            Self::Unknown => "widget/unknown-session",
            Self::Provider => "widget/provider",
            Self::NotPayable => "widget/not-payable",
        }
    }
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    allow(
        dead_code,
        reason = "some screens pass too fast to be a page of their own"
    )
)]
pub(crate) enum Screen {
    /// The session is being fetched.
    Loading,
    /// A choice, after a fault when the last one led nowhere.
    Choose(Step, Option<Fault>),
    /// The customer is being sent away; the step when it is known.
    Leaving(Option<BankId>, Option<NextStep>),
    /// The provider has yet to say where the customer goes. Whether that takes long by now.
    Waiting(bool),
    /// Where the payment stands. Whether it is still being followed.
    Status { followed: bool },
    /// Nothing can be shown but this.
    Broken(Fault),
}

/// Where the forms of a page lead, and where in the choice it stands.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageLinks {
    /// Takes `bank=…`, `method=…` or neither, and `language=…`, by POST as a form.
    pub pay: String,
    /// The page of the choice. Takes `step=…` (see [`Step::from_query`]) and `lang=…` by GET.
    pub page: String,
    /// The step that the address asks for, if any.
    pub step: Option<Step>,
    /// Why the last choice led nowhere, if it did.
    pub fault: Option<Fault>,
}

/// How the page can be acted on. The browser's code holds only its own way.
pub(crate) enum Mode<'a> {
    /// By forms and links alone: no script runs.
    #[cfg(not(target_arch = "wasm32"))]
    Plain(&'a PageLinks),
    /// By the element, which handles every submission itself.
    #[cfg(target_arch = "wasm32")]
    Live(Live, core::marker::PhantomData<&'a ()>),
}

/// What only a page with script has.
#[derive(Clone)]
pub(crate) struct Live {
    /// What is typed into the search, folded.
    pub(crate) query: reactive_graph::signal::ArcRwSignal<String>,
    /// The bank that was chosen last on this device.
    pub(crate) last: Option<BankId>,
    /// Makes a text comparable; see [`crate::search`].
    pub(crate) decompose: fn(&str) -> String,
}

/// All that a screen is drawn from.
pub(crate) struct Context<'a> {
    pub(crate) session: &'a Session,
    pub(crate) language: Language,
    pub(crate) mode: Mode<'a>,
}

impl Context<'_> {
    pub(crate) fn texts(&self) -> &'static Texts {
        texts(self.language)
    }

    /// Where a form that acts posts to.
    pub(crate) fn pay(&self) -> Option<&str> {
        match &self.mode {
            #[cfg(not(target_arch = "wasm32"))]
            Mode::Plain(links) => Some(&links.pay),
            #[cfg(target_arch = "wasm32")]
            Mode::Live(..) => None,
        }
    }

    /// Where a form that only turns the page goes.
    pub(crate) fn page(&self) -> Option<&str> {
        match &self.mode {
            #[cfg(not(target_arch = "wasm32"))]
            Mode::Plain(links) => Some(&links.page),
            #[cfg(target_arch = "wasm32")]
            Mode::Live(..) => None,
        }
    }

    /// What only a page with script has.
    pub(crate) fn live(&self) -> Option<&Live> {
        match &self.mode {
            #[cfg(not(target_arch = "wasm32"))]
            Mode::Plain(_) => None,
            #[cfg(target_arch = "wasm32")]
            Mode::Live(live, _) => Some(live),
        }
    }
}

/// The first screen of a payment: the choice while none was made, else where it stands.
pub(crate) fn first_screen(session: &Session) -> Screen {
    if session.status.status == Status::Created && session.status.can_pay {
        Screen::Choose(first_step(session), None)
    } else {
        Screen::Status { followed: true }
    }
}

/// The step that choosing begins with.
pub(crate) fn first_step(session: &Session) -> Step {
    let two_steps = session.option == OptionName::MethodThenBank;
    if two_steps && session.choose_at == ChooseAt::Kassa {
        Step::Methods
    } else {
        Step::Banks
    }
}

/// Whether the status may still change by itself while the customer looks on.
pub(crate) fn is_open(status: &PaymentStatus) -> bool {
    status.refunding_cents > 0
        || matches!(
            status.status,
            Status::Created | Status::Redirected | Status::Pending | Status::AwaitingConfirmation
        )
}
