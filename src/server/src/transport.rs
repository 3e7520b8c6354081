//! The way to providers' servers: one HTTP client that does as little as it can.
//!
//! No redirects, no proxies of the environment, HTTP/1.1, https alone outside development, and an
//! end to waiting and to reading.

use std::{fmt, sync::OnceLock, time::Duration};

use http::{Request, Response, uri::Scheme};
use reqwest::{Client, redirect::Policy};

/// How long a call may take, from connecting to the last byte.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// The longest answer, in bytes: 1 MiB.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// How many idle connections to one provider are kept.
const IDLE: usize = 8;

/// Why nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// The address is not of https, or none at all: the configuration is at fault.
    Address,
    /// There is no HTTP client: the machine's certificates cannot be read.
    NoClient,
    /// No connection, or none in time, or no trust in who answered: nothing was sent.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The answer is longer than any answer is.
    TooLarge,
    /// The connection broke in the middle.
    Broken,
}

impl SendError {
    /// The word for it in figures and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NoClient => "no_client",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::TooLarge => "too_large",
            Self::Broken => "broken",
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "expected an address of https",
            Self::NoClient => "no HTTP client: the system's certificates cannot be read",
            Self::Unreachable => "provider cannot be reached",
            Self::TimedOut => "provider did not answer in time",
            Self::TooLarge => "answer is too large: expected at most 1 MiB",
            Self::Broken => "connection broke before the answer was whole",
        })
    }
}

impl std::error::Error for SendError {}

/// Sends requests to providers' servers.
pub struct Transport {
    development: bool,
    connect_within: Duration,
    answer_within: Duration,
    largest_answer: usize,
    /// Made with the first call: reading the system's certificates takes a while.
    client: OnceLock<Option<Client>>,
}

impl Transport {
    /// A transport; plain http goes only in development.
    #[must_use]
    pub const fn new(development: bool) -> Self {
        Self {
            development,
            connect_within: CONNECT_WITHIN,
            answer_within: ANSWER_WITHIN,
            largest_answer: LARGEST_ANSWER,
            client: OnceLock::new(),
        }
    }

    /// Sends a request as it is and reads the answer to its end.
    ///
    /// # Errors
    /// [`SendError`]; never a word of what was sent or came back.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, SendError> {
        let is_https = request.uri().scheme() == Some(&Scheme::HTTPS);
        if !is_https && !self.development {
            return Err(SendError::Address);
        }
        let request = reqwest::Request::try_from(request).map_err(|_| SendError::Address)?;
        let client = self.client().ok_or(SendError::NoClient)?;
        let answer = client
            .execute(request)
            .await
            .map_err(|error| fault(&error))?;
        self.read(answer).await
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Response<Vec<u8>>, SendError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| fault(&error))? {
            if body.len() + chunk.len() > self.largest_answer {
                return Err(SendError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    fn client(&self) -> Option<&Client> {
        let make = || {
            let client = Client::builder()
                .https_only(!self.development)
                .redirect(Policy::none())
                .no_proxy()
                .http1_only()
                .timeout(self.answer_within)
                .connect_timeout(self.connect_within)
                .pool_max_idle_per_host(IDLE)
                .user_agent(concat!("kassa/", env!("CARGO_PKG_VERSION")))
                .build();
            client.ok()
        };
        self.client.get_or_init(make).as_ref()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

fn fault(error: &reqwest::Error) -> SendError {
    // A connection that did not come about in time has carried nothing either.
    if error.is_connect() {
        SendError::Unreachable
    } else if error.is_timeout() {
        SendError::TimedOut
    } else if error.is_builder() {
        SendError::Address
    } else {
        SendError::Broken
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::OnceLock, time::Duration};

    use http::{Request, Response};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::{SendError, Transport};

    const LARGEST: usize = 1_000;

    /// Longer than anything takes that comes about, however busy the machine is.
    const PATIENCE: Duration = Duration::from_secs(30);
    /// So that what never comes is not waited for long.
    const SHORT: Duration = Duration::from_millis(300);

    fn transport(connect_within: Duration, answer_within: Duration) -> Transport {
        Transport {
            development: true,
            connect_within,
            answer_within,
            largest_answer: LARGEST,
            client: OnceLock::new(),
        }
    }

    /// A server that reads a request, answers with these bytes and waits for `then`.
    async fn server(answer: String, then: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = [0; 4_096];
                let _ = socket.read(&mut request).await;
                socket.write_all(answer.as_bytes()).await.unwrap();
                tokio::time::sleep(then).await;
            }
        });
        format!("http://{address}/path")
    }

    async fn ask(url: &str) -> Result<Response<Vec<u8>>, SendError> {
        ask_over(&transport(PATIENCE, PATIENCE), url).await
    }

    async fn ask_over(transport: &Transport, url: &str) -> Result<Response<Vec<u8>>, SendError> {
        let request = Request::post(url).body(b"body".to_vec()).unwrap();
        transport.send(request).await
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
    }

    #[tokio::test]
    async fn an_answer_comes_whole_whatever_its_status() {
        for status in ["200 OK", "400 Bad Request", "503 Busy"] {
            let url = server(answer(status, "retry-after: 7\r\n", "text"), Duration::ZERO).await;
            let response = ask(&url).await.unwrap();
            assert!(status.starts_with(response.status().as_str()));
            assert_eq!(response.body(), b"text");
            assert_eq!(response.headers()["retry-after"], "7");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let target = server(answer("200 OK", "", "elsewhere"), Duration::ZERO).await;
        let headers = format!("location: {target}\r\n");
        let url = server(answer("307 Moved", &headers, ""), Duration::ZERO).await;
        let response = ask(&url).await.unwrap();
        assert_eq!(response.status(), 307);
        assert_eq!(response.body(), b"");
    }

    #[tokio::test]
    async fn what_does_not_end_is_ended() {
        let (slow, length) = (2 * PATIENCE, LARGEST);
        for (answer, error) in [
            (
                answer("200 OK", "", &"x".repeat(length + 1)),
                SendError::TooLarge,
            ),
            // A length that is not told is counted.
            (
                format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(length + 1)),
                SendError::TooLarge,
            ),
            (String::new(), SendError::TimedOut),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nte".to_owned(),
                SendError::TimedOut,
            ),
        ] {
            let url = server(answer, slow).await;
            let within = match error {
                SendError::TimedOut => SHORT,
                _ => PATIENCE,
            };
            let came = ask_over(&transport(PATIENCE, within), &url).await;
            assert_eq!(came.map(drop), Err(error));
        }
        let url = server(answer("200 OK", "", &"x".repeat(length)), slow).await;
        assert_eq!(ask(&url).await.unwrap().body().len(), length);
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_no_answer() {
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nte",
            "nonsense\r\n\r\n",
        ] {
            let url = server(answer.to_owned(), Duration::ZERO).await;
            assert_eq!(
                ask(&url).await.map(drop),
                Err(SendError::Broken),
                "{answer}"
            );
        }
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", nobody.local_addr().unwrap());
        drop(nobody);
        assert_eq!(ask(&url).await.map(drop), Err(SendError::Unreachable));
    }

    /// Nothing has left before a handshake is done, so that silence then is no lost answer.
    ///
    /// The server is silent for longer than an answer may take: were the handshake no part of
    /// connecting, the time for the answer would be over first, which is another error.
    #[tokio::test]
    async fn a_handshake_that_is_not_answered_is_no_connection() {
        let url = server(String::new(), 2 * PATIENCE).await;
        let url = url.replace("http:", "https:");
        let came = ask_over(&transport(SHORT, PATIENCE), &url).await;
        assert_eq!(came.map(drop), Err(SendError::Unreachable));
    }

    #[tokio::test]
    async fn outside_development_only_https_leaves() {
        let url = server(answer("200 OK", "", "text"), Duration::ZERO).await;
        for url in [url.as_str(), "/path", "ftp://127.0.0.1/"] {
            let request = Request::post(url).body(Vec::new()).unwrap();
            let sent = Transport::new(false).send(request).await;
            assert_eq!(sent.map(drop), Err(SendError::Address), "{url}");
        }
        // A server that speaks no TLS is not spoken to.
        let url = url.replace("http:", "https:");
        let request = Request::post(url).body(Vec::new()).unwrap();
        let sent = Transport::new(false).send(request).await;
        assert_eq!(sent.map(drop), Err(SendError::Unreachable));
    }
}
