//! The one kind of view that the screens are made of: an element as plain data.
//!
//! Leptos draws it in the browser (`dom.rs`) and writes it on the server (`html.rs`). The `view!`
//! macro would make a type of every element and code for every type: the same screens made with it
//! weighed 82 kB (brotli), more than all the rest may weigh together.

mod dom;
#[cfg(not(target_arch = "wasm32"))]
mod html;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::dom::Drawn;

/// An element in the making.
pub(crate) struct Element {
    tag: &'static str,
    attributes: Vec<(&'static str, String)>,
    hidden: Option<Hidden>,
    children: Vec<Child>,
}

/// Whether an element is hidden now; asked again whenever a signal that it reads changes.
type Hidden = Box<dyn Fn() -> bool + Send>;

enum Child {
    Text(String),
    Element(Element),
    /// The text of an SVG.
    Drawing(&'static str),
}

/// An element of a class; of none if that is empty.
pub(crate) fn el(tag: &'static str, class: &str) -> Element {
    let element = Element {
        tag,
        attributes: Vec::new(),
        hidden: None,
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
        self.attributes.push((name, value.to_owned()));
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
    pub(crate) fn hide(mut self, hidden: Hidden) -> Self {
        self.hidden = Some(hidden);
        self
    }

    /// Text inside.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.children.push(Child::Text(text.to_owned()));
        self
    }

    /// A drawing inside, which says nothing to those who listen.
    pub(crate) fn drawing(mut self, svg: &'static str) -> Self {
        self.children.push(Child::Drawing(svg));
        self.attr("aria-hidden", "true")
    }

    /// An element inside.
    pub(crate) fn child(mut self, child: Self) -> Self {
        self.children.push(Child::Element(child));
        self
    }

    /// Elements inside: several, or one that may be missing.
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        for child in children {
            self = self.child(child);
        }
        self
    }
}
