//! A due date, which codes write with two digits of the year.

use alloc::string::String;
use core::fmt;

use crate::error::{Error, Reason, Subject};

/// A calendar day from 2000-01-01 to 2099-12-31, the century that a bank bar code can mean.
///
/// # Examples
///
/// ```
/// let due = viite::DueDate::parse("2099-12-24")?;
/// assert_eq!(due, viite::DueDate::new(2099, 12, 24)?);
/// assert_eq!(due.to_print(), "24.12.2099");
/// # Ok::<(), viite::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueDate {
    // Years since 2000.
    year: u8,
    month: u8,
    day: u8,
}

impl DueDate {
    /// A day by year, month (1 to 12) and day of the month.
    ///
    /// # Errors
    ///
    /// `date`: no such day, or not of 2000 to 2099.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, Error> {
        let short = year
            .checked_sub(2000)
            .and_then(|year| u8::try_from(year).ok())
            .filter(|&year| year < 100)
            .ok_or(refuse())?;
        Self::of_century(short, month, day)
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// `date`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.as_bytes() {
            [b'2', b'0', y1, y2, b'-', m1, m2, b'-', d1, d2] => Self::of_century(
                two_digits(*y1, *y2)?,
                two_digits(*m1, *m2)?,
                two_digits(*d1, *d2)?,
            ),
            _ => Err(refuse()),
        }
    }

    /// The year, 2000 to 2099.
    pub fn year(self) -> u16 {
        2000 + u16::from(self.year)
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.day
    }

    /// `YYYY-MM-DD`.
    pub fn to_iso(self) -> String {
        let mut out = String::from("20");
        for (number, before) in [(self.year, ""), (self.month, "-"), (self.day, "-")] {
            out.push_str(before);
            out.extend(ascii(number).map(char::from));
        }
        out
    }

    /// `DD.MM.YYYY`, as payment slips print it.
    pub fn to_print(self) -> String {
        let mut out = String::new();
        for (number, behind) in [(self.day, "."), (self.month, ".20"), (self.year, "")] {
            out.extend(ascii(number).map(char::from));
            out.push_str(behind);
        }
        out
    }

    /// `YYMMDD` in ASCII.
    pub(crate) fn to_six(self) -> [u8; 6] {
        let ([y1, y2], [m1, m2], [d1, d2]) = (ascii(self.year), ascii(self.month), ascii(self.day));
        [y1, y2, m1, m2, d1, d2]
    }

    /// Reads `YYMMDD`; `None` for `000000`, which stands for no date.
    pub(crate) fn from_six(text: &[u8]) -> Result<Option<Self>, Error> {
        match text {
            b"000000" => Ok(None),
            [y1, y2, m1, m2, d1, d2] => Self::of_century(
                two_digits(*y1, *y2)?,
                two_digits(*m1, *m2)?,
                two_digits(*d1, *d2)?,
            )
            .map(Some),
            _ => Err(refuse()),
        }
    }

    fn of_century(year: u8, month: u8, day: u8) -> Result<Self, Error> {
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            // 2000 is a leap year and 2100 is out of reach.
            2 if year.is_multiple_of(4) => 29,
            2 => 28,
            _ => return Err(refuse()),
        };
        if day == 0 || day > last {
            return Err(refuse());
        }
        Ok(Self { year, month, day })
    }
}

impl fmt::Debug for DueDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso())
    }
}

impl fmt::Display for DueDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_iso())
    }
}

impl core::str::FromStr for DueDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

const fn refuse() -> Error {
    Error::new(Subject::Date, Reason::Date)
}

fn two_digits(tens: u8, ones: u8) -> Result<u8, Error> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Ok((tens & 0x0f) * 10 + (ones & 0x0f))
    } else {
        Err(refuse())
    }
}

/// The two digits of a number below 100.
const fn ascii(number: u8) -> [u8; 2] {
    [b'0' + number / 10, b'0' + number % 10]
}
