//! One type for every element of the screens.
//!
//! The `view!` macro makes a type of every element, and code for each of those types: the screens
//! written with it weighed 36 kB more (brotli) than written with this, which is Leptos's own
//! builder with the types erased.

use leptos::{
    prelude::*,
    tachys::{
        html::{
            attribute::{
                any_attribute::{AnyAttribute, IntoAnyAttribute},
                custom::custom_attribute,
            },
            element::{custom, inner_html, input},
        },
        view::iterators::StaticVec,
    },
};

/// An element in the making.
pub(crate) struct Element {
    tag: &'static str,
    attributes: Vec<AnyAttribute>,
    children: Vec<AnyView>,
}

/// An element of a class.
pub(crate) fn el(tag: &'static str, class: &str) -> Element {
    let element = Element {
        tag,
        attributes: Vec::new(),
        children: Vec::new(),
    };
    if class.is_empty() {
        element
    } else {
        element.attr("class", class)
    }
}

impl Element {
    /// An attribute.
    pub(crate) fn attr(mut self, name: &'static str, value: &str) -> Self {
        let attribute = custom_attribute(name, value.to_owned());
        self.attributes.push(attribute.into_any_attr());
        self
    }

    /// An attribute where there is a value.
    pub(crate) fn maybe(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// What a page's style sheet reaches it by: `::part(…)`.
    pub(crate) fn part(self, name: &str) -> Self {
        self.attr("part", name)
    }

    /// Hides it while `hidden` says so.
    pub(crate) fn hide(mut self, hidden: Box<dyn Fn() -> bool + Send>) -> Self {
        self.attributes
            .push(custom_attribute("hidden", hidden).into_any_attr());
        self
    }

    /// Text inside.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.children.push(text.to_owned().into_any());
        self
    }

    /// A drawing inside.
    pub(crate) fn drawing(mut self, svg: &'static str) -> Self {
        self.attributes.push(inner_html(svg).into_any_attr());
        self.attr("aria-hidden", "true")
    }

    /// An element inside.
    pub(crate) fn child(mut self, child: Self) -> Self {
        self.children.push(child.view());
        self
    }

    /// Elements inside: several, or one that may be missing.
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        for child in children {
            self = self.child(child);
        }
        self
    }

    /// The element as a view.
    pub(crate) fn view(self) -> AnyView {
        if self.tag == "input" {
            return input().add_any_attr(self.attributes).into_any();
        }
        let children: StaticVec<AnyView> = self.children.into();
        custom(self.tag)
            .child(children)
            .add_any_attr(self.attributes)
            .into_any()
    }
}
