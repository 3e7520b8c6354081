//! Metsän Puoti, a small shop that takes payments through Kassa.
//!
//! [`client`] and [`webhooks`] are what a shop developer wants to read; the rest is a shop: a
//! catalogue, orders in memory, static pages. Nothing of Kassa's own code is used.

pub mod catalogue;
pub mod client;
pub mod journal;
pub mod orders;
mod pages;
mod routes;
pub mod webhooks;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;

use catalogue::Catalogue;
use client::Kassa;
use journal::Journal;
use orders::{Orders, Provider};
use webhooks::{Handled, Secret, SecretError};

/// The API key of the development shop; refused outside development.
const DEVELOPMENT_KEY: &str = "kassa_dev_demo_0123456789abcdef0123456789abcdef";
/// The same shop's API key where it is paid through OP.
const DEVELOPMENT_KEY_AT_OP: &str = "kassa_dev_op_0123456789abcdef0123456789abcdef";
/// The webhook secret of the development shop; refused outside development.
const DEVELOPMENT_SECRET: &str = "whsec_a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=";

/// Where everything is. Addresses are origins, without a slash at the end.
#[derive(Clone)]
pub struct Config {
    /// Kassa, as this process reaches it.
    pub kassa: String,
    /// Kassa, as a browser reaches it.
    pub public_kassa: String,
    /// The provider's page that a browser may send a form to.
    pub provider: String,
    /// This shop, as a browser reaches it.
    pub shop: String,
    /// The key of the shop API.
    pub api_key: String,
    /// The key of the shop API for the account at OP. Only a demo lets its visitor choose: a shop
    /// has one key, and Kassa knows where its payments go.
    pub api_key_at_op: String,
    /// The secret of the webhooks.
    pub webhook_secret: Secret,
    /// The clock, in Unix seconds.
    pub now: fn() -> u64,
}

impl Config {
    /// The development configuration: all on loopback, with keys that everybody knows.
    ///
    /// # Errors
    /// [`SecretError`] when the built-in secret is malformed.
    ///
    /// # Examples
    /// ```
    /// let config = kassa_simulator::demo_shop::Config::development()?;
    /// assert_eq!(config.shop, "http://127.0.0.1:8082");
    /// let router = kassa_simulator::demo_shop::app(config);
    /// # drop(router);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn development() -> Result<Self, SecretError> {
        Ok(Self {
            kassa: "http://127.0.0.1:8080".to_owned(),
            public_kassa: "http://127.0.0.1:8080".to_owned(),
            provider: "http://127.0.0.1:8081".to_owned(),
            shop: "http://127.0.0.1:8082".to_owned(),
            api_key: DEVELOPMENT_KEY.to_owned(),
            api_key_at_op: DEVELOPMENT_KEY_AT_OP.to_owned(),
            webhook_secret: Secret::parse(DEVELOPMENT_SECRET)?,
            now: unix_now,
        })
    }
}

/// The shop, pages and API. State is in memory and ends with the router.
pub fn app(config: Config) -> Router {
    let shop = Shop {
        client: Kassa::new(&config.kassa, &config.api_key),
        client_at_op: Kassa::new(&config.kassa, &config.api_key_at_op),
        catalogue: Catalogue::load(),
        orders: Mutex::new(Orders::starting_at((config.now)())),
        journal: Mutex::default(),
        handled: Mutex::default(),
        config,
    };
    routes::router(Arc::new(shop))
}

struct Shop {
    config: Config,
    client: Kassa,
    client_at_op: Kassa,
    catalogue: Catalogue,
    orders: Mutex<Orders>,
    journal: Mutex<Journal>,
    handled: Mutex<Handled>,
}

impl Shop {
    /// Kassa, for payments through this provider.
    fn kassa(&self, provider: Provider) -> &Kassa {
        match provider {
            Provider::Ecommpay => &self.client,
            Provider::Op => &self.client_at_op,
        }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        lock(&self.orders)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    fn handled(&self) -> MutexGuard<'_, Handled> {
        lock(&self.handled)
    }
}

/// Nothing here can be left half-done by a panic, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
