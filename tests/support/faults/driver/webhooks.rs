//! The shop's end of the webhooks: takes all, remembers all.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::services::Problem;

/// A sender that says nothing for so long is left.
const PATIENCE: Duration = Duration::from_secs(5);
/// No webhook is longer, in bytes.
const LONGEST: usize = 256 * 1024;

/// A little server that answers 200 to every POST; it listens until the program ends.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Webhook>>>,
    /// Milliseconds before an answer.
    pause: Arc<AtomicU64>,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id (`webhook-id`), the same when it is sent again.
    pub id: String,
    /// Its body.
    pub body: String,
}

impl Receiver {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// When there is none.
    pub fn start() -> Result<Self, Problem> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        let received = Arc::new(Mutex::new(Vec::new()));
        let pause = Arc::new(AtomicU64::default());
        let (kept, patience) = (Arc::clone(&received), Arc::clone(&pause));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, pause) = (Arc::clone(&kept), patience.load(Ordering::Relaxed));
                thread::spawn(move || {
                    // A sender that was killed in the midst of it sends it again.
                    if let Ok(Some(webhook)) = take(&stream) {
                        lock(&kept).push(webhook);
                        thread::sleep(Duration::from_millis(pause));
                        let _ = answer(&stream);
                    }
                });
            }
        });
        Ok(Self {
            url,
            received,
            pause,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers so late from now on.
    pub fn take_so_long(&self, pause: Duration) {
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.pause.store(millis, Ordering::Relaxed);
    }

    /// All that came so far, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Webhook> {
        lock(&self.received).clone()
    }
}

/// Reads a request; `None` when it is not a whole POST.
fn take(stream: &TcpStream) -> Result<Option<Webhook>, Problem> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let is_post = line.starts_with("POST ");
    let (mut id, mut length) = (String::new(), None);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        if line == "\r\n" {
            break;
        }
        // A line that is none, or not whole: the sender has gone.
        let header = line
            .strip_suffix("\r\n")
            .and_then(|line| line.split_once(':'));
        let Some((name, value)) = header else {
            return Ok(None);
        };
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => value.trim().clone_into(&mut id),
            "content-length" => length = Some(value.trim().parse()?),
            _ => {}
        }
    }
    let Some(length) = length.filter(|length| is_post && *length <= LONGEST) else {
        return Ok(None);
    };
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body)?;
    Ok(Some(Webhook { id, body }))
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn lock(received: &Mutex<Vec<Webhook>>) -> MutexGuard<'_, Vec<Webhook>> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}
