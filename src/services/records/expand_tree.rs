//! The `expand` parameter as a tree of relation names. Knows no collection: whether a name means
//! anything is found out level by level, where the records are.

use std::sync::Arc;

/// Deepest level of a tree; what a client asks for below it is not looked at (contract A 1.10).
const DEEPEST: usize = 6;

/// What to expand: paths that share a beginning share its nodes, so every level is fetched once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ExpandTree {
    nodes: Vec<ExpandNode>,
}

/// One relation to follow, and what to follow from the records it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpandNode {
    /// The name as the client wrote it, which is the key in the answer.
    pub segment: Arc<str>,
    /// What to expand in the records found; without any the path ends here.
    pub children: Vec<Self>,
}

impl ExpandTree {
    /// Reads a comma-separated list of paths. Nothing is refused: a name that means nothing drops
    /// its path when its level is reached (contract A 3.15).
    pub(super) fn parse(text: &str) -> Self {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let mut tree = Self::default();
        for path in text.split(',') {
            let path = path.trim_matches('.');
            if !path.is_empty() {
                add(&mut tree.nodes, path, DEEPEST);
            }
        }
        tree
    }

    /// Whether nothing is to be expanded.
    pub(super) const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The relations of the records that the request is about.
    pub(super) fn nodes(&self) -> &[ExpandNode] {
        &self.nodes
    }
}

fn add(nodes: &mut Vec<ExpandNode>, path: &str, levels: usize) {
    if levels == 0 {
        return;
    }
    let (segment, rest) = match path.split_once('.') {
        Some((segment, rest)) => (segment, Some(rest)),
        None => (path, None),
    };
    let position = nodes.iter().position(|node| &*node.segment == segment).unwrap_or_else(|| {
        nodes.push(ExpandNode { segment: segment.into(), children: Vec::new() });
        nodes.len() - 1
    });
    if let Some(rest) = rest {
        add(&mut nodes[position].children, rest, levels - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(nodes: &[ExpandNode]) -> String {
        let parts: Vec<String> = nodes
            .iter()
            .map(|node| match node.children.is_empty() {
                true => node.segment.to_string(),
                false => format!("{}({})", node.segment, written(&node.children)),
            })
            .collect();
        parts.join(" ")
    }

    #[test]
    fn paths_become_one_tree() {
        let cases = [
            ("", ""),
            (" , .,..", ""),
            ("author", "author"),
            (" .author. , tags", "author tags"),
            ("author,author", "author"),
            ("author,author.company,author.team", "author(company team)"),
            ("comments_via_post.author,tags", "comments_via_post(author) tags"),
            ("comments(post).author", "comments(post)(author)"),
            ("a..b", "a((b))"),
            ("a.b.c.d.e.f.g.h", "a(b(c(d(e(f)))))"),
        ];
        for (text, tree) in cases {
            assert_eq!(written(ExpandTree::parse(text).nodes()), tree, "{text}");
        }
    }
}
