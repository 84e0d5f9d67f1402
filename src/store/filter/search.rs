//! The `search` parameter: rows by the words that they have (config.md 1.5).

use crate::domain::collection::Collection;
use crate::domain::search;
use crate::store::dialect::{Dialect, Last, groups};
use crate::store::filter::FilterError;
use crate::store::filter::fragment::Fragment;
use crate::store::value::Value;

/// Most bytes of a search, as of a filter.
const MAX_SEARCH: usize = 3500;

/// What is looked for: at least one word.
#[derive(Debug)]
pub(super) struct Search {
    words: Vec<String>,
}

impl Search {
    /// Reads `text`. None when there is nothing to look for or nowhere to look.
    pub(super) fn parse(
        collection: &Collection,
        text: &str,
        is_trusted: bool,
    ) -> Result<Option<Self>, FilterError> {
        let fields = search::fields(collection);
        if text.is_empty() || fields.is_empty() || collection.is_view() {
            return Ok(None);
        }
        if text.len() > MAX_SEARCH {
            return Err(FilterError::Invalid(format!("a search has at most {MAX_SEARCH} bytes")));
        }
        // No definition that was checked comes to this.
        if let Some(field) = fields.iter().find(|field| search::closed(field).is_some())
            && !is_trusted
        {
            let message = format!("not everybody may search {}", field.name);
            return Err(FilterError::Invalid(message));
        }
        let words: Vec<String> = search::words(text).into_iter().map(str::to_owned).collect();
        Ok((!words.is_empty()).then_some(Self { words }))
    }

    /// Whether the row has all words.
    pub(super) fn found(&self, dialect: Dialect, collection: &Collection, row: &str) -> Fragment {
        self.is_among(dialect, collection, row, None, Last::Prefix)
    }

    /// How good the row is, the best being the least: by the first field that has all words, and
    /// there the last word as a whole before one that goes on. It says nothing of other rows, as
    /// measures by how rare a word is do: these may be hidden from the caller.
    pub(super) fn rank(&self, dialect: Dialect, collection: &Collection, row: &str) -> Fragment {
        let groups = groups(collection);
        let mut places: Vec<(Option<usize>, Last)> = (0..groups)
            .flat_map(|group| [(Some(group), Last::Whole), (Some(group), Last::Prefix)])
            .collect();
        if groups > 1 {
            places.push((None, Last::Whole));
        }
        let cases = places.into_iter().enumerate().map(|(rank, (group, last))| {
            let found = self.is_among(dialect, collection, row, group, last);
            Fragment::from(" WHEN ") + found + format!(" THEN {rank}")
        });
        Fragment::from("CASE") + Fragment::join(cases, "") + format!(" ELSE {} END", 2 * groups + 1)
    }

    fn is_among(
        &self,
        dialect: Dialect,
        collection: &Collection,
        row: &str,
        group: Option<usize>,
        last: Last,
    ) -> Fragment {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let text = dialect.search_text(collection, &words, group, last);
        Fragment::param(Value::text(text)).map(|place| {
            let rows = dialect.found_rows(collection, place, group, last);
            format!("{row}.\"_rowid_\" IN ({rows})")
        })
    }
}
