//! References: asked about, read, made, in lists and in runs.

use viite::{LineKind, NationalReference, Reference, RfReference, line_kinds};
use wasm_bindgen::prelude::*;

use crate::bridge::{answer, answer_one, holds, lines};

/// Whether a text is a reference of either kind.
#[wasm_bindgen]
#[must_use]
pub fn is_reference(text: usize) -> bool {
    holds(text, |text| Reference::parse(text).is_ok())
}

/// Reads a reference of either kind.
#[wasm_bindgen]
#[must_use]
pub fn read_reference(text: usize) -> i32 {
    answer_one(text, |text| Ok(forms(&Reference::parse(text)?)))
}

/// Makes a national reference over a base.
#[wasm_bindgen]
#[must_use]
pub fn make_reference(base: usize) -> i32 {
    answer_one(base, |base| {
        Ok(forms(&NationalReference::create(base)?.into()))
    })
}

/// Makes an RF reference around a body.
#[wasm_bindgen]
#[must_use]
pub fn make_rf_reference(body: usize) -> i32 {
    answer_one(body, |body| Ok(forms(&RfReference::create(body)?.into())))
}

/// Makes the references of a run of bases, one a line; all of them or none.
#[wasm_bindgen]
#[must_use]
pub fn make_references(start: usize, count: u32, step: u32) -> i32 {
    answer(start, &|start| {
        let run = NationalReference::bulk(start, count.into(), step.into())?;
        let mut text = String::new();
        for reference in run {
            text.push_str(reference.to_machine());
            text.push('\n');
        }
        Ok(text.into_bytes())
    })
}

/// Says of every line what it is, a byte each: 0 no reference, 1 a national one, 2 an RF one.
#[wasm_bindgen]
#[must_use]
pub fn check_references(list: usize) -> i32 {
    answer(list, &|list| {
        // One line in twenty bytes is what files of references have.
        let mut kinds = Vec::with_capacity(list.len() / 20 + 1);
        kinds.extend(line_kinds(list).map(|kind| match kind {
            LineKind::Invalid => 0,
            LineKind::National => 1,
            LineKind::Rf => 2,
        }));
        Ok(kinds)
    })
}

/// Machine form, print form, RF form, and the national form where there is one.
fn forms(reference: &Reference) -> String {
    let national = reference.to_national();
    lines(&[
        reference.to_machine(),
        &reference.to_print(),
        reference.to_rf().to_machine(),
        national.as_ref().map_or("", NationalReference::to_machine),
    ])
}

#[cfg(test)]
mod tests {
    use super::{check_references, make_references, read_reference};

    #[test]
    fn without_a_text_there_is_a_refusal() {
        assert!(read_reference(0) < 0);
        assert!(make_references(0, 1, 1) < 0);
        assert_eq!(check_references(0), 0, "no line, no kind");
    }
}
