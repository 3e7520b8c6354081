//! Kassa's shop API as this shop uses it: make a payment, and ask where it stands.

use std::fmt;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Kassa's shop API.
#[derive(Clone)]
pub struct Kassa {
    url: String,
    api_key: String,
    http: Client<HttpConnector, Body>,
}

/// A payment to make.
#[derive(Debug, Clone, Serialize)]
pub struct NewPayment {
    /// The shop's order number; the reference is made from it.
    pub order: String,
    /// The sum in cents.
    pub amount: u64,
    /// `fi`, `sv` or `en`; without one Kassa asks the customer's browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'static str>,
    /// What is bought.
    pub description: String,
    /// Who pays, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// How the customer comes to a bank.
    pub selection: Selection,
    /// Where the customer chooses.
    pub choose_at: ChooseAt,
    /// The shop's page to come back to.
    pub return_url: String,
}

/// Who pays.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Customer {
    /// The shop's identifier of the customer.
    #[serde(default)]
    pub id: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Electronic mail address.
    pub email: String,
}

/// One of the six ways to come to a bank; banks belong to the last two only.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(tag = "option", rename_all = "snake_case")]
pub enum Selection {
    /// A list of methods, then the banks.
    MethodThenBank,
    /// Banks among other methods.
    BanksAmongMethods,
    /// Banks in their group.
    BanksInGroup,
    /// All banks.
    #[default]
    AllBanks,
    /// Two or more banks.
    NamedBanks {
        /// Which.
        banks: Vec<String>,
    },
    /// One bank.
    SingleBank {
        /// Which.
        banks: [String; 1],
    },
}

/// Where the customer chooses.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChooseAt {
    /// In Kassa's list.
    #[default]
    Kassa,
    /// On the provider's page.
    Provider,
}

/// A payment that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payment {
    /// Kassa's identifier.
    pub id: String,
    /// What `<kassa-checkout session>` takes.
    pub token: String,
    /// Kassa's own page for the same, without JavaScript too.
    pub checkout_url: String,
    /// Where it stands, such as `created` or `paid`.
    pub status: String,
    /// The reference that the bank transfer carries, in groups for people: `12 34561`.
    pub reference_print: String,
}

/// Where a payment stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Standing {
    /// Such as `pending`, `paid` or `declined`.
    pub status: String,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub enum CallError {
    /// Kassa was not reached, or did not answer in time.
    Unreachable,
    /// Kassa answered with another status, and said why in these words.
    Refused(StatusCode, String),
    /// Kassa's answer was not understood.
    Unreadable,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("kassa was not reached"),
            Self::Refused(status, why) => write!(f, "kassa answered {}: {why}", status.as_u16()),
            Self::Unreadable => f.write_str("kassa's answer was not understood"),
        }
    }
}

impl std::error::Error for CallError {}

impl Kassa {
    /// Kassa at this address, with this shop's key.
    #[must_use]
    pub fn new(url: &str, api_key: &str) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self {
            url: url.to_owned(),
            api_key: api_key.to_owned(),
            http,
        }
    }

    /// Makes a payment. A second try with the same idempotency key can never make a second one,
    /// so a lost connection is simply tried again.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn create_payment(
        &self,
        new: &NewPayment,
        idempotency_key: &str,
    ) -> Result<Payment, CallError> {
        let body = serde_json::to_vec(new).map_err(|_| CallError::Unreadable)?;
        let mut tries_left = 2;
        loop {
            let request = self
                .request(Method::POST, "/v1/payments")
                .header("idempotency-key", idempotency_key)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.clone()));
            match self.send(request).await {
                Err(CallError::Unreachable) if tries_left > 0 => tries_left -= 1,
                answer => return parse(&answer?),
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Asks where a payment stands.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn payment(&self, id: &str) -> Result<Standing, CallError> {
        parse(&self.get(&format!("/v1/payments/{id}")).await?)
    }

    /// Asks for what happened to a payment.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn events(&self, id: &str) -> Result<Value, CallError> {
        parse(&self.get(&format!("/v1/payments/{id}/events")).await?)
    }

    async fn get(&self, path: &str) -> Result<Bytes, CallError> {
        self.send(self.request(Method::GET, path).body(Body::empty()))
            .await
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key))
    }

    async fn send(&self, request: axum::http::Result<Request<Body>>) -> Result<Bytes, CallError> {
        let request = request.map_err(|_| CallError::Unreachable)?;
        let exchange = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|_| CallError::Unreachable)?;
            let status = response.status();
            let body = to_bytes(Body::new(response.into_body()), 256 * 1024).await;
            let body = body.map_err(|_| CallError::Unreachable)?;
            if status.is_success() {
                Ok(body)
            } else {
                Err(CallError::Refused(status, why(&body)))
            }
        };
        tokio::time::timeout(Duration::from_secs(10), exchange)
            .await
            .unwrap_or(Err(CallError::Unreachable))
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|_| CallError::Unreadable)
}

/// The words of a problem+json answer (RFC 9457).
fn why(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let word = |name| problem.get(name).and_then(Value::as_str);
    word("detail")
        .or_else(|| word("title"))
        .unwrap_or("no reason given")
        .to_owned()
}
