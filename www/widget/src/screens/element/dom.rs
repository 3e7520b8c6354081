//! Elements in a document.

use reactive_graph::effect::RenderEffect;
use tachys::{
    dom::document,
    renderer::{Rndr, types},
    view::{Mountable, Render},
};

use super::{Child, Element};

/// An element that stands in a document, and what watches signals for it and its descendants.
pub(crate) struct Drawn {
    node: types::Element,
    watching: Vec<RenderEffect<()>>,
}

impl Render for Element {
    type State = Drawn;

    fn build(self) -> Drawn {
        let mut watching = Vec::new();
        let node = create(self, &mut watching);
        Drawn { node, watching }
    }

    /// Another screen takes the place of this one as a whole: nothing of the old one lingers.
    fn rebuild(self, state: &mut Drawn) {
        let mut new = self.build();
        state.insert_before_this(&mut new);
        state.unmount();
        *state = new;
    }
}

impl Mountable for Drawn {
    fn unmount(&mut self) {
        self.watching.clear();
        Rndr::remove(&self.node);
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        Rndr::insert_node(parent, &self.node, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.node.parent_element() {
            Some(parent) => {
                child.mount(&parent, Some(&self.node));
                true
            }
            None => false,
        }
    }

    fn elements(&self) -> Vec<types::Element> {
        vec![self.node.clone()]
    }
}

fn create(element: Element, watching: &mut Vec<RenderEffect<()>>) -> types::Element {
    let node = new_element(element.tag);
    for (name, value) in element.attributes {
        Rndr::set_attribute(&node, name, &value);
    }
    for child in element.children {
        match child {
            Child::Text(text) => {
                Rndr::insert_node(&node, &document().create_text_node(&text), None);
            }
            Child::Element(child) => Rndr::insert_node(&node, &create(child, watching), None),
            Child::Drawing(svg) => Rndr::set_inner_html(&node, svg),
        }
    }
    if let Some(hidden) = element.hidden {
        let node = node.clone();
        watching.push(RenderEffect::new(move |_| {
            if hidden() {
                Rndr::set_attribute(&node, "hidden", "");
            } else {
                Rndr::remove_attribute(&node, "hidden");
            }
        }));
    }
    node
}

/// Not Leptos's own way, which keeps a copy of each element to clone: with so few it costs more
/// than it saves.
#[expect(
    clippy::expect_used,
    reason = "the tags are literals of this crate, and a document refuses only what is no name"
)]
fn new_element(tag: &str) -> types::Element {
    document().create_element(tag).expect("a tag is a name")
}
