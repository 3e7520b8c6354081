//! The people who can be identified: invented, with personal identity codes of the 900 series, which is given to nobody.

use super::latin1::encode_value;

/// An invented person.
#[derive(Debug, PartialEq, Eq)]
pub struct Person {
    /// The personal identity code.
    pub code: &'static str,
    /// First names.
    pub first: &'static str,
    /// Last name.
    pub last: &'static str,
    /// Number of the home municipality, and its names in Finnish and Swedish.
    municipality: [&'static str; 3],
    /// Mother tongue.
    language: &'static str,
}

/// All of them.
pub static PEOPLE: [Person; 4] = [
    Person {
        code: "010190-900P",
        first: "Päivi Testi",
        last: "Mäkelä-Keksitty",
        municipality: ["091", "Helsinki", "Helsingfors"],
        language: "fi",
    },
    Person {
        code: "131052-931W",
        first: "Åke Exempel",
        last: "Påhittad",
        municipality: ["853", "Turku", "Åbo"],
        language: "sv",
    },
    Person {
        code: "240678-942U",
        first: "Önni Koe",
        last: "Olematon",
        municipality: ["564", "Oulu", "Uleåborg"],
        language: "fi",
    },
    Person {
        code: "050515A987Y",
        first: "Lapsi Alaikäinen",
        last: "Testihenkilö",
        municipality: ["837", "Tampere", "Tammerfors"],
        language: "fi",
    },
];

/// The person with a personal identity code.
#[must_use]
pub fn by_code(code: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.code == code)
}

impl Person {
    /// `SUBJECTDATA` of an answer. The banks gave names in capital letters.
    #[must_use]
    pub fn subject(&self) -> String {
        format!(
            "ETUNIMI={}, SUKUNIMI={}",
            self.first.to_uppercase(),
            self.last.to_uppercase()
        )
    }

    /// `VTJDATA` of an answer: the population register's XML, percent-encoded as ISO-8859-1 within the value.
    #[must_use]
    pub fn register_extract(&self) -> String {
        let [number, finnish, swedish] = self.municipality;
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" standalone=\"yes\"?>\
             <ns2:VTJHenkiloVastaussanoma versio=\"1.0\" sanomatunnus=\"PERUSJHHS2\" xmlns:ns2=\"http://xml.vrk.fi/schema/vtjkysely\">\
             <ns2:Paluukoodi koodi=\"0000\">Haku onnistui</ns2:Paluukoodi>\
             <ns2:Henkilo><ns2:Henkilotunnus voimassaolokoodi=\"1\">{}</ns2:Henkilotunnus>\
             <ns2:NykyinenSukunimi><ns2:Sukunimi>{}</ns2:Sukunimi></ns2:NykyinenSukunimi>\
             <ns2:NykyisetEtunimet><ns2:Etunimet>{}</ns2:Etunimet></ns2:NykyisetEtunimet>\
             <ns2:Kotikunta><ns2:Kuntanumero>{number}</ns2:Kuntanumero><ns2:KuntaS>{finnish}</ns2:KuntaS><ns2:KuntaR>{swedish}</ns2:KuntaR></ns2:Kotikunta>\
             <ns2:Aidinkieli><ns2:Kielikoodi>{}</ns2:Kielikoodi></ns2:Aidinkieli>\
             <ns2:SuomenKansalaisuusTietokoodi>1</ns2:SuomenKansalaisuusTietokoodi></ns2:Henkilo></ns2:VTJHenkiloVastaussanoma>",
            self.code, self.last, self.first, self.language,
        );
        encode_value(&xml)
    }
}

#[cfg(test)]
mod tests {
    use super::super::latin1::to_bytes;
    use super::*;

    /// The check character: the nine digits modulo 31.
    fn check(code: &str) -> Option<char> {
        let digits: String = code.chars().take(10).filter(char::is_ascii_digit).collect();
        let rest = digits.parse::<usize>().ok()? % 31;
        "0123456789ABCDEFHJKLMNPRSTUVWXY".chars().nth(rest)
    }

    #[test]
    fn codes_are_right_and_given_to_nobody() {
        for person in &PEOPLE {
            assert_eq!(
                person.code.chars().last(),
                check(person.code),
                "{}",
                person.code
            );
            assert_eq!(person.code.get(7..8), Some("9"), "{}", person.code);
        }
    }

    #[test]
    fn names_fit_into_the_messages() {
        for person in &PEOPLE {
            assert!(to_bytes(&person.subject()).is_some());
            assert!(person.register_extract().is_ascii());
        }
    }
}
