//! Callbacks that a careful shop refuses or does not act on: the forgeries of the protocol note's chapter on security, and plain damage.

use serde::{Deserialize, Serialize};

use crate::callbacks::document;
use crate::json::{Escapes, Node};
use crate::signature::{Secret, signed, string_to_sign};
use crate::state::{Payment, State, Status};

/// Kassa reads at most 256 KiB of a callback.
const OVERSIZED_BYTES: usize = 300 * 1024;
/// Deeper than any honest document.
const DEEP: usize = 200;

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A callback whose string to sign equals that of a Payment Page request in which the customer's last name was chosen by the attacker.
    ForgedFromPageSignature,
    /// The same, with the rest of the page's parameters swallowed by a made-up member.
    TailAbsorbed,
    /// The page's own parameters with their signature, sent as a callback.
    PageParamsAsCallback,
    /// Another amount, rightly signed.
    ChangedAmount,
    /// Another currency, rightly signed.
    ChangedCurrency,
    /// Another project, rightly signed.
    OtherProject,
    /// An id that no order has, rightly signed.
    UnknownPayment,
    /// Two `payment` members, of which the last was signed.
    DuplicateKeys,
    /// A signature at the top and another in `general`.
    TwoSignatures,
    /// The status changed after signing.
    TamperedStatus,
    /// Signed with another secret.
    WrongSecret,
    /// No signature.
    MissingSignature,
    /// `null` for a signature.
    NullSignature,
    /// The empty text for a signature.
    EmptySignature,
    /// The signature's first half.
    TruncatedSignature,
    /// The signature in the URL-safe alphabet.
    UrlSafeSignature,
    /// The signature without its padding.
    UnpaddedSignature,
    /// A callback of the payment once more, byte for byte: the first unless another is named.
    Replay,
    /// Amount and operation id as texts: the same string to sign.
    TypeSwap,
    /// 300 KiB, rightly signed.
    OversizedBody,
    /// 200 levels deep, rightly signed, since empty containers leave nothing in the string to sign.
    DeepNesting,
    /// Half of a document.
    TruncatedBody,
    /// No body.
    EmptyBody,
}

/// All attacks.
pub const ALL: [Kind; 23] = [
    Kind::ForgedFromPageSignature,
    Kind::TailAbsorbed,
    Kind::PageParamsAsCallback,
    Kind::ChangedAmount,
    Kind::ChangedCurrency,
    Kind::OtherProject,
    Kind::UnknownPayment,
    Kind::DuplicateKeys,
    Kind::TwoSignatures,
    Kind::TamperedStatus,
    Kind::WrongSecret,
    Kind::MissingSignature,
    Kind::NullSignature,
    Kind::EmptySignature,
    Kind::TruncatedSignature,
    Kind::UrlSafeSignature,
    Kind::UnpaddedSignature,
    Kind::Replay,
    Kind::TypeSwap,
    Kind::OversizedBody,
    Kind::DeepNesting,
    Kind::TruncatedBody,
    Kind::EmptyBody,
];

/// What the shop's side must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Must {
    /// Answer anything but 200, and change nothing.
    Refuse,
    /// Change nothing; the answer is its own choice, since the signature is right.
    ChangeNothing,
}

impl Kind {
    /// What the shop's side must do.
    #[must_use]
    pub fn must(self) -> Must {
        match self {
            Self::ChangedAmount | Self::ChangedCurrency | Self::UnknownPayment | Self::Replay => {
                Must::ChangeNothing
            }
            _ => Must::Refuse,
        }
    }
}

impl State {
    /// The body of an attack on a payment; it claims that the payment is paid, or is the callback of that number once more. `None` when there is nothing to replay or no such payment.
    pub fn attack(
        &mut self,
        key: &str,
        kind: Kind,
        callback: usize,
        now_ms: i64,
    ) -> Option<String> {
        let operation = self.new_operation("sale", "success", "0", now_ms);
        let payment = self.payments.get(key)?;
        let honest = document(self.config.project_id, payment, &operation, Status::Success);
        let secret = &self.config.secret;
        if kind == Kind::Replay {
            return payment
                .callbacks
                .get(callback)
                .map(|callback| callback.body.clone());
        }
        Some(body(kind, payment, honest, secret))
    }
}

fn body(kind: Kind, payment: &Payment, honest: Node, secret: &Secret) -> String {
    let with = |path: &[&str], value: Node| {
        let mut changed = honest.clone();
        changed.set(path, value);
        signed(changed, secret)
    };
    let resigned = |change: &dyn Fn(&str) -> Node| {
        let mut document = signed(honest.clone(), secret);
        let signature = secret.sign(&string_to_sign(&honest));
        document.set(&["signature"], change(&signature));
        document
    };
    let node = match kind {
        Kind::ForgedFromPageSignature => forged(payment, &honest, secret),
        Kind::TailAbsorbed => tail_absorbed(payment, &honest, secret),
        Kind::PageParamsAsCallback => page_params(payment),
        Kind::ChangedAmount => changed_sum(
            honest,
            "amount",
            &Node::int(payment.request.amount.saturating_add(1)),
            secret,
        ),
        Kind::ChangedCurrency => changed_sum(honest, "currency", &Node::text("SEK"), secret),
        Kind::OtherProject => with(&["project_id"], other_project(payment)),
        Kind::UnknownPayment => with(
            &["payment", "id"],
            Node::Text(format!("{}-unknown", payment.request.payment_id)),
        ),
        Kind::DuplicateKeys => duplicate_keys(&honest, secret),
        Kind::TwoSignatures => two_signatures(honest, secret),
        Kind::TamperedStatus => {
            let mut pending = honest.clone();
            pending.set(&["payment", "status"], Node::text("decline"));
            let mut tampered = signed(pending, secret);
            tampered.set(&["payment", "status"], Node::text("success"));
            tampered
        }
        Kind::WrongSecret => signed(
            honest.clone(),
            &Secret::new("some-other-secret-of-an-attacker"),
        ),
        Kind::MissingSignature => honest.clone(),
        Kind::NullSignature => resigned(&|_| Node::Null),
        Kind::EmptySignature => resigned(&|_| Node::text("")),
        Kind::TruncatedSignature => {
            resigned(&|signature| Node::Text(signature.chars().take(44).collect()))
        }
        Kind::UrlSafeSignature => url_safe(honest, secret),
        Kind::UnpaddedSignature => {
            resigned(&|signature| Node::text(signature.trim_end_matches('=')))
        }
        Kind::TypeSwap => type_swap(honest, secret),
        Kind::OversizedBody => with(&["padding"], Node::Text("x".repeat(OVERSIZED_BYTES))),
        Kind::DeepNesting => with(
            &["deep"],
            (0..DEEP).fold(Node::List(Vec::new()), |inner, _| Node::List(vec![inner])),
        ),
        Kind::TruncatedBody => {
            let whole = signed(honest.clone(), secret).to_json(Escapes::Php);
            return whole.chars().take(whole.len() / 2).collect();
        }
        Kind::Replay | Kind::EmptyBody => return String::new(),
    };
    node.to_json(Escapes::Php)
}

/// The parameters of a page request with one text chosen by the attacker, and its signature: what the shop would have signed if it let a `;` through.
fn page_signature(
    payment: &Payment,
    field: &str,
    text: &str,
    secret: &Secret,
) -> (Vec<(&'static str, Node)>, String) {
    let page = vec![
        ("payment_amount", Node::int(payment.request.amount)),
        ("payment_currency", Node::text("EUR")),
        ("payment_id", Node::text(&payment.request.payment_id)),
    ];
    let mut request = Node::Object(Vec::new());
    for (name, value) in &page {
        request.set(&[name], value.clone());
    }
    request.set(&["project_id"], project_id(payment));
    request.set(&[field], Node::text(text));
    (page, secret.sign(&string_to_sign(&request)))
}

fn project_id(payment: &Payment) -> Node {
    let given = payment
        .request
        .parameters
        .iter()
        .find(|(name, _)| name == "project_id");
    Node::Number(given.map(|(_, value)| value.clone()).unwrap_or_default())
}

fn other_project(payment: &Payment) -> Node {
    match project_id(payment) {
        Node::Number(digits) => Node::Number(format!("{digits}1")),
        other => other,
    }
}

/// The callback's own parts that sort before the page's parameters.
fn inner_parts(honest: &Node) -> Node {
    let part = |name: &str| honest.get(name).cloned().unwrap_or(Node::Null);
    Node::object([
        ("operation", part("operation")),
        ("payment", part("payment")),
    ])
}

fn forged(payment: &Payment, honest: &Node, secret: &Secret) -> Node {
    let mut document = inner_parts(honest);
    let last_name = format!("x;{}", string_to_sign(&document));
    let (page, signature) = page_signature(payment, "customer_last_name", &last_name, secret);
    document.set(&["customer_last_name"], Node::text("x"));
    for (name, value) in page {
        document.set(&[name], value);
    }
    document.set(&["project_id"], project_id(payment));
    document.set(&["signature"], Node::Text(signature));
    document
}

fn tail_absorbed(payment: &Payment, honest: &Node, secret: &Secret) -> Node {
    let mut document = inner_parts(honest);
    document.set(&["project_id"], project_id(payment));
    let email = format!("a@b.c;{};zz:q", string_to_sign(&document));
    let (page, signature) = page_signature(payment, "customer_email", &email, secret);
    let mut rest = Node::Object(
        page.into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    );
    rest.set(&["project_id"], project_id(payment));
    document.set(&["customer_email"], Node::text("a@b.c"));
    document.set(&["zz"], Node::Text(format!("q;{}", string_to_sign(&rest))));
    document.set(&["signature"], Node::Text(signature));
    document
}

fn page_params(payment: &Payment) -> Node {
    let mut document = Node::Object(
        payment
            .request
            .parameters
            .iter()
            .map(|(name, value)| (name.clone(), Node::text(value)))
            .collect(),
    );
    document.set(&["signature"], Node::text(&payment.request.signature));
    document
}

fn changed_sum(mut document: Node, member: &str, value: &Node, secret: &Secret) -> Node {
    for place in [
        ["payment", "sum"],
        ["operation", "sum_initial"],
        ["operation", "sum_converted"],
    ] {
        let [outer, inner] = place;
        document.set(&[outer, inner, member], value.clone());
    }
    signed(document, secret)
}

fn duplicate_keys(honest: &Node, secret: &Secret) -> Node {
    let mut declined = honest.get("payment").cloned().unwrap_or(Node::Null);
    declined.set(&["status"], Node::text("decline"));
    let mut document = signed(honest.clone(), secret);
    if let Node::Object(members) = &mut document {
        members.insert(0, ("payment".to_owned(), declined));
    }
    document
}

/// Each signature is right for the document without any.
fn two_signatures(honest: Node, secret: &Secret) -> Node {
    let signature = secret.sign(&string_to_sign(&honest));
    let mut document = signed(honest, secret);
    document.set(&["general", "signature"], Node::Text(signature));
    document
}

/// A rightly signed document whose signature differs between the two alphabets; nearly every signature does.
fn url_safe(mut document: Node, secret: &Secret) -> Node {
    let differs = |signature: &str| signature.contains(['+', '/']);
    let mut signature = secret.sign(&string_to_sign(&document));
    for attempt in 0..64 {
        if differs(&signature) {
            break;
        }
        document.set(&["attempt"], Node::int(attempt));
        signature = secret.sign(&string_to_sign(&document));
    }
    document.set(
        &["signature"],
        Node::Text(signature.replace('+', "-").replace('/', "_")),
    );
    document
}

fn type_swap(honest: Node, secret: &Secret) -> Node {
    let as_text = |node: Option<&Node>| match node {
        Some(Node::Number(text)) => Node::text(text),
        _ => Node::Null,
    };
    let amount = as_text(
        honest
            .get("payment")
            .and_then(|payment| payment.get("sum"))
            .and_then(|sum| sum.get("amount")),
    );
    let id = as_text(
        honest
            .get("operation")
            .and_then(|operation| operation.get("id")),
    );
    let mut document = signed(honest, secret);
    document.set(&["payment", "sum", "amount"], amount);
    document.set(&["operation", "id"], id);
    document
}
