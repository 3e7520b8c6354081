//! The parameters of VETUMA's messages, in the one order that all messages share.

/// Declares the fields as one table: variant, place in the order, name on the wire.
macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $ordinal:literal, $name:literal;)+) => {
        /// A parameter. Their order is the order in which values enter the MAC, whatever the
        /// message. Places 14, 16, 17 and 30 to 33 belong to fields that nothing public names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $($(#[$doc])* $variant),+ }

        impl Field {
            /// Every field, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The place in the order.
            #[must_use]
            pub const fn ordinal(self) -> u8 {
                match self { $(Self::$variant => $ordinal),+ }
            }

            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

fields! {
    /// The name of the shared secret.
    Rcvid = 1, "RCVID";
    /// The application's own name for itself, for reports of use.
    Appid = 2, "APPID";
    /// When the message was made.
    Timestmp = 3, "TIMESTMP";
    /// The method: in a call the one to begin with, in an answer the one that was used.
    So = 4, "SO";
    /// The methods that may be offered.
    Solist = 5, "SOLIST";
    /// The service type.
    Type = 6, "TYPE";
    /// The function.
    Au = 7, "AU";
    /// Who was identified.
    Userid = 8, "USERID";
    /// The language.
    Lg = 9, "LG";
    /// Where the browser brings the answer of a success.
    Returl = 10, "RETURL";
    /// Where it brings that of a cancellation.
    Canurl = 11, "CANURL";
    /// Where it brings that of anything else.
    Errurl = 12, "ERRURL";
    /// The customer configuration.
    Ap = 13, "AP";
    /// The authentication code. It is no part of what it is computed over.
    Mac = 15, "MAC";
    /// The names of who was identified.
    Subjectdata = 18, "SUBJECTDATA";
    /// More that is asked for or told about a person.
    Extradata = 19, "EXTRADATA";
    /// The application's name, for the customer to read.
    Appname = 20, "APPNAME";
    /// The sum.
    Am = 21, "AM";
    /// The identifier that VETUMA makes against paying twice.
    Payid = 22, "PAYID";
    /// The reference of a bank payment.
    Ref = 23, "REF";
    /// The order number of a card payment.
    Ordnr = 24, "ORDNR";
    /// What the payer's account statement says.
    Msgbuyer = 25, "MSGBUYER";
    /// What the payee's account statement says.
    Msgseller = 26, "MSGSELLER";
    /// What the payment form says.
    Msgform = 27, "MSGFORM";
    /// The archive identifier of the bank.
    Paid = 28, "PAID";
    /// How it ended.
    Status = 29, "STATUS";
    /// The transaction identifier of the caller, which comes back with the answer.
    Trid = 34, "TRID";
    /// Population data.
    Vtjdata = 35, "VTJDATA";
    /// The identifier of a payment call, by which it can be asked about.
    PaymCallId = 36, "PAYM_CALL_ID";
    /// How the payment that was asked about stands.
    PaymStatus = 37, "PAYM_STATUS";
    /// The sum of it.
    PaymAmount = 38, "PAYM_AMOUNT";
    /// The currency of it.
    PaymCurrency = 39, "PAYM_CURRENCY";
}

impl Field {
    /// The field of that name, letter for letter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// Whether it holds an address, in which alone `&` may stand.
    #[must_use]
    pub const fn is_url(self) -> bool {
        matches!(self, Self::Returl | Self::Canurl | Self::Errurl)
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn the_order_of_the_variants_is_the_order_of_the_places() {
        assert!(
            Field::ALL
                .windows(2)
                .all(|pair| pair[0].ordinal() < pair[1].ordinal())
        );
        assert!(Field::ALL.is_sorted());
        for field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(*field));
        }
        assert_eq!(Field::from_name("rcvid"), None);
    }
}
