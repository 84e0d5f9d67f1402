//! The `excerpt` modifier: the first characters of what a reader of some HTML would see.
//!
//! The text is read by a real HTML parser, since only that knows what belongs to what in broken
//! markup. A parser of the standard's algorithm takes time in the square of how deep elements lie
//! in each other, and the text is written by strangers: so it gets the text in pieces, and no more
//! of it once enough text was seen, or elements lie deeper or are more than any page has them.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, ExpandedName, ParseOpts, QualName, parse_document};

/// Bytes that the parser gets at a time.
const PIECE: usize = 1_024;

/// Elements inside each other and elements in all, after which the rest of the text is not read.
const DEEPEST: usize = 512;
const MOST: usize = 20_000;

/// Elements that are left out with everything in them.
const DROPPED: [&str; 18] = [
    "head", "script", "style", "iframe", "embed", "applet", "object", "svg", "img", "picture",
    "dialog", "template", "button", "form", "textarea", "input", "select", "option",
];

/// Elements that stand inside a line: they do not part the words around them.
const INLINE: [&str; 21] = [
    "a", "abbr", "acronym", "b", "bdo", "big", "br", "button", "cite", "code", "em", "i", "label",
    "q", "small", "span", "strong", "strike", "sub", "sup", "time",
];

/// At most `max` characters of the visible text of `html`, with `...` behind it if it was cut and
/// `ellipsis` is set.
pub(super) fn excerpt(html: &str, max: usize, ellipsis: bool) -> String {
    let text = visible_text(html, max);
    match text.char_indices().nth(max) {
        None => text,
        Some((end, _)) => {
            let cut = text[..end].trim();
            if ellipsis { format!("{cut}...") } else { cut.to_owned() }
        }
    }
}

/// The visible text with white space collapsed and trimmed; it may end early once it is certain to
/// be longer than `max` characters.
fn visible_text(html: &str, max: usize) -> String {
    let mut parser = parse_document(Tree::default(), ParseOpts::default());
    let mut rest = html;
    while !rest.is_empty() && !parser.tokenizer.sink.sink.is_enough(max) {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        parser.process(StrTendril::from(piece));
        rest = after;
    }
    parser.finish().text()
}

/// The part of a document that matters here, filled by the parser.
#[derive(Default)]
struct Tree {
    nodes: RefCell<Vec<Node>>,
    /// Visible characters seen so far, white space aside. Only a measure of when to stop: elements
    /// that the parser moves later may be counted wrongly.
    seen: Cell<usize>,
    open: Cell<usize>,
}

/// A node of the tree. An element carries its name, since the parser asks for it all the time.
#[derive(Clone)]
struct Handle {
    index: usize,
    name: Rc<QualName>,
}

#[derive(Default)]
struct Node {
    parent: Option<usize>,
    children: Vec<usize>,
    text: String,
    spaced: bool,
    dropped: bool,
    contents: Option<usize>,
}

impl Tree {
    fn is_enough(&self, max: usize) -> bool {
        self.seen.get() > max || self.open.get() > DEEPEST || self.nodes.borrow().len() > MOST
    }

    fn add(&self, node: Node) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(node);
        nodes.len() - 1
    }

    fn nameless(&self, node: Node) -> Handle {
        let name = QualName::new(None, html5ever::ns!(), html5ever::local_name!(""));
        Handle { index: self.add(node), name: Rc::new(name) }
    }

    /// Puts `child` under `parent` before the child at `position`.
    fn insert(&self, parent: usize, position: usize, child: NodeOrText<Handle>) {
        let index = match child {
            NodeOrText::AppendNode(handle) => {
                self.detach(handle.index);
                handle.index
            }
            NodeOrText::AppendText(text) => {
                if !self.is_dropped(parent) {
                    let visible = text.chars().filter(|c| !c.is_whitespace()).count();
                    self.seen.set(self.seen.get() + visible);
                }
                self.add(Node { text: text.into(), ..Node::default() })
            }
        };
        let mut nodes = self.nodes.borrow_mut();
        let position = position.min(nodes[parent].children.len());
        nodes[parent].children.insert(position, index);
        nodes[index].parent = Some(parent);
    }

    fn is_dropped(&self, node: usize) -> bool {
        let nodes = self.nodes.borrow();
        std::iter::successors(Some(node), |&node| nodes[node].parent)
            .take(DEEPEST * 4)
            .any(|node| nodes[node].dropped)
    }

    fn detach(&self, node: usize) {
        let mut nodes = self.nodes.borrow_mut();
        if let Some(parent) = nodes[node].parent.take() {
            nodes[parent].children.retain(|&child| child != node);
        }
    }

    /// Walks the tree without recursion: it may be deep.
    fn text(self) -> String {
        enum Step {
            Enter(usize),
            Leave,
        }
        let nodes = self.nodes.into_inner();
        let mut words = Words::default();
        let mut steps = vec![Step::Enter(0)];
        while let Some(step) = steps.pop() {
            let Step::Enter(index) = step else {
                words.part();
                continue;
            };
            let node = &nodes[index];
            if node.dropped {
                words.part_if(node.spaced);
                continue;
            }
            words.push(&node.text);
            if node.spaced {
                words.part();
                steps.push(Step::Leave);
            }
            steps.extend(node.children.iter().rev().map(|&child| Step::Enter(child)));
        }
        words.text.trim().to_owned()
    }
}

/// Text with every run of white space turned into one space.
#[derive(Default)]
struct Words {
    text: String,
    parted: bool,
}

impl Words {
    fn part(&mut self) {
        self.parted = true;
    }

    fn part_if(&mut self, spaced: bool) {
        self.parted |= spaced;
    }

    fn push(&mut self, text: &str) {
        for character in text.chars() {
            // Only ASCII: a no-break space is there for a reason.
            if character.is_ascii_whitespace() {
                self.parted = true;
                continue;
            }
            if std::mem::take(&mut self.parted) && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push(character);
        }
    }
}

impl TreeSink for Tree {
    type Handle = Handle;
    type Output = Self;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        if self.nodes.borrow().is_empty() {
            return self.nameless(Node::default());
        }
        let name = QualName::new(None, html5ever::ns!(), html5ever::local_name!(""));
        Handle { index: 0, name: Rc::new(name) }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, _: Vec<Attribute>, flags: ElementFlags) -> Handle {
        let contents = flags.template.then(|| self.add(Node::default()));
        let local = &*name.local;
        let (dropped, spaced) = (DROPPED.contains(&local), !INLINE.contains(&local));
        let index = self.add(Node { dropped, spaced, contents, ..Node::default() });
        self.open.set(self.open.get() + 1);
        Handle { index, name: Rc::new(name) }
    }

    fn pop(&self, _: &Handle) {
        self.open.set(self.open.get().saturating_sub(1));
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        self.nameless(Node::default())
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        self.nameless(Node::default())
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.index, usize::MAX, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Handle,
        previous: &Handle,
        child: NodeOrText<Handle>,
    ) {
        let has_parent = self.nodes.borrow()[element.index].parent.is_some();
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        let Some(parent) = self.nodes.borrow()[sibling.index].parent else { return };
        if let NodeOrText::AppendNode(node) = &child {
            self.detach(node.index);
        }
        let position = {
            let nodes = self.nodes.borrow();
            nodes[parent].children.iter().position(|&child| child == sibling.index)
        };
        self.insert(parent, position.unwrap_or(usize::MAX), child);
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Handle) -> Handle {
        let contents = self.nodes.borrow()[target.index].contents;
        Handle { index: contents.unwrap_or(target.index), name: Rc::clone(&target.name) }
    }

    fn same_node(&self, left: &Handle, right: &Handle) -> bool {
        left.index == right.index
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn add_attrs_if_missing(&self, _: &Handle, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, target: &Handle) {
        self.detach(target.index);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut nodes = self.nodes.borrow_mut();
        let children = std::mem::take(&mut nodes[node.index].children);
        for &child in &children {
            nodes[child].parent = Some(new_parent.index);
        }
        nodes[new_parent.index].children.extend(children);
    }
}
