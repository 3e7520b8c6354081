//! A client that reports what came and repairs nothing: no redirects followed, no retries.

use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, http};

use super::Problem;

/// No answer takes longer, or it counts as none.
const PATIENCE: Duration = Duration::from_secs(10);
/// No answer of ours is longer, in bytes.
const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// A client; cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    agent: Agent,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none; with its beginning.
    pub fn json(&self) -> Result<Value, Problem> {
        serde_json::from_str(&self.body).map_err(|error| {
            let beginning: String = self.body.chars().take(200).collect();
            format!("status {}, no JSON ({error}): {beginning}", self.status).into()
        })
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::patient(PATIENCE)
    }
}

impl Http {
    /// A client that waits so long for an answer.
    #[must_use]
    pub fn patient(patience: Duration) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(patience))
            // A server that is killed leaves connections that look alive.
            .max_idle_connections(0)
            .build()
            .new_agent();
        Self { agent }
    }

    /// GET.
    ///
    /// # Errors
    /// When no answer came.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, Problem> {
        self.send("GET", url, headers, String::new())
    }

    /// POST of a JSON document.
    ///
    /// # Errors
    /// When no answer came.
    pub fn post_json(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer, Problem> {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        self.send("POST", url, &headers, body.to_string())
    }

    /// POST of an HTML form.
    ///
    /// # Errors
    /// When no answer came.
    pub fn post_form(&self, url: &str, fields: &[(String, String)]) -> Result<Answer, Problem> {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
            .collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", url, &headers, body.join("&"))
    }

    /// A request of any method with any body.
    ///
    /// # Errors
    /// When no answer came.
    pub fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, Problem> {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body)?)?;
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        });
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: answer
                .body_mut()
                .with_config()
                .limit(LONGEST_ANSWER)
                .read_to_string()?,
        })
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
