//! The page around the text of a mail. The only text that minijinja reads as a template is our own:
//! those of collections, which come through the API, are values to it.

use std::sync::LazyLock;

use minijinja::{Environment, context};

use crate::domain::language::Language;
use crate::services::Error;

/// The colour of links where the settings have none.
const USUAL_ACCENT: &str = "#1055c9";

/// Name of the template, which says that its values are escaped for HTML.
const LAYOUT: &str = "layout.html";

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates
        .add_template(LAYOUT, include_str!("layout.html"))
        .expect("the layout in the executable is a template, a test renders it");
    templates
});

/// What the page says beside the text.
pub(super) struct Page<'a> {
    /// The subject, which is its title.
    pub(super) subject: &'a str,
    /// The text, as HTML.
    pub(super) body: &'a str,
    /// The language that it is in.
    pub(super) language: Language,
    /// The colour of links and buttons, `#rrggbb` or empty.
    pub(super) accent: &'a str,
}

/// The page.
///
/// # Errors
/// `Internal` when it cannot be rendered.
pub(super) fn render(page: &Page<'_>) -> Result<String, Error> {
    let accent = if page.accent.is_empty() { USUAL_ACCENT } else { page.accent };
    let values = context! {
        language => page.language.code(), subject => page.subject, body => page.body, accent => accent,
    };
    let layout = TEMPLATES.get_template(LAYOUT).map_err(Error::internal)?;
    layout.render(values).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_values_and_never_templates() {
        let page = Page {
            subject: "{{ 7 * 7 }} <b>",
            body: "<p>{{ 7 * 7 }}</p>{% bad",
            language: Language::French,
            accent: "",
        };
        let html = render(&page).unwrap();
        assert!(html.contains("<title>{{ 7 * 7 }} &lt;b&gt;</title>"), "{html}");
        assert!(html.contains("<p>{{ 7 * 7 }}</p>{% bad"), "{html}");
        assert!(html.contains("background: #1055c9") && html.contains("lang=\"fr\""), "{html}");
    }
}
