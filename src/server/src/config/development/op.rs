//! The demo shop's account at the simulated OP.

use kassa_checkout::{message::Purpose, provider::Provider};
use kassa_keys::{KeyError, Keyring, RsaSha256Key, RsaSha256PublicKey};
use kassa_providers::{Settings, SettingsError};
use url::Url;

/// The private key that OP's documentation prints: what signs in its sandbox.
const EXAMPLE_KEY: &str = concat!(
    "-----BEGIN PRIVATE KEY-----\n",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCq4FH4inYm9rsbPIIFb/tH1E/eYX3sXG2JEYFvvjSZIoYUCq8lzzKyfP+GrFjzzqNjpg5naQtyvUi67yCIFRP8rhpEi0zpBoSip989VeWxp6PJ3y+V6xYVI8a7dft/5jKnj6B/rtPkZL28Sb1dIhq3DqAiddWCoqT6gcm+B/w2AUZ97v4XMYBh3P46+UHkNIVZxd2zh8HwIpkfvySRFxSGj+tnFT8y6Z9GBNz/RaCmqAxfYt6JTPOmvX2Ep4l+LH8h8947epaI5ZdHktZO4br87KxU9Rnw56mAwfkPaWAINDnmogQdXndduSjCH696Ex7JgFfts8pSAkEMWDQOWlC9AgMBAAECggEAToZZhRL0KwG1iFWtFpyYaDDsJzC8MnNjLtsplVVeTIUuAmXKiWCHVrjUoGnxUtFCCpgUBHekeCz+EFG1rHOrRLIphhhR1sBVEX59u20O6i40uZ9j+cwX0M0pFZqpYeRCoPgC9Mo9u7aD7tQgPn1es4L4Gf32iVr+39PnBvoacCIznxAUdY4MW/PgdDZRwtO/AR+KEA9bUBro0TOCvTMpeR9EJ9spD0/SfuCDfI+WdofY2hW7TZbboRt1dszoHcdQelZkFdOM/oAE2MYMzlBAbygJJUkjyAoI9Bez1997DhJk01sDbNZTpGJP59aP379R1uoW3rTHmUANxmRcpyZrrQKBgQDWJE8hkvISNCXROgMZea5IGGuseK5o2HDuVAwmGbSf5NfzH5AmET7laYZNx2oniSv1LHm24rucNttc/6RA5qz/nvEbG07AW2DFal7EXYbBZLcQPe9chVUExeWbBs88rhKH4CQ1t6c6y1CzYhSVwRRXKddw4qXdPvD1GHp5Jsl0MwKBgQDMRv6d8ymPZbRIQ1mThGUFoZY15DHQk2DW76tPczY7Xz/Z9UuCmQcH+Nenv8QfdnZF81DhGtt8nfzQECqJwcHdhthx2Fbbin5kBJpFd8KAN4zCcKVbFH+ewNKGT6Kn6GDcc6+nNnch9dXG4dQkB93lZdeWXHawL/rJudwW1GW3TwKBgGqjUjSp9JpUFbEHbpu1GLEWWChfQJs9jZ9hg1tF2cj2MQQFZ8dNN0EPN65r69UcXiONrl8AseSs/LhnJeib9vKkt/SDuMfZuWsV+XNYD88m1HLmJNiyHRBvbFOzJGhXVysK131Yo5KHxPxPj2iz6ekuEPdKJsbynROwyOykABY5AoGAaxY8nCjA/L9gRxGnf8HEA7O1vwKlaqYX+hUiRUAsietg2a3Rq+D04qT8yJ+q/KNpVTo8iAVAUo+v3JLc+eJs8uihxuyWe/iaUWxoQ0qI2BZG4BeVV63jSSHkOyy8JDGZtXef+ZR/13m8W8o/H7RQCtXcsqI+Rhag7edVDVLDD9kCgYEAzjrCOi45+wmaWib/yGKUkCLNmC2NYfyxgHXHsTKfC06CWpuchQBJnW06NxXjnSoZ6kPl4JPJv17gvd+UcXaR64nLLmZQl9ij4UW/F6giq2T2hZu2yu2FQdASSY7PYPtIZZX6BuSxAWR++tGEidEwGf4XybYqmS2/BrmS9Pvj164=",
    "\n-----END PRIVATE KEY-----"
);

/// The public half of what the simulated OP signs its callbacks with.
const CALLBACK_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3EKFSp7CXTcDoTSMCh7c
GWIjeGe0aovG32EHnKUCm+PAa26C7L5FpH5rQXDiT+xY3bqnQA3v3YcaEVqc7CIa
q1VRqnd2NNsaCAK/wAmNFIEOPIdcgeR96o11caz5E39ROTgk5kdy78EwufMlnJd3
/SAQxhrByyVKYFDEpYokiN1UE8zQ706cRULenYu6hQS+FBGd7K6rHmAOciMOHZVJ
mLDfj+jWJ8v0w7VI6yPvUQ7Q1pF1+zfa3tY4wJQIsvYr4at+5CV5r30iQ7mDhN21
Ykcv9BJW5w0dNTT249dg59dWHjL2IOcxRcJb9y6WhCWI1X0RdT54nO1DkOk1KW/t
WQIDAQAB
-----END PUBLIC KEY-----";

/// The other banks, by Kassa's names and the simulated OP's identifiers.
const BANKS: &str = "aktia=sim-aktia,danske=sim-danske-bank,handelsbanken=sim-handelsbanken,\
    nordea=sim-nordea,omasp=sim-oma-savings-bank,pop=sim-pop-bank,s-pankki=sim-s-bank,\
    saastopankki=sim-savings-bank,alandsbanken=sim-bank-of-aland";

/// The account, at the simulator's address.
pub(super) fn provider(simulator: &Url) -> Result<Box<dyn Provider>, SettingsError> {
    let rest = format!("{simulator}op/paymentbutton/v1");
    let browser = format!("{simulator}op");
    let settings = [
        ("environment", "sandbox"),
        // Invented; a test looks for them in all that comes to a browser.
        ("merchant_id", "kassa-development-merchant-0001"),
        ("account_id", "kassa-development-account-0001"),
        ("api_key", "kassa-development-api-key-0001"),
        ("key_version", "1"),
        ("rest_url", &rest),
        ("browser_url", &browser),
        ("success_words", "SIM_PAID"),
        ("cancelled_words", "SIM_CANCELLED"),
        ("failed_words", "SIM_FAILED"),
        ("multibank", "true"),
        ("banks", BANKS),
        ("bank_available_words", "SIM_AVAILABLE"),
        ("callbacks", "true"),
        ("refund_message_field", "text"),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    kassa_providers::build("op", &Settings::from(settings))
}

/// The keys to it.
pub(super) fn keyring(shop: &str) -> Result<Keyring, KeyError> {
    let mut keyring = Keyring::default();
    let key = RsaSha256Key::parse(EXAMPLE_KEY)?;
    keyring.add(shop, "op", Purpose::Payment, key);
    let key = RsaSha256PublicKey::parse(CALLBACK_KEY)?;
    keyring.add(shop, "op", Purpose::Callback, key);
    Ok(keyring)
}
