//! The parameters of a list answer and the numbers around its items (contract A 1.7).

use serde::Serialize;

use crate::domain::fields::spells_true;
use crate::domain::rules::RequestInfo;
use crate::services::Error;

const DEFAULT_PER_PAGE: u64 = 30;
const MOST_PER_PAGE: u64 = 1_000;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paging {
    /// Page number, 1 is the first.
    pub page: u64,
    /// Items of a page, 1 to 1000.
    pub per_page: u64,
    /// Whether the total is counted.
    pub total: Total,
}

/// Whether a list counts everything it could show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    /// Count.
    Counted,
    /// Do not count: `totalItems` and `totalPages` are -1.
    Skipped,
}

/// One page of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// What the page has.
    pub items: Vec<T>,
    /// The number of the page, from 1.
    pub page: u64,
    /// Most items of a page.
    pub per_page: u64,
    /// Items of all pages together, or -1 when they were not counted.
    pub total_items: i64,
    /// Number of pages, or -1 when the items were not counted.
    pub total_pages: i64,
}

impl<T> Page<T> {
    /// The page that `paging` asked for; `total` is there when it was counted.
    pub(super) fn new(items: Vec<T>, paging: Paging, total: Option<u64>) -> Self {
        Self {
            items,
            page: paging.page,
            per_page: paging.per_page,
            total_items: total.map_or(-1, signed),
            total_pages: total.map_or(-1, |total| signed(paging.pages(total))),
        }
    }
}

impl Paging {
    /// Reads `page`, `perPage` and `skipTotal`.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when one of them is not what it should be.
    pub(super) fn read(request: &RequestInfo) -> Result<Self, Error> {
        let total = match parameter(request, "skipTotal") {
            None | Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Total::Counted,
            Some(text) if spells_true(text) => Total::Skipped,
            Some(_) => return Err(Error::bad_request("skipTotal must be true or false.")),
        };
        Ok(Self {
            page: number(request, "page")?.unwrap_or(1),
            per_page: number(request, "perPage")?.unwrap_or(DEFAULT_PER_PAGE).min(MOST_PER_PAGE),
            total,
        })
    }

    /// Rows before the first of the page.
    pub(super) const fn offset(&self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// Pages that `items` records fill.
    pub(super) const fn pages(&self, items: u64) -> u64 {
        items.div_ceil(self.per_page)
    }
}

/// The parameter called `name`; an empty one counts as absent.
pub(super) fn parameter<'a>(request: &'a RequestInfo, name: &str) -> Option<&'a str> {
    request.query.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// `number` as databases and answers have it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn number(request: &RequestInfo, name: &str) -> Result<Option<u64>, Error> {
    let Some(text) = parameter(request, name) else { return Ok(None) };
    let number: i64 =
        text.parse().map_err(|_| Error::bad_request(format!("{name} must be a whole number.")))?;
    Ok(u64::try_from(number).ok().filter(|&number| number > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<Paging, String> {
        let query = query.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        let request = RequestInfo { query, ..RequestInfo::default() };
        Paging::read(&request).map_err(|error| error.to_string())
    }

    fn paging(page: u64, per_page: u64, total: Total) -> Result<Paging, String> {
        Ok(Paging { page, per_page, total })
    }

    #[test]
    fn numbers_are_kept_within_their_bounds() {
        assert_eq!(read(&[]), paging(1, 30, Total::Counted));
        assert_eq!(read(&[("page", ""), ("perPage", "")]), paging(1, 30, Total::Counted));
        assert_eq!(read(&[("page", "0"), ("perPage", "-5")]), paging(1, 30, Total::Counted));
        assert_eq!(read(&[("page", "7"), ("perPage", "5000")]), paging(7, 1000, Total::Counted));
        assert_eq!(read(&[("skipTotal", "True")]), paging(1, 30, Total::Skipped));
        assert!(read(&[("page", "x")]).is_err());
        assert!(read(&[("perPage", "1.5")]).is_err());
        assert!(read(&[("skipTotal", "yes")]).is_err());
    }

    #[test]
    fn pages_and_offsets_follow_from_the_size() {
        let third = Paging { page: 3, per_page: 20, total: Total::Counted };
        assert_eq!((third.offset(), third.pages(0), third.pages(41)), (40, 0, 3));
        let last = Paging { page: i64::MAX as u64, ..third };
        assert_eq!(last.offset(), u64::MAX, "an absurd page is past the end, not an overflow");
    }
}
