//! A server under load: the real program on a folder of its own.

use std::{
    fs,
    io::{BufWriter, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use kassa_tests::services::{DEV_API_KEY, Http, Problem, Service, free_port};
use serde_json::json;

use crate::{
    callbacks::Callbacks,
    database::Database,
    template::{Copy, KEY, Table},
};

/// Callbacks of one round.
const CALLBACKS: &str = "callbacks.";
/// Tokens whose status is asked for, one a line.
const TOKENS: &str = "tokens";
/// So many tokens at most are asked for: what a server keeps of each is not what is measured.
const MOST_TOKENS: u64 = 10_000;
/// A restarted server that does not answer within so long never will.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to start a server.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its first arguments.
    pub(crate) arguments: Vec<String>,
}

/// A running server with its payments.
pub(crate) struct Subject {
    start: Start,
    folder: PathBuf,
    database: Box<dyn Database>,
    service: Option<Service>,
    tables: Vec<Table>,
    http: Http,
    /// A shop that takes a call and never answers: webhooks are written down, and then they wait.
    silent_shop: TcpListener,
    /// The most memory that any process of it had, in kB.
    memory: u64,
}

impl Subject {
    /// A server with so many payments, each with an attempt that nothing is known of yet.
    ///
    /// # Errors
    /// When the program does not start or does not answer as expected.
    pub(crate) fn filled(
        start: &Start,
        folder: &Path,
        database: Box<dyn Database>,
        payments: u64,
    ) -> Result<Self, Problem> {
        let mut subject = Self {
            start: start.clone(),
            folder: folder.to_owned(),
            database,
            service: None,
            tables: Vec::new(),
            http: Http::default(),
            silent_shop: TcpListener::bind(("127.0.0.1", 0))?,
            memory: 0,
        };
        subject.start()?;
        let id = subject.first_payment()?;
        subject.stop()?;
        subject.tables = subject.database.template(&id)?;
        let mut tokens = BufWriter::new(fs::File::create(folder.join(TOKENS))?);
        let mut listed = 0;
        let step = payments.div_ceil(MOST_TOKENS).max(1);
        let mut list = |copy: &Copy| {
            if listed % step == 0 {
                writeln!(tokens, "{}", copy.token())?;
            }
            listed += 1;
            Ok(())
        };
        subject
            .database
            .fill(&subject.tables, payments, &mut list)?;
        tokens.flush()?;
        subject.start()?;
        Ok(subject)
    }

    /// Keeps the payments as they are now, for [`Self::reset`].
    ///
    /// # Errors
    /// When they cannot be copied, or the server does not start.
    pub(crate) fn keep(&mut self) -> Result<(), Problem> {
        self.stop()?;
        self.database.keep()?;
        self.start()
    }

    /// Puts back the payments that were kept.
    ///
    /// # Errors
    /// When they cannot be copied, or the server does not start.
    pub(crate) fn reset(&mut self) -> Result<(), Problem> {
        self.stop()?;
        self.database.put_back()?;
        self.start()
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        self.service.as_ref().map_or("", Service::url)
    }

    /// The shop's address.
    pub(crate) fn shop(&self) -> String {
        let address = self.silent_shop.local_addr();
        address.map_or_else(|_| String::new(), |at| format!("http://{at}"))
    }

    /// The file of tokens.
    pub(crate) fn tokens(&self) -> String {
        self.folder.join(TOKENS).display().to_string()
    }

    /// Makes attempts and the callbacks about them; answers the files' beginning.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn prepare_callbacks(&self, count: u64) -> Result<String, Problem> {
        let path = self.folder.join(CALLBACKS);
        let mut callbacks = Callbacks::create(&path)?;
        let mut sign = |copy: &Copy| callbacks.add(&copy.attempt());
        self.database.fill(&self.tables, count, &mut sign)?;
        callbacks.finish()?;
        Ok(path.display().to_string())
    }

    /// The sum of the samples of a metric whose line holds all of these words.
    ///
    /// # Errors
    /// When the server does not tell.
    pub(crate) fn metric(&self, words: &[&str]) -> Result<u64, Problem> {
        let text = self.http.get(&format!("{}/metrics", self.url()), &[])?.body;
        let samples = text
            .lines()
            .filter(|line| words.iter().all(|word| line.contains(word)))
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(_, value)| value.parse::<u64>().ok());
        Ok(samples.sum())
    }

    /// The most memory that it had at once until now, in kB.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn peak_memory(&mut self) -> Result<u64, Problem> {
        if let Some(service) = &self.service {
            self.memory = self.memory.max(peak_memory(service.pid())?);
        }
        Ok(self.memory)
    }

    /// Kills the server, starts it again and waits for the first status it answers.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn restart(&mut self) -> Result<Duration, Problem> {
        self.stop()?;
        let tokens = fs::read_to_string(self.folder.join(TOKENS))?;
        let token = tokens.lines().next().ok_or("no payment to ask for")?;
        let port = free_port()?;
        let status = format!("http://127.0.0.1:{port}/checkout/{token}/status");
        let mut arguments = self.arguments();
        arguments.extend(["--listen".to_owned(), format!("127.0.0.1:{port}")]);
        let began = Instant::now();
        let server = Killed(
            Command::new(&self.start.program)
                .args(arguments)
                .current_dir(&self.folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?,
        );
        let took = loop {
            match self.http.get(&status, &[]) {
                Ok(answer) if answer.status == 200 => break began.elapsed(),
                Ok(answer) => return Err(format!("the first answer was {}", answer.status).into()),
                Err(_) if began.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(error),
            }
        };
        drop(server);
        self.start()?;
        Ok(took)
    }

    /// How many bytes the database takes.
    ///
    /// # Errors
    /// When that cannot be told.
    pub(crate) fn database_bytes(&self) -> Result<u64, Problem> {
        self.database.bytes()
    }

    fn start(&mut self) -> Result<(), Problem> {
        let mut arguments = self.arguments();
        arguments.extend(["--listen".to_owned(), "127.0.0.1:0".to_owned()]);
        let service = Service::start("kassa", &self.start.program, &arguments, &[], &self.folder)?;
        self.service = Some(service);
        Ok(())
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = self.start.arguments.clone();
        arguments.extend(self.database.arguments());
        arguments.push("--shop".to_owned());
        arguments.push(self.shop());
        arguments
    }

    fn stop(&mut self) -> Result<(), Problem> {
        self.peak_memory()?;
        match self.service.take() {
            Some(mut service) => service.kill(),
            None => Ok(()),
        }
    }

    /// A payment with an attempt, made as a shop and a customer make it.
    fn first_payment(&self) -> Result<String, Problem> {
        let authorization = format!("Bearer {DEV_API_KEY}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("idempotency-key", KEY),
        ];
        let order = json!({
            "order": "10000000000",
            "amount": 4_990,
            "return_url": format!("{}/thanks", self.shop()),
        });
        let url = format!("{}/v1/payments", self.url());
        let payment = self.http.post_json(&url, &headers, &order)?.json()?;
        let text = |name: &str| {
            let text = payment.get(name).and_then(|value| value.as_str());
            text.map(str::to_owned)
                .ok_or_else(|| format!("no {name} in {payment}"))
        };
        let url = format!("{}/checkout/{}/pay", self.url(), text("token")?);
        let paid = self
            .http
            .post_json(&url, &[], &json!({ "bank": "nordea" }))?;
        if paid.status != 200 {
            return Err(format!("no attempt was begun: {}", paid.body).into());
        }
        Ok(text("id")?)
    }
}

/// A process that does not outlive its name.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn peak_memory(pid: u32) -> Result<u64, Problem> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.ok_or("the system tells no VmHWM")?.parse()?)
}
