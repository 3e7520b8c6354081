//! Tables for people, as wide as the terminal: what matters least is left out where it is narrow.

use std::io::IsTerminal as _;

use unicode_width::UnicodeWidthStr as _;

/// What stands between two columns.
const GAP: &str = "  ";

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    to_the_right: bool,
    spare: u8,
}

impl Column {
    /// A column that is always shown.
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            to_the_right: false,
            spare: 0,
        }
    }

    /// Sets its cells to the right, as figures are.
    pub(super) const fn figures(mut self) -> Self {
        self.to_the_right = true;
        self
    }

    /// Leaves it out where there is no room; those with the largest number go first.
    pub(super) const fn spare(mut self, order: u8) -> Self {
        self.spare = order;
        self
    }
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, with a cell for each column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as text, as wide as the terminal allows.
    pub(super) fn text(&self) -> String {
        self.render(width_of_output())
    }

    fn render(&self, room: Option<usize>) -> String {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| self.width_of(column))
            .collect();
        let shown = self.shown(&widths, room);
        let heads: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.name.to_uppercase())
            .collect();
        let mut text = String::new();
        for cells in std::iter::once(&heads).chain(&self.rows) {
            let mut line = String::new();
            for &(column, width) in &shown {
                let cell = cells.get(column).map_or("", String::as_str);
                let padding = " ".repeat(width.saturating_sub(cell.width()));
                let to_the_right = self.columns.get(column).is_some_and(|at| at.to_the_right);
                let (before, after) = if to_the_right {
                    (padding.as_str(), "")
                } else {
                    ("", padding.as_str())
                };
                line.extend([before, cell, after, GAP]);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn width_of(&self, column: usize) -> usize {
        let head = self.columns.get(column).map_or(0, |at| at.name.width());
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .fold(head, usize::max)
    }

    /// The columns that fit, with their widths.
    fn shown(&self, widths: &[usize], room: Option<usize>) -> Vec<(usize, usize)> {
        let mut shown: Vec<(usize, usize)> = widths.iter().copied().enumerate().collect();
        let spare =
            |&(column, _): &(usize, usize)| self.columns.get(column).map_or(0, |at| at.spare);
        while room.is_some_and(|room| total(&shown) > room) {
            let Some(least) = (0..shown.len())
                .max_by_key(|&at| shown.get(at).map_or(0, spare))
                .filter(|&at| shown.get(at).map_or(0, spare) > 0)
            else {
                break;
            };
            shown.remove(least);
        }
        shown
    }
}

fn total(shown: &[(usize, usize)]) -> usize {
    let cells: usize = shown.iter().map(|(_, width)| width).sum();
    cells + GAP.len() * shown.len().saturating_sub(1)
}

/// How many columns the terminal has; `None` where the output goes elsewhere.
fn width_of_output() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// Names and values, one a line.
pub(super) fn facts(facts: &[(&str, String)]) -> String {
    let widest = facts
        .iter()
        .map(|(name, _)| name.width())
        .max()
        .unwrap_or(0);
    facts
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let padding = " ".repeat(widest - name.width());
            format!("{name}{padding}{GAP}{}\n", plain(value))
        })
        .collect()
}

/// A text without what a terminal would take for a command, or that would turn a line around:
/// order numbers and descriptions are other people's.
pub(super) fn plain(text: &str) -> String {
    let odd =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| {
            if odd(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Column, Table, facts, plain};

    fn table() -> Table {
        let mut table = Table::new([
            Column::new("order"),
            Column::new("amount").figures(),
            Column::new("bank").spare(2),
            Column::new("reference").spare(1),
        ]);
        table.row(["A-1", "49.90 EUR", "nordea", "1232"].map(str::to_owned));
        table.row(["tilaus 日本", "1.00 EUR", "", "13"].map(str::to_owned));
        table
    }

    #[test]
    fn columns_stand_under_their_names() {
        assert_eq!(
            table().render(None),
            "ORDER           AMOUNT  BANK    REFERENCE\n\
             A-1          49.90 EUR  nordea  1232\n\
             tilaus 日本   1.00 EUR          13\n"
        );
    }

    #[test]
    fn what_matters_least_goes_first_and_what_matters_stays() {
        let heads = |room| {
            let text = table().render(Some(room));
            let head = text.lines().next().unwrap();
            head.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(heads(41), "ORDER AMOUNT BANK REFERENCE");
        assert_eq!(heads(40), "ORDER AMOUNT REFERENCE");
        assert_eq!(heads(32), "ORDER AMOUNT");
        assert_eq!(heads(5), "ORDER AMOUNT");
    }

    #[test]
    fn a_cell_commands_no_terminal() {
        assert_eq!(
            plain("a\u{1b}[2Jb\n\u{202e}c"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c"
        );
    }

    #[test]
    fn what_is_not_there_is_not_told() {
        let text = facts(&[("bank", String::new()), ("order", "A-1".to_owned())]);
        assert_eq!(text, "order  A-1\n");
    }
}
