//! What dashboards start from: blank collections, and the providers that there are
//! (contract A 2.14).

use serde::Serialize;

use crate::domain::JsonMap;
use crate::domain::collection::{Collection, CollectionKind, PROVIDERS};
use crate::domain::random::Random;

/// A blank collection of each type.
#[derive(Debug, Serialize)]
pub struct Scaffolds {
    auth: JsonMap,
    base: JsonMap,
    view: JsonMap,
}

/// A provider that collections may name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    name: &'static str,
    display_name: &'static str,
    logo: String,
}

/// A blank collection of each type, with every option at its default.
pub fn scaffolds() -> Scaffolds {
    let mut random = Random::system();
    let mut blank = |type_name| {
        let kind = CollectionKind::blank(type_name, String::new).unwrap_or(CollectionKind::Base);
        let mut json = Collection::template(kind, &mut random).to_json();
        for key in ["created", "updated"] {
            json.insert(key.to_owned(), "".into());
        }
        json
    };
    Scaffolds { auth: blank("auth"), base: blank("base"), view: blank("view") }
}

/// The providers in the order of their listing, each with a picture.
pub fn providers() -> Vec<Provider> {
    let provider =
        |&(name, display_name)| Provider { name, display_name, logo: logo(display_name) };
    PROVIDERS.iter().map(provider).collect()
}

/// A plate with the first letter of `name`.
fn logo(name: &str) -> String {
    let letter = name.chars().next().map(|first| first.to_uppercase().to_string());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\">\
         <rect width=\"24\" height=\"24\" rx=\"5\" fill=\"#4b5563\"/>\
         <text x=\"12\" y=\"17\" font-family=\"sans-serif\" font-size=\"14\" text-anchor=\"middle\" \
         fill=\"#fff\">{}</text></svg>",
        letter.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_collections_have_fields_and_neither_id_nor_name() {
        let Scaffolds { auth, base, view } = scaffolds();
        for (blank, type_name, fields) in
            [(&auth, "auth", 6), (&base, "base", 1), (&view, "view", 0)]
        {
            assert_eq!(blank["type"], type_name);
            for key in ["id", "name", "created", "updated"] {
                assert_eq!(blank[key], "", "{key}");
            }
            assert_eq!(blank["fields"].as_array().map(Vec::len), Some(fields));
        }
        assert_eq!(view["viewQuery"], "");
        let index = auth["indexes"][0].as_str().unwrap();
        assert!(index.contains("ON `` (`tokenKey`)"), "{index}");
    }
}
