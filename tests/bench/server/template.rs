//! One payment's rows in all tables, read from a database that the server itself wrote, to be
//! written again for any number of other payments.
//!
//! Hardly a column is known here: what is a name or a time is seen by its value. So the server's
//! tables may change without this.

use kassa_server::{clock, tokens};
use kassa_tests::services::Problem;

/// Text of the one payment that stands for its idempotency key.
pub(crate) const KEY: &str = "bench-template";
/// What a point in time in milliseconds looks like: between the years 2020 and 2100.
const MILLIS: std::ops::Range<i64> = 1_577_836_800_000..4_102_444_800_000;
/// So far is everything put off that would come due: a week.
const PUT_OFF: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Words in the names of columns that tell when something is to be done.
const DUE: [&str; 3] = ["due", "deadline", "ask"];
/// The column with a message's place in its shop's order.
const PLACE: &str = "position";
/// Between a payment and the next one: so much earlier was the one written before.
const SPACING: i64 = 5;

/// The names of the payment that the rows were read of.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// Its identifier.
    pub(crate) id: String,
    /// Its checkout token.
    pub(crate) token: String,
    /// Its order number.
    pub(crate) order: String,
    /// Its reference.
    pub(crate) reference: String,
}

/// A value of any database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
}

/// A table's rows.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The table's name.
    pub(crate) name: String,
    /// Its columns' names.
    pub(crate) columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone)]
enum Cell {
    Same(Value),
    /// As long ago as it was, and some more for every payment written later.
    Past(i64),
    Pieces(Vec<Piece>),
    /// Another message's random identifier.
    Fresh,
    /// The next place.
    Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Id,
    Token,
    Order,
    Reference,
}

/// Another payment with its names.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    names: Names,
    /// How many milliseconds it is older than the template.
    age: i64,
}

impl Copy {
    /// New names, as the server makes them. The copy number `number` of `count` gets an order
    /// number that no other has, and its age from its place.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn new(order: u64, number: u64, count: u64) -> Result<Self, Problem> {
        let now = clock::now();
        let reference = viite::NationalReference::from_number(order)?;
        Ok(Self {
            names: Names {
                id: tokens::payment_id(now)?,
                token: tokens::checkout_token(now)?,
                reference: reference.to_machine().to_owned(),
                order: order.to_string(),
            },
            age: i64::try_from(count.saturating_sub(number))?.saturating_mul(SPACING),
        })
    }

    /// The identifier of its first attempt.
    pub(crate) fn attempt(&self) -> String {
        format!("{}-1", self.names.id)
    }

    /// Its checkout token.
    pub(crate) fn token(&self) -> &str {
        &self.names.token
    }
}

impl Table {
    /// Marks in rows what differs from payment to payment.
    pub(crate) fn new(
        name: String,
        columns: Vec<String>,
        rows: Vec<Vec<Value>>,
        names: &Names,
    ) -> Self {
        let rows = rows
            .into_iter()
            .map(|row| {
                let cells = columns.iter().zip(row);
                cells
                    .map(|(column, value)| cell(column, value, names))
                    .collect()
            })
            .collect();
        Self {
            name,
            columns,
            rows,
        }
    }

    /// The rows of another payment. `place` is the last place that a message has.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn rows_of(&self, copy: &Copy, place: &mut i64) -> Result<Vec<Vec<Value>>, Problem> {
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let values = row.iter().map(|cell| filled(cell, copy, place));
            rows.push(values.collect::<Result<_, _>>()?);
        }
        Ok(rows)
    }
}

fn cell(column: &str, value: Value, names: &Names) -> Cell {
    match value {
        Value::Int(_) if column == PLACE => Cell::Place,
        Value::Int(at) if MILLIS.contains(&at) && DUE.iter().any(|due| column.contains(due)) => {
            Cell::Same(Value::Int(at.saturating_add(PUT_OFF)))
        }
        Value::Int(at) if MILLIS.contains(&at) => Cell::Past(at),
        Value::Text(text) if text.starts_with("msg_") => Cell::Fresh,
        Value::Text(text) => match pieces(&text, names) {
            found if found == [Piece::Literal(text.clone())] => Cell::Same(Value::Text(text)),
            found => Cell::Pieces(found),
        },
        other => Cell::Same(other),
    }
}

/// Cuts a text at the payment's names.
fn pieces(text: &str, names: &Names) -> Vec<Piece> {
    // The reference holds the order number, so it comes first.
    let marks = [
        (names.id.as_str(), Piece::Id),
        (names.token.as_str(), Piece::Token),
        (names.reference.as_str(), Piece::Reference),
        (names.order.as_str(), Piece::Order),
        (KEY, Piece::Id),
    ];
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let found = marks
            .iter()
            .filter_map(|(name, piece)| Some((rest.find(name)?, name.len(), piece)))
            .min_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)));
        let Some((at, length, piece)) = found else {
            break;
        };
        if let Some(before @ [_, ..]) = rest.as_bytes().get(..at) {
            pieces.push(Piece::Literal(String::from_utf8_lossy(before).into_owned()));
        }
        pieces.push(piece.clone());
        rest = rest.get(at + length..).unwrap_or_default();
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(rest.to_owned()));
    }
    pieces
}

fn filled(cell: &Cell, copy: &Copy, place: &mut i64) -> Result<Value, Problem> {
    Ok(match cell {
        Cell::Place => {
            *place += 1;
            Value::Int(*place)
        }
        Cell::Same(value) => value.clone(),
        Cell::Past(at) => Value::Int(at.saturating_sub(copy.age)),
        Cell::Fresh => Value::Text(tokens::message_id(clock::now())?),
        Cell::Pieces(pieces) => {
            let names = &copy.names;
            let texts = pieces.iter().map(|piece| match piece {
                Piece::Literal(text) => text,
                Piece::Id => &names.id,
                Piece::Token => &names.token,
                Piece::Order => &names.order,
                Piece::Reference => &names.reference,
            });
            Value::Text(texts.map(String::as_str).collect())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Copy, KEY, Names, Table, Value};

    fn names() -> Names {
        Names {
            id: "pay_abc".to_owned(),
            token: "co_def".to_owned(),
            order: "1000".to_owned(),
            reference: "10003".to_owned(),
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_copy_has_its_own_names_and_everything_else_alike() {
        let row = vec![
            text("pay_abc-1"),
            text(r#"{"order":"1000","reference":"10003","token":"co_def"}"#),
            text(KEY),
            text("msg_xyz"),
            text("paid"),
            Value::Null,
            Value::Int(4_990),
            Value::Int(1_700_000_000_000),
            Value::Int(1_700_000_000_000),
            Value::Int(1),
        ];
        let columns = [
            "a", "b", "c", "d", "e", "f", "g", "at", "due_at", "position",
        ];
        let columns = columns.map(str::to_owned).to_vec();
        let table = Table::new("t".to_owned(), columns, vec![row], &names());
        let copy = Copy::new(2_345, 3, 5).unwrap();
        let rows = table.rows_of(&copy, &mut 7).unwrap();
        let Names {
            id,
            token,
            order,
            reference,
        } = &copy.names;
        assert_eq!(order, "2345");
        assert_eq!(reference, "23456");
        let [row] = rows.as_slice() else {
            panic!("{rows:?}")
        };
        let expected = [
            text(&format!("{id}-1")),
            text(&format!(
                r#"{{"order":"{order}","reference":"{reference}","token":"{token}"}}"#
            )),
            text(id),
            row[3].clone(),
            text("paid"),
            Value::Null,
            Value::Int(4_990),
            Value::Int(1_699_999_999_990),
            Value::Int(1_700_604_800_000),
            Value::Int(8),
        ];
        assert_eq!(row, &expected);
        let Value::Text(message) = &row[3] else {
            panic!("{row:?}")
        };
        assert!(message.starts_with("msg_") && message != "msg_xyz");
    }
}
