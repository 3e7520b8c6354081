//! References of a shop's series, a block at a time for each node, so that the creates of a shop
//! do not wait for one row. What is left of a block when its node ends is never used.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    connection::Connections,
    row::{get, int, natural},
};
use crate::store::{StoreError, transition};

/// How many numbers a node takes at once.
const BLOCK: u64 = 128;

/// References that this node may give to payments of a shop, in their order.
type Block = Arc<tokio::sync::Mutex<VecDeque<String>>>;

/// The blocks of this node.
#[derive(Debug, Default)]
pub(super) struct Series {
    blocks: Mutex<HashMap<(String, String), Block>>,
}

impl Series {
    /// A reference of the series that no payment had when it was taken.
    pub(super) async fn next(
        &self,
        connections: &Connections,
        shop: &str,
        prefix: &str,
    ) -> Result<String, StoreError> {
        let block = self.block(shop, prefix);
        // Held while a new block comes: whoever else needs a reference waits for the same one.
        let mut block = block.lock().await;
        loop {
            if let Some(reference) = block.pop_front() {
                return Ok(reference);
            }
            *block = take(connections, shop, prefix).await?;
        }
    }

    fn block(&self, shop: &str, prefix: &str) -> Block {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (shop.to_owned(), prefix.to_owned());
        Arc::clone(blocks.entry(key).or_default())
    }
}

/// Takes the next block, without the references that the shop used already by its own choice.
async fn take(
    connections: &Connections,
    shop: &str,
    prefix: &str,
) -> Result<VecDeque<String>, StoreError> {
    let row = connections
        .row(
            "insert into reference_series as s (shop, prefix, last) values ($1, $2, $3) \
             on conflict (shop, prefix) do update set last = s.last + excluded.last \
             returning last",
            &[&shop, &prefix, &int(BLOCK)],
        )
        .await?;
    let last = natural(get(&row, 0)?);
    let mut references = Vec::new();
    for number in last.saturating_sub(BLOCK).saturating_add(1)..=last {
        match transition::series_reference(prefix, number) {
            Ok(reference) => references.push(reference),
            // The series ends within the block.
            Err(_) if !references.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let used = connections
        .query(
            "select reference from payments where shop = $1 and reference = any($2)",
            &[&shop, &references],
        )
        .await?;
    for row in &used {
        let used: &str = get(row, 0)?;
        references.retain(|reference| reference != used);
    }
    Ok(references.into())
}
