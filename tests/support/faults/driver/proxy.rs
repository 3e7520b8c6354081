//! A proxy for TCP that does to connections what networks do.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use socket2::SockRef;

use crate::services::Problem;

/// A connection that says nothing for so long is forgotten.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most of a request that is sent again, in bytes.
const LONGEST_REPEAT: usize = 64 * 1024;

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Nothing.
    Pass,
    /// The request, and then the answer, comes so late.
    Delay(Duration),
    /// It ends after so many bytes of the request.
    CutRequest(usize, End),
    /// It ends after so many bytes of the answer.
    CutAnswer(usize, End),
    /// The whole request comes again, later, by itself.
    RepeatRequest,
    /// The answer comes twice.
    RepeatAnswer,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Both sides are told that it is over.
    Close,
    /// Both sides are told that something went wrong.
    Reset,
    /// Only the receiving side is told that nothing more comes.
    Half,
}

/// What becomes of the connection of a number, counted from 0.
type Choice = dyn Fn(usize) -> Treatment + Send + Sync;

/// A proxy on a free port of the loopback interface; it listens until the program ends.
#[derive(Debug)]
pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    target: Mutex<Option<SocketAddr>>,
    choose: Box<Choice>,
    connections: AtomicUsize,
    longest: [AtomicUsize; 2],
    /// Everything passes.
    calm: AtomicBool,
    /// Connections that came while it was calm.
    calm_ones: Mutex<Vec<TcpStream>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Proxy {
    /// Listens; connections end at once until it leads somewhere.
    ///
    /// # Errors
    /// When there is no free port.
    pub(crate) fn start(
        choose: impl Fn(usize) -> Treatment + Send + Sync + 'static,
    ) -> Result<Self, Problem> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            target: Mutex::default(),
            choose: Box::new(choose),
            connections: AtomicUsize::default(),
            longest: Default::default(),
            calm: AtomicBool::default(),
            calm_ones: Mutex::default(),
        });
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&all);
                // Whatever goes wrong with a connection ends it, which is what networks do.
                thread::spawn(move || drop(shared.serve(&client)));
            }
        });
        Ok(Self { url, shared })
    }

    /// Leads to a server from now on: `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn lead_to(&self, url: &str) -> Result<(), Problem> {
        let address = url.strip_prefix("http://").unwrap_or(url);
        let target = address.trim_end_matches('/').parse()?;
        *self.shared.target() = Some(target);
        Ok(())
    }

    /// Where it listens: `http://127.0.0.1:8080`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its port.
    ///
    /// # Errors
    /// Never: it listens at one.
    pub(crate) fn port(&self) -> Result<u16, Problem> {
        let (_, port) = self
            .url
            .rsplit_once(':')
            .ok_or("an address without a port")?;
        Ok(port.parse()?)
    }

    /// Lets everything pass until [`Proxy::begin`].
    pub(crate) fn stay_calm(&self) {
        self.shared.calm.store(true, Ordering::SeqCst);
    }

    /// Treats connections from now on, and ends those that came before.
    pub(crate) fn begin(&self) {
        self.shared.calm.store(false, Ordering::SeqCst);
        for stream in self.shared.calm_ones().drain(..) {
            // It may have ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many connections it saw that led somewhere.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// The longest that was said at once, upwards and downwards, in bytes: over a connection that is
    /// kept there may be more to come.
    pub(crate) fn longest(&self) -> [usize; 2] {
        let [up, down] = &self.shared.longest;
        [up, down].map(|length| length.load(Ordering::Relaxed))
    }
}

impl Shared {
    fn target(&self) -> std::sync::MutexGuard<'_, Option<SocketAddr>> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calm_ones(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.calm_ones
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        let Some(target) = *self.target() else {
            return Ok(());
        };
        let server = TcpStream::connect(target)?;
        for stream in [client, &server] {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
        }
        let treatment = if self.calm.load(Ordering::SeqCst) {
            self.calm_ones().push(client.try_clone()?);
            Treatment::Pass
        } else {
            (self.choose)(self.connections.fetch_add(1, Ordering::Relaxed))
        };
        let (up, down) = treatment.ways();
        let over = AtomicBool::default();
        let request = thread::scope(|scope| {
            let answers = scope.spawn(|| pump(&server, client, down, &over));
            let request = pump(client, &server, up, &over);
            let answer = answers.join().unwrap_or_else(|_| Ok(Said::default()));
            self.measure(&request, &answer);
            request
        })?;
        if treatment == Treatment::RepeatRequest {
            let mut again = TcpStream::connect(target)?;
            again.set_read_timeout(Some(PATIENCE))?;
            again.write_all(&request.beginning)?;
            again.shutdown(Shutdown::Write)?;
            let _ = again.read_to_end(&mut Vec::new());
        }
        Ok(())
    }
}

impl Shared {
    fn measure(&self, request: &io::Result<Said>, answer: &io::Result<Said>) {
        for (longest, said) in self.longest.iter().zip([request, answer]) {
            let at_once = said.as_ref().map_or(0, |said| said.at_once);
            longest.fetch_max(at_once, Ordering::Relaxed);
        }
    }
}

/// What becomes of the bytes in one direction.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    delay: Duration,
    cut: Option<(usize, End)>,
    twice: bool,
}

impl Treatment {
    /// The way of the request, and that of the answer.
    fn ways(self) -> (Way, Way) {
        let plain = Way::default();
        let cut = |at, end| Way {
            cut: Some((at, end)),
            ..plain
        };
        match self {
            Self::Pass | Self::RepeatRequest => (plain, plain),
            Self::Delay(delay) => (Way { delay, ..plain }, Way { delay, ..plain }),
            Self::CutRequest(at, end) => (cut(at, end), plain),
            Self::CutAnswer(at, end) => (plain, cut(at, end)),
            Self::RepeatAnswer => (
                plain,
                Way {
                    twice: true,
                    ..plain
                },
            ),
        }
    }
}

/// What was carried in one direction.
#[derive(Debug, Default)]
struct Said {
    /// The beginning of it.
    beginning: Vec<u8>,
    /// How much of it came first, in one piece.
    at_once: usize,
}

/// Carries bytes until there are no more, or the way is cut, or all is `over`.
fn pump(mut from: &TcpStream, mut to: &TcpStream, way: Way, over: &AtomicBool) -> io::Result<Said> {
    let mut said = Said::default();
    let mut left = way.cut.map(|(at, _)| at);
    let mut buffer = [0; 4096];
    if left == Some(0) {
        end(from, to, way, over)?;
        return Ok(said);
    }
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            // The other direction may have ended this one.
            Err(error) => {
                let _ = to.shutdown(Shutdown::Write);
                return Err(error);
            }
        };
        thread::sleep(way.delay);
        let bytes = buffer.get(..length.min(left.unwrap_or(length)));
        let bytes = bytes.unwrap_or_default();
        to.write_all(bytes)?;
        if way.twice {
            to.write_all(bytes)?;
        }
        if said.beginning.is_empty() {
            said.at_once = length;
        }
        if said.beginning.len() < LONGEST_REPEAT {
            said.beginning.extend(bytes);
        }
        left = left.map(|left| left - bytes.len());
        if left == Some(0) {
            end(from, to, way, over)?;
            return Ok(said);
        }
    }
    // Whoever has said all may still want to hear; but a connection that is reset says nothing.
    if !over.load(Ordering::SeqCst) {
        let _ = to.shutdown(Shutdown::Write);
    }
    Ok(said)
}

/// Ends both directions in the way that was asked for.
fn end(from: &TcpStream, to: &TcpStream, way: Way, over: &AtomicBool) -> io::Result<()> {
    match way.cut {
        Some((_, End::Half)) => to.shutdown(Shutdown::Write),
        Some((_, End::Reset)) => {
            over.store(true, Ordering::SeqCst);
            for stream in [from, to] {
                // Once nobody holds it any more; a shutdown for writing would say goodbye first.
                SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                stream.shutdown(Shutdown::Read)?;
            }
            Ok(())
        }
        _ => {
            to.shutdown(Shutdown::Both)?;
            from.shutdown(Shutdown::Both)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what it got, and then three bytes; for each connection in turn.
    fn server() -> (String, std::sync::mpsc::Receiver<Vec<u8>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, got) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut all = Vec::new();
                let _ = stream.read_to_end(&mut all);
                told.send(all).unwrap();
                let _ = stream.write_all(b"yes");
            }
        });
        (url, got)
    }

    /// What the server and the client get when the client says `hello`.
    fn through(treatment: Treatment) -> (Vec<Vec<u8>>, Result<Vec<u8>, io::ErrorKind>) {
        let (url, got) = server();
        let proxy = Proxy::start(move |_| treatment).unwrap();
        proxy.lead_to(&url).unwrap();
        let address = proxy.url().strip_prefix("http://").unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"hello").unwrap();
        let _ = client.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let read = client.read_to_end(&mut answer);
        let mut heard = vec![got.recv_timeout(PATIENCE).unwrap()];
        heard.extend(got.recv_timeout(Duration::from_millis(200)));
        (heard, read.map(|_| answer).map_err(|error| error.kind()))
    }

    #[test]
    fn what_passes_passes() {
        let both = (vec![b"hello".to_vec()], Ok(b"yes".to_vec()));
        assert_eq!(through(Treatment::Pass), both);
        assert_eq!(through(Treatment::Delay(Duration::from_millis(20))), both);
    }

    #[test]
    fn a_request_is_cut_in_three_ways() {
        let (heard, answer) = through(Treatment::CutRequest(2, End::Close));
        assert_eq!((heard, answer), (vec![b"he".to_vec()], Ok(Vec::new())));
        let (heard, answer) = through(Treatment::CutRequest(2, End::Half));
        assert_eq!((heard, answer), (vec![b"he".to_vec()], Ok(b"yes".to_vec())));
        let (_, answer) = through(Treatment::CutRequest(2, End::Reset));
        assert_eq!(answer, Err(io::ErrorKind::ConnectionReset));
    }

    #[test]
    fn an_answer_is_cut_and_doubled() {
        let (heard, answer) = through(Treatment::CutAnswer(1, End::Close));
        assert_eq!(
            (heard, answer),
            (vec![b"hello".to_vec()], Ok(b"y".to_vec()))
        );
        assert_eq!(
            through(Treatment::CutAnswer(0, End::Close)).1,
            Ok(Vec::new())
        );
        assert_eq!(through(Treatment::RepeatAnswer).1, Ok(b"yesyes".to_vec()));
    }

    #[test]
    fn a_request_comes_twice() {
        let (heard, answer) = through(Treatment::RepeatRequest);
        assert_eq!(heard, [b"hello", b"hello"]);
        assert_eq!(answer, Ok(b"yes".to_vec()));
    }
}
