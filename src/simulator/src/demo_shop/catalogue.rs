//! What the shop sells. Prices are decided here, never in the browser.

use serde::{Deserialize, Serialize};

/// The catalogue as the pages read it too.
pub const JSON: &str = include_str!("../../../../www/shop/products.json");

/// At most this many pieces of one product.
pub const MOST: u32 = 99;

/// What the shop sells and what delivery costs.
#[derive(Debug, Deserialize)]
pub struct Catalogue {
    /// Delivery in cents.
    pub delivery: u64,
    /// From this many cents on, delivery is free.
    pub free_from: u64,
    /// The products, in order.
    pub products: Vec<Product>,
}

/// A product.
#[derive(Debug, Deserialize)]
pub struct Product {
    /// Its name in forms and addresses.
    pub id: String,
    /// Its price in cents, tax included.
    pub price: u64,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The product.
    pub id: String,
    /// How many.
    pub quantity: u32,
    /// All of them in cents.
    pub sum: u64,
}

/// A basket with its prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bill {
    /// What is bought, in the catalogue's order.
    pub lines: Vec<Line>,
    /// Delivery in cents.
    pub delivery: u64,
    /// All in cents.
    pub total: u64,
}

impl Catalogue {
    /// Reads the built-in catalogue; a test makes sure that it can be read.
    #[must_use]
    pub fn load() -> Self {
        serde_json::from_str(JSON).unwrap_or(Self {
            delivery: 0,
            free_from: 0,
            products: Vec::new(),
        })
    }

    /// Prices a basket; `quantity` says how many of a product. `None` when it is empty or more than fits.
    #[must_use]
    pub fn bill(&self, quantity: impl Fn(&str) -> u32) -> Option<Bill> {
        let mut lines = Vec::new();
        let mut goods: u64 = 0;
        for product in &self.products {
            let quantity = quantity(&product.id);
            if quantity > MOST {
                return None;
            }
            if quantity > 0 {
                let sum = product.price.checked_mul(u64::from(quantity))?;
                goods = goods.checked_add(sum)?;
                lines.push(Line {
                    id: product.id.clone(),
                    quantity,
                    sum,
                });
            }
        }
        let delivery = if goods >= self.free_from {
            0
        } else {
            self.delivery
        };
        let total = goods.checked_add(delivery)?;
        (!lines.is_empty()).then_some(Bill {
            lines,
            delivery,
            total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Catalogue;

    #[test]
    fn delivery_is_added_below_the_limit_and_free_from_it_on() {
        let catalogue = Catalogue::load();
        let of = |id: &'static str, many| {
            catalogue
                .bill(move |name| if name == id { many } else { 0 })
                .unwrap()
        };
        let one = of("tea", 1);
        assert_eq!((one.delivery, one.total), (490, 890 + 490));
        let many = of("tea", 8);
        assert_eq!((many.delivery, many.total), (0, 8 * 890));
    }

    #[test]
    fn an_empty_or_absurd_basket_has_no_bill() {
        let catalogue = Catalogue::load();
        assert_eq!(catalogue.bill(|_| 0), None);
        assert_eq!(catalogue.bill(|_| 100), None);
        assert_eq!(
            catalogue.bill(|_| 99).unwrap().lines.len(),
            catalogue.products.len()
        );
    }
}
