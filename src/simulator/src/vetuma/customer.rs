//! The customers of the simulated VETUMA: their shared secrets and configurations. All but the published test key are invented.

use super::mac::Secret;

/// What a secret is for. A customer gets one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `TYPE=PAYMENT`
    Payment,
    /// `TYPE=LOGIN`
    Login,
}

/// Which version of the call interface a customer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// 2.2 of 2008: order numbers of 1 to 9 digits, no CHECK, no `PAYM_CALL_ID`.
    V2_2,
    /// 3.x: order numbers of up to 32 letters and digits, and CHECK.
    V3,
}

/// A customer configuration: what `AP` names.
#[derive(Debug)]
pub struct Configuration {
    /// Its id.
    pub ap: &'static str,
    /// The families of methods that it allows, by the first character of their codes.
    pub allows: &'static str,
}

/// A shared secret with all that VETUMA keeps beside it.
#[derive(Debug)]
pub struct Customer {
    /// The secret's id.
    pub rcvid: &'static str,
    key: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// Which version its calls have.
    pub profile: Profile,
    /// The configurations that may be used with it.
    pub configurations: &'static [Configuration],
}

impl Customer {
    /// The secret.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(format!("{}-{}", self.rcvid, self.key))
    }

    /// The configuration with an id, where the secret may be used with it.
    #[must_use]
    pub fn configuration(&self, ap: &str) -> Option<&'static Configuration> {
        self.configurations.iter().find(|one| one.ap == ap)
    }
}

/// All customers.
pub static CUSTOMERS: [Customer; 3] = [
    // The test key that three public repositories print; it was never good for anything but tests.
    Customer {
        rcvid: "TESTIASIAKAS11",
        key: "873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35",
        purpose: Purpose::Payment,
        profile: Profile::V3,
        configurations: &[
            Configuration {
                ap: "TESTIASIAKAS1",
                allows: "PL",
            },
            Configuration {
                ap: "TESTIASIAKAS1PANKIT",
                allows: "P",
            },
        ],
    },
    Customer {
        rcvid: "TESTIASIAKAS1T1",
        key: "50F3EA9BD66D849414BAD6F0A03040B210DF363F10FC2A1C99AF926DF88E248D",
        purpose: Purpose::Login,
        profile: Profile::V3,
        configurations: &[Configuration {
            ap: "TESTIASIAKAS1",
            allows: "6",
        }],
    },
    Customer {
        rcvid: "VANHAKUNTA1P1",
        key: "75F874AA270268CCEA459187703B3A30650DBC97F7B02C017FC2429955923995",
        purpose: Purpose::Payment,
        profile: Profile::V2_2,
        configurations: &[Configuration {
            ap: "VANHAKUNTA1",
            allows: "PL",
        }],
    },
];

/// The customer with a secret of that id.
#[must_use]
pub fn by_rcvid(rcvid: &str) -> Option<&'static Customer> {
    CUSTOMERS.iter().find(|customer| customer.rcvid == rcvid)
}

/// The first customer with a secret for that.
#[must_use]
pub fn by_purpose(purpose: Purpose) -> Option<&'static Customer> {
    CUSTOMERS
        .iter()
        .find(|customer| customer.purpose == purpose)
}
