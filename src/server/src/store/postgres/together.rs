//! Work of many requests, done together.
//!
//! What is asked for stands in a line, and a few workers do what waits there, each time all of it
//! up to a number, with one statement. Nobody waits for company: where little is asked for, each
//! is done at once and alone. Where much is, one statement, one way to the database and one commit
//! serve all that came while the last one ran.
//!
//! The workers are nobody's request, so that no client who hangs up takes the others with it. And
//! where the database fails, they go on with one at a time, so that a connection that breaks takes
//! few down with it, and what is too much for it at once is not tried for ever.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

use super::connection::Connections;
use crate::store::StoreError;

/// How many statements of a kind run at once.
const WORKERS: usize = 3;
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

/// A line of work. When it goes, its workers end after what they have begun.
pub(super) struct Line<W: Together> {
    waiting: mpsc::Sender<Asked<W>>,
}

impl<W: Together> std::fmt::Debug for Line<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

impl<W: Together> Line<W> {
    /// Starts the workers.
    pub(super) fn new(connections: &Arc<Connections>) -> Self {
        let (waiting, taken) = mpsc::channel(LINE);
        let taken = Arc::new(Mutex::new(taken));
        for _ in 0..WORKERS {
            tokio::spawn(work_off(Arc::clone(connections), Arc::clone(&taken)));
        }
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

async fn work_off<W: Together>(
    connections: Arc<Connections>,
    waiting: Arc<Mutex<mpsc::Receiver<Asked<W>>>>,
) {
    let mut most = MOST;
    loop {
        let mut taken = Vec::with_capacity(most);
        if waiting.lock().await.recv_many(&mut taken, most).await == 0 {
            return;
        }
        let (works, askers): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        let done = do_all(&connections, works).await;
        most = most_after(most, &done);
        for (asker, answer) in askers.into_iter().zip(done) {
            // Nobody may be left to hear it; the work is done all the same.
            let _ = asker.send(answer);
        }
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
    use super::{MOST, most_after};
    use crate::store::StoreError;

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
