//! What every answer and every request goes through: headers, limits, detachment, origins.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    panic::AssertUnwindSafe,
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::Instrument as _;

use crate::{
    config::{Config, Limits},
    problem::{Fault, Problem},
    shop::Shop,
    state::AppState,
};

/// The policy of an answer that is not a page: nothing may be loaded on its behalf.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'none'";
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// A year, in seconds.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// The content security policy of a hosted page: own scripts and styles only, nothing inline,
/// forms to us and (by way of a redirect) to the providers of the shop that is paid, its logos, in
/// no frame. A page without a payment leads nowhere else.
pub(crate) fn page_policy(shop: Option<&Shop>) -> String {
    let after = |origins: &[String]| origins.iter().map(|origin| format!(" {origin}")).collect();
    let (pictures, pages): (String, String) = shop.map_or_else(Default::default, |shop| {
        (after(&shop.logo_origins()), after(shop.leads_to()))
    });
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self'{pictures}; connect-src 'self'; font-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'{pages}"
    )
}

/// Adds the headers that every answer carries, unless a handler set its own.
pub(crate) fn add_headers(config: &Config, headers: &mut HeaderMap) {
    // At once, because they grow by moving all that is there.
    headers.reserve(12);
    let mut default = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    default(header::CONTENT_SECURITY_POLICY, NO_PAGE);
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    default(header::REFERRER_POLICY, "same-origin");
    default(header::CACHE_CONTROL, "no-store");
    default(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    default(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    default(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    if config.is_https() {
        default(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

/// Answers in time, whatever happens; work that changes something goes on, see [`detached`].
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_WITHIN, detached(request, next)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Fault::Timeout).retry_after(2).into_response(),
    }
}

/// Runs a handler that may change something to its end, even when the client hangs up in the
/// middle of it.
///
/// Dropping such a handler half way is how acknowledged writes were lost in measured prototypes.
/// One that only reads may go with its client: that saves a task for each of them.
async fn detached(request: Request, next: Next) -> Response {
    let done = if request.method().is_safe() {
        let work = AssertUnwindSafe(next.run(request));
        work.catch_unwind().await.ok()
    } else {
        tokio::spawn(next.run(request).in_current_span()).await.ok()
    };
    done.unwrap_or_else(|| {
        tracing::error!(target: "kassa::http", "a handler panicked");
        Problem::new(Fault::Internal).into_response()
    })
}

/// How often a token and an address may ask.
pub(crate) struct Limiter {
    by_token: Option<DefaultKeyedRateLimiter<String>>,
    by_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            by_token: quota(limits.token_per_second, limits.token_burst).map(RateLimiter::keyed),
            by_address: quota(limits.address_per_second, limits.address_burst)
                .map(RateLimiter::keyed),
        }
    }

    /// Whether these may ask once more.
    fn admits(&self, token: Option<&str>, address: Option<IpAddr>) -> bool {
        let address_fits = match (&self.by_address, address) {
            (Some(limiter), Some(address)) => limiter.check_key(&network(address)).is_ok(),
            _ => true,
        };
        // The token second: who asks for ever new ones must not fill the memory with them.
        address_fits
            && match (&self.by_token, token) {
                (Some(limiter), Some(token)) => limiter.check_key(&token.to_owned()).is_ok(),
                _ => true,
            }
    }

    /// Forgets those who have not asked for a while.
    pub(crate) fn forget_idle(&self) {
        if let Some(limiter) = &self.by_token {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        if let Some(limiter) = &self.by_address {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn quota(per_second: u32, burst: u32) -> Option<Quota> {
    let per_second = NonZeroU32::new(per_second)?;
    let burst = NonZeroU32::new(burst).unwrap_or(per_second);
    Some(Quota::per_second(per_second).allow_burst(burst))
}

/// The unit that an address is counted by: all of a /64 for IPv6, which one customer has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
    }
}

/// Refuses customers who ask too often, by token and by address.
pub(crate) async fn limit(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    match too_often(&app, &mut request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    }
}

/// The refusal of a customer who asks too often, by token and by address. The request bears its
/// [`ClientAddress`] then.
pub(crate) fn too_often(app: &AppState, request: &mut Request) -> Option<Problem> {
    let address = client_address(&app.config, request);
    request.extensions_mut().insert(ClientAddress(address));
    let token = token_of(request.uri().path());
    let admitted = app.limiter.admits(token, address);
    (!admitted).then(|| Problem::new(Fault::RateLimit).retry_after(1))
}

/// The address that a customer's request came from, where it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// The token in `/checkout/{token}…` or `/return/{token}`.
pub(crate) fn token_of(path: &str) -> Option<&str> {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("checkout" | "return"), Some(token)) => Some(token),
        _ => None,
    }
}

/// Who asks: the peer, or what the proxy in front of us wrote last.
fn client_address(config: &Config, request: &Request) -> Option<IpAddr> {
    if config.behind_proxy {
        return request
            .headers()
            .get_all("x-forwarded-for")
            .iter()
            .next_back()?
            .to_str()
            .ok()?
            .rsplit(',')
            .next()?
            .trim()
            .parse()
            .ok();
    }
    request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip())
}

/// Whose page sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From<'a> {
    /// One of ours, or no page at all.
    Here,
    /// A page of this origin.
    Origin(&'a str),
}

/// Whose page sent a request. A page counts as ours by the public address, and by the address
/// that the browser itself was asked for, which a page cannot forge.
pub(crate) fn sender<'a>(config: &Config, headers: &'a HeaderMap) -> From<'a> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return From::Here;
    };
    let origin = origin.to_str().unwrap_or("null");
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    if origin == config.public_origin() || (authority.is_some() && authority == host) {
        From::Here
    } else {
        From::Origin(origin)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::IpAddr,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        time::Duration,
    };

    use axum::{Router, body::Body, middleware::from_fn, routing::any};
    use http::{Method, Request, StatusCode};
    use tower::ServiceExt as _;

    use super::{in_time, network, token_of};

    /// Whether a handler of this method is done although its client hung up.
    async fn is_done_without_its_client(method: Method) -> bool {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let slow = async move || {
            tokio::time::sleep(Duration::from_millis(50)).await;
            seen.store(true, Ordering::SeqCst);
        };
        let router = Router::new().route("/", any(slow)).layer(from_fn(in_time));
        let request = Request::builder().method(method).uri("/");
        let request = request.body(Body::empty()).unwrap();
        let client = tokio::time::timeout(Duration::from_millis(5), router.oneshot(request));
        assert!(client.await.is_err(), "the client was to hang up first");
        tokio::time::sleep(Duration::from_millis(200)).await;
        done.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_handler_that_changes_something_runs_to_its_end_without_its_client() {
        assert!(is_done_without_its_client(Method::POST).await);
        assert!(is_done_without_its_client(Method::DELETE).await);
    }

    #[tokio::test]
    async fn a_handler_that_only_reads_goes_with_its_client() {
        assert!(!is_done_without_its_client(Method::GET).await);
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered() {
        async fn panics() {
            panic!("for the test");
        }
        for method in [Method::GET, Method::POST] {
            let router = Router::new()
                .route("/", any(panics))
                .layer(from_fn(in_time));
            let request = Request::builder().method(method).uri("/");
            let request = request.body(Body::empty()).unwrap();
            let answer = router.oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
    }

    #[test]
    fn one_customer_has_one_network() {
        let same = |a: &str, b: &str| {
            network(a.parse::<IpAddr>().unwrap()) == network(b.parse::<IpAddr>().unwrap())
        };
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn a_token_is_found_in_its_place_only() {
        assert_eq!(token_of("/checkout/abc/status"), Some("abc"));
        assert_eq!(token_of("/return/abc"), Some("abc"));
        assert_eq!(token_of("/v1/payments/abc"), None);
    }
}
