//! What dashboards start from: blank collections, and the providers that there are
//! (contract A 2.14).

use serde::Serialize;

use crate::domain::JsonMap;
use crate::domain::collection::{Collection, CollectionKind};
use crate::domain::providers::{self, PROVIDERS};
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
    let provider = |known: &providers::Provider| Provider {
        name: known.name,
        display_name: known.display_name,
        logo: known.logo(),
    };
    PROVIDERS.iter().map(provider).collect()
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
