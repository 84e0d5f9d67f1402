use proptest::prelude::*;

use super::*;

fn rule(label: &str, audience: &str) -> RateLimitRule {
    let (label, audience) = (label.to_owned(), audience.to_owned());
    RateLimitRule { label, audience, duration: 1, max_requests: 1 }
}

/// The label of the rule that holds for a request at the collection `users`.
fn found<'a>(rules: &'a [&'a str], method: &str, path: &str) -> Option<&'a str> {
    found_for(rules, Audience::Guests, method, path)
}

fn found_for<'a>(
    rules: &'a [&'a str],
    audience: Audience,
    method: &str,
    path: &str,
) -> Option<&'a str> {
    let read = |text: &&str| match text.split_once('@') {
        Some((label, audience)) => rule(label.trim(), &format!("@{audience}")),
        None => rule(text, ""),
    };
    let labels = Labels::of(&rules.iter().map(read).collect::<Vec<_>>());
    let place = tags::find(method, path).map(|tagged| Place {
        id: "pbc_1",
        name: "users",
        action: tagged.action,
    });
    labels.find(&Asked { method, path, place, audience }).map(|index| rules[index])
}

const SIGN_IN: &str = "/api/collections/users/auth-with-password";

#[test]
fn the_most_particular_label_wins_whatever_the_order() {
    // The order of contract B 6.4.
    let labels = [
        "users:authWithPassword",
        "users:auth",
        "*:authWithPassword",
        "*:auth",
        "POST /api/collections/users/auth-with-password",
        "POST /api/collections/",
        "/api/collections/users/auth-with-password",
        "/api/",
    ];
    for from in 0..labels.len() {
        let mut rules = labels[from..].to_vec();
        assert_eq!(found(&rules, "POST", SIGN_IN), Some(labels[from]));
        rules.reverse();
        assert_eq!(found(&rules, "POST", SIGN_IN), Some(labels[from]));
    }
}

#[test]
fn other_collections_actions_and_methods_are_not_meant() {
    let others = [
        "posts:auth",
        "users:create",
        "*:list",
        "GET /api/collections/users/auth-with-password",
        "/api/collections/users",
        "/api/collections/users/auth-with-password/",
        "/api/col/",
    ];
    // The folder itself is below the folder.
    assert_eq!(found(&others, "POST", SIGN_IN), Some(others[5]));
    assert_eq!(found(&others[..5], "POST", SIGN_IN), None);
    assert_eq!(found(&others[6..], "POST", SIGN_IN), None);
    // What settings may hold and no request is called: a word, an id, a name in another case.
    assert_eq!(found(&["auth", "pbc_1:auth", "Users:auth"], "POST", SIGN_IN), None);
}

#[test]
fn of_paths_the_very_one_goes_before_its_folders_and_these_by_their_order() {
    let rules = ["/", "/api/", "/api/batch", "POST /api/"];
    assert_eq!(found(&rules, "POST", "/api/batch"), Some("POST /api/"));
    assert_eq!(found(&rules, "GET", "/api/batch"), Some("/api/batch"));
    assert_eq!(found(&rules, "GET", "/api/health"), Some("/"));
    assert_eq!(found(&rules[1..], "GET", "/api/health"), Some("/api/"));
    assert_eq!(found(&rules[1..], "GET", "/api"), Some("/api/"));
    assert_eq!(found(&rules[1..], "GET", "/apiary"), None);
    assert_eq!(found(&rules[1..], "GET", "/"), None);
}

#[test]
fn a_head_is_limited_as_the_get_is() {
    let path = "/api/collections/users/records";
    assert_eq!(found(&["GET /api/"], "HEAD", path), Some("GET /api/"));
    assert_eq!(found(&["GET /api/", "HEAD /api/"], "HEAD", path), Some("HEAD /api/"));
    assert_eq!(found(&["/api/", "users:list"], "HEAD", path), Some("users:list"));
}

#[test]
fn a_limit_for_others_is_passed_over() {
    let rules = ["users:auth @auth", "*:auth @guest", "/api/"];
    let find = |audience| found_for(&rules, audience, "POST", SIGN_IN);
    assert_eq!(find(Audience::SignedIn), Some("users:auth @auth"));
    assert_eq!(find(Audience::Guests), Some("*:auth @guest"));
    assert_eq!(found(&rules[..1], "POST", SIGN_IN), None);
    let both = ["/api/ @guest", "/api/ @auth"];
    assert_eq!(found_for(&both, Audience::SignedIn, "GET", "/api/x"), Some("/api/ @auth"));
}

/// The search as contract B 6.4 tells it, on texts.
fn as_told(rules: &[RateLimitRule], asked: &Asked<'_>) -> Option<usize> {
    let mut labels = Vec::new();
    if let Some(place) = asked.place {
        let of = |who: &str| place.action.tags.iter().map(|tag| format!("{who}:{tag}")).collect();
        let (own, any): (Vec<String>, Vec<String>) = (of(place.name), of("*"));
        labels.extend(own);
        labels.extend(any);
    }
    labels.push(format!("{} {}", asked.method, asked.path));
    labels.push(asked.path.to_owned());
    let wanted = match asked.audience {
        Audience::Guests => "@guest",
        Audience::SignedIn => "@auth",
    };
    let fits = |rule: &RateLimitRule| rule.audience.is_empty() || rule.audience == wanted;
    labels.iter().find_map(|label| {
        let exact = rules.iter().position(|rule| fits(rule) && rule.label == *label);
        let is_prefix = |rule: &RateLimitRule| {
            rule.label.ends_with('/') && format!("{label}/").starts_with(&rule.label)
        };
        exact.or_else(|| rules.iter().position(|rule| fits(rule) && is_prefix(rule)))
    })
}

fn rules() -> impl Strategy<Value = Vec<RateLimitRule>> {
    let label = prop_oneof![
        "(users|posts|\\*):(auth|authWithPassword|list|view|create)",
        "((GET|POST|PATCH) )?/(api/?)?(collections/?)?((users|posts)/?)?(records/?|auth-with-password)?",
        "(auth|list)",
    ];
    let audience = prop_oneof![Just(""), Just("@guest"), Just("@auth")];
    let rule = (label, audience).prop_map(|(label, audience)| rule(&label, audience));
    proptest::collection::vec(rule, 0..8)
}

proptest! {
    #[test]
    fn the_search_finds_what_the_contract_says(
        rules in rules(),
        method in "(GET|POST|PATCH|DELETE)",
        path in "/api(/collections(/(users|posts)(/(records(/a1)?|auth-with-password))?)?|/batch)?",
        signed_in in any::<bool>(),
    ) {
        let place = tags::find(&method, &path)
            .map(|tagged| Place { id: "pbc_1", name: tagged.collection, action: tagged.action });
        let audience = if signed_in { Audience::SignedIn } else { Audience::Guests };
        let asked = Asked { method: &method, path: &path, place, audience };
        prop_assert_eq!(Labels::of(&rules).find(&asked), as_told(&rules, &asked));
    }
}
