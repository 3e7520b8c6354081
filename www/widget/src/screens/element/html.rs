//! Elements as the text of a page.

use leptos::{
    prelude::{AddAnyAttr, Render, RenderHtml},
    tachys::{
        html::attribute::{Attribute, any_attribute::AnyAttribute},
        hydration::Cursor,
        view::{Position, PositionState},
    },
};

use super::Element;

impl RenderHtml for Element {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        page: &mut String,
        position: &mut Position,
        _escape: bool,
        _mark_branches: bool,
        _extra_attrs: Vec<AnyAttribute>,
    ) {
        writing::element(self, page);
        *position = Position::NextChild;
    }

    /// The page's own markup is replaced, never taken over: drawn anew.
    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> Self::State {
        self.build()
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl AddAnyAttr for Element {
    type Output<SomeNewAttr: Attribute> = Self;

    /// Nothing is added from outside: a screen is whole.
    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self {
        self
    }
}

mod writing {
    use super::super::{Child, Element};

    /// Elements that have no end tag.
    const VOID: [&str; 2] = ["input", "img"];

    /// Writes an element and all that is in it.
    pub(super) fn element(element: Element, page: &mut String) {
        page.push('<');
        page.push_str(element.tag);
        for (name, value) in &element.attributes {
            page.extend([" ", name, "=\""]);
            escaped(value, page);
            page.push('"');
        }
        if element.hidden.is_some_and(|hidden| hidden()) {
            page.push_str(" hidden");
        }
        page.push('>');
        if VOID.contains(&element.tag) {
            return;
        }
        for child in element.children {
            match child {
                Child::Text(text) => escaped(&text, page),
                Child::Element(child) => self::element(child, page),
                Child::Drawing(svg) => page.push_str(svg),
            }
        }
        page.extend(["</", element.tag, ">"]);
    }

    /// Writes text so that it can stand between tags and between double quotes.
    fn escaped(text: &str, page: &mut String) {
        for letter in text.chars() {
            match letter {
                '&' => page.push_str("&amp;"),
                '<' => page.push_str("&lt;"),
                '>' => page.push_str("&gt;"),
                '"' => page.push_str("&quot;"),
                other => page.push(other),
            }
        }
    }
}
