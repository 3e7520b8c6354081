//! The three languages of a Finnish checkout.

use serde::{Deserialize, Serialize};

/// A language that Kassa speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    /// Finnish.
    #[default]
    Fi,
    /// Swedish.
    Sv,
    /// English.
    En,
}

impl Language {
    /// All of them, in the order in which a language switch shows them.
    pub const ALL: [Self; 3] = [Self::Fi, Self::Sv, Self::En];

    /// The ISO 639-1 letters, as the `lang` attribute and the providers want them.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fi => "fi",
            Self::Sv => "sv",
            Self::En => "en",
        }
    }

    /// The language of a BCP 47 tag: `sv-FI` is Swedish. `None` for a language not spoken here.
    ///
    /// ```
    /// use kassa_checkout::Language;
    /// assert_eq!(Language::from_tag("sv-FI"), Some(Language::Sv));
    /// assert_eq!(Language::from_tag("EN_gb"), Some(Language::En));
    /// assert_eq!(Language::from_tag("fil"), None);
    /// ```
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The first language of an `Accept-Language` header that is spoken here, by its weights.
    ///
    /// ```
    /// use kassa_checkout::Language;
    /// assert_eq!(Language::from_accept("de, sv;q=0.4, en;q=0.8"), Some(Language::En));
    /// assert_eq!(Language::from_accept("de"), None);
    /// ```
    #[must_use]
    pub fn from_accept(header: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for part in header.split(',') {
            let mut pieces = part.split(';');
            let Some(language) = pieces.next().and_then(Self::from_tag) else {
                continue;
            };
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q="))
                .map_or(1_000, thousandths);
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// A quality value (`0.8`) in thousandths, without floats; zero when malformed.
fn thousandths(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let decimals = decimals.get(..3).unwrap_or(decimals);
    let padded = match decimals.len() {
        0 => 0,
        length => {
            decimals.parse::<u16>().unwrap_or(0)
                * match length {
                    1 => 100,
                    2 => 10,
                    _ => 1,
                }
        }
    };
    match whole {
        "1" => 1_000,
        "0" => padded.min(1_000),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, thousandths};

    #[test]
    fn weights_are_read_without_floats() {
        for (text, expected) in [
            ("1", 1_000),
            ("1.000", 1_000),
            ("0.5", 500),
            ("0.05", 50),
            ("0", 0),
            ("x", 0),
            ("0.ä", 0),
        ] {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }

    #[test]
    fn a_language_at_zero_weight_is_not_wanted() {
        assert_eq!(
            Language::from_accept("sv;q=0, fi;q=0.1"),
            Some(Language::Fi)
        );
    }
}
