//! Work of many requests, done together.
//!
//! What is asked for stands in a line, and a worker does what waits there, each time all of it up
//! to a number, with one statement. Nobody waits for company: where little is asked for, each is
//! done at once and alone. Where much is, one statement, one way to the database and one commit
//! serve all that came while the last one ran. The more of them, the less each costs: so a second
//! statement is begun beside the first only where more waits than one can do, or where the first
//! takes its time, for a disk or a network that is slow or a row that somebody else holds.
//!
//! The worker is nobody's request, so that no client who hangs up takes the others with it. And
//! where the database fails, it goes on with one at a time, so that a connection that breaks takes
//! few down with it, and what is too much for it at once is not tried for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};

use super::connection::Connections;
use crate::store::StoreError;

/// How many statements of a kind run at once, at most.
const STATEMENTS: usize = 3;
/// How long a statement runs alone before the next one is begun beside it.
const ALONE: Duration = Duration::from_millis(5);
/// The most that one statement does.
const MOST: usize = 32;
/// How much may wait before those who ask are held up.
const LINE: usize = 4_096;

/// Work that can be done for several at once.
pub(super) trait Together: Sized + Send + Sync + 'static {
    /// What comes of each.
    type Answer: Send + 'static;

    /// Does all of it with one statement, or nothing; an answer for each, in order.
    fn together(
        connections: &Connections,
        works: &[Self],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

type Answered<W> = Result<(W, <W as Together>::Answer), StoreError>;

/// Work, and who waits for its answer.
type Asked<W> = (W, oneshot::Sender<Answered<W>>);

/// A line of work. When it goes, its worker ends after what it has begun.
pub(super) struct Line<W: Together> {
    waiting: mpsc::Sender<Asked<W>>,
}

impl<W: Together> std::fmt::Debug for Line<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

impl<W: Together> Line<W> {
    /// Starts the worker.
    pub(super) fn new(connections: &Arc<Connections>) -> Self {
        let (waiting, line) = mpsc::channel(LINE);
        tokio::spawn(work_off(Arc::clone(connections), line));
        Self { waiting }
    }

    /// How many wait for their statement to begin.
    pub(super) fn length(&self) -> usize {
        self.waiting.max_capacity() - self.waiting.capacity()
    }

    /// Has it done; gives it back with what came of it.
    pub(super) async fn ask(&self, work: W) -> Answered<W> {
        let (asker, answer) = oneshot::channel();
        let asked = self.waiting.send((work, asker)).await;
        asked.map_err(|_| StoreError::Unavailable)?;
        answer.await.map_err(|_| StoreError::Unavailable)?
    }
}

async fn work_off<W: Together>(connections: Arc<Connections>, mut line: mpsc::Receiver<Asked<W>>) {
    let most = Arc::new(AtomicUsize::new(MOST));
    let places = Arc::new(Semaphore::new(STATEMENTS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let mut taken = Vec::new();
        if line.recv_many(&mut taken, most.load(Relaxed)).await == 0 {
            return;
        }
        let (connections, most) = (Arc::clone(&connections), Arc::clone(&most));
        let statement = tokio::spawn(async move {
            do_and_answer(&connections, taken, &most).await;
            drop(place);
        });
        if line.len() < MOST {
            // It goes on where this wait ends first, and a panic in it is nobody else's.
            let _ = timeout(ALONE, statement).await;
        }
    }
}

async fn do_and_answer<W: Together>(
    connections: &Connections,
    taken: Vec<Asked<W>>,
    most: &AtomicUsize,
) {
    let (works, askers): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
    let done = do_all(connections, works).await;
    most.store(most_after(most.load(Relaxed), &done), Relaxed);
    for (asker, answer) in askers.into_iter().zip(done) {
        // Nobody may be left to hear it; the work is done all the same.
        let _ = asker.send(answer);
    }
}

/// How much is done at once after this.
fn most_after<T>(most: usize, done: &[Result<T, StoreError>]) -> usize {
    let failed = |done: &Result<T, StoreError>| matches!(done, Err(StoreError::Unavailable));
    if done.iter().any(failed) {
        1
    } else {
        most.saturating_mul(2).min(MOST)
    }
}

/// All at once, and where that is refused, one by one: who is refused is refused alone.
async fn do_all<W: Together>(connections: &Connections, works: Vec<W>) -> Vec<Answered<W>> {
    match W::together(connections, &works).await {
        Ok(answers) => works.into_iter().zip(answers).map(Ok).collect(),
        Err(StoreError::Refused) if works.len() > 1 => {
            let mut done = Vec::with_capacity(works.len());
            for work in works {
                let alone = std::slice::from_ref(&work);
                let answers = W::together(connections, alone).await;
                done.push(answers.and_then(|answers| {
                    let answer = answers.into_iter().next();
                    answer
                        .map(|answer| (work, answer))
                        .ok_or(StoreError::Corrupt("answer"))
                }));
            }
            done
        }
        Err(error) => works.iter().map(|_| Err(error)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures_util::future::join_all;
    use tokio::{join, time::timeout};

    use super::{ALONE, Connections, Line, MOST, STATEMENTS, Together, most_after};
    use crate::{config::Database, store::StoreError};

    /// What is done without a database.
    enum Pretended {
        Quick,
        /// For as long as anybody waits.
        Hangs,
        Panics,
    }

    impl Together for Pretended {
        type Answer = usize;

        /// How many were done at once.
        async fn together(_: &Connections, works: &[Self]) -> Result<Vec<usize>, StoreError> {
            for work in works {
                match work {
                    Self::Quick => {}
                    Self::Hangs => std::future::pending().await,
                    Self::Panics => panic!("for the test"),
                }
            }
            Ok(works.iter().map(|_| works.len()).collect())
        }
    }

    fn line() -> Line<Pretended> {
        let nowhere = Database::parse_secret("postgres://kassa@127.0.0.1:1/kassa");
        let Ok(Database::Postgres(address)) = nowhere else {
            panic!("{nowhere:?}");
        };
        Line::new(&Arc::new(Connections::new(&address).unwrap()))
    }

    async fn asked(line: &Line<Pretended>, work: Pretended) -> Option<Result<usize, StoreError>> {
        let answer = timeout(Duration::from_millis(500), line.ask(work)).await;
        Some(answer.ok()?.map(|(_, together)| together))
    }

    #[tokio::test]
    async fn what_hangs_holds_nobody_else_up_until_all_statements_do() {
        let line = line();
        for hanging in 1..=STATEMENTS {
            assert_eq!(asked(&line, Pretended::Quick).await, Some(Ok(1)));
            assert_eq!(asked(&line, Pretended::Hangs).await, None, "{hanging}");
        }
        assert_eq!(asked(&line, Pretended::Quick).await, None);
    }

    #[tokio::test]
    async fn what_comes_while_a_statement_runs_is_done_together() {
        let line = line();
        let (hangs, one, two, three) = join!(
            asked(&line, Pretended::Hangs),
            asked(&line, Pretended::Quick),
            asked(&line, Pretended::Quick),
            asked(&line, Pretended::Quick),
        );
        // All four came before the first statement began.
        assert_eq!([hangs, one, two, three], [None; 4]);
        let (one, two, three) = join!(
            asked(&line, Pretended::Quick),
            asked(&line, Pretended::Quick),
            asked(&line, Pretended::Quick),
        );
        assert_eq!([one, two, three], [Some(Ok(3)); 3]);
    }

    #[tokio::test]
    async fn what_is_enough_for_a_statement_of_its_own_waits_for_no_other() {
        // Once is enough, since a machine that is busy may take longer at any time.
        for _ in 0..50 {
            let line = line();
            let hanging = join_all((0..MOST).map(|_| line.ask(Pretended::Hangs)));
            let quick = join_all((0..MOST).map(|_| asked(&line, Pretended::Quick)));
            let sooner = timeout(ALONE - Duration::from_millis(1), async {
                join!(timeout(Duration::ZERO, hanging), quick).1
            });
            if let Ok(done) = sooner.await {
                assert_eq!(done, vec![Some(Ok(MOST)); MOST]);
                return;
            }
        }
        panic!("it waited each time");
    }

    #[tokio::test]
    async fn a_panic_takes_only_its_own_statement_down() {
        let line = line();
        for _ in 0..STATEMENTS + 1 {
            let refused = Some(Err(StoreError::Unavailable));
            assert_eq!(asked(&line, Pretended::Panics).await, refused);
        }
        assert_eq!(asked(&line, Pretended::Quick).await, Some(Ok(1)));
    }

    #[test]
    fn after_a_failure_it_is_one_at_a_time_and_soon_many_again() {
        let failed = [Ok(()), Err(StoreError::Unavailable)];
        assert_eq!(most_after(MOST, &failed), 1);
        let mut most = 1;
        for _ in 0..5 {
            most = most_after(most, &[Ok(()), Err(StoreError::Refused)]);
        }
        assert_eq!((most, most_after(most, &[Ok(())])), (MOST, MOST));
    }
}
