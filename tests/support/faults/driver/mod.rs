//! What all faults share: the world that they happen in, those who pay meanwhile, and the check
//! in the end.

pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod customer;
pub(crate) mod damage;
pub(crate) mod image;
pub(crate) mod ledger;
pub(crate) mod outcome;
pub(crate) mod pace;
pub(crate) mod plan;
pub(crate) mod preload;
pub(crate) mod proxy;
pub(crate) mod random;
pub(crate) mod settle;
pub(crate) mod shop;
pub(crate) mod simulator;
pub(crate) mod tally;
pub(crate) mod traffic;
pub(crate) mod webhooks;
pub(crate) mod world;
