//! `[[webhooks]]` (config.md 1.7).

use crate::config::TriggerEvent;
use crate::config::tests::{loaded, refused};

#[test]
fn webhooks() {
    let text = "[collections.posts.fields]\nstatus = \"text\"\n[[webhooks]]\non = [\"posts:create\", \"posts:*\"]\nwhen = \"status = 'x'\"\n\
                url = \"https://a.example/hook\"\nsecret = \"s\"\ntimeout = \"5s\"\n[[webhooks]]\non = [\"posts:delete\"]\nurl = \"\"\n";
    let config = loaded(text);
    assert_eq!(config.webhooks.len(), 1);
    let events: Vec<TriggerEvent> =
        config.webhooks[0].on.iter().map(|trigger| trigger.event).collect();
    assert_eq!(events, [TriggerEvent::Create, TriggerEvent::Any]);
    assert_eq!(
        refused(
            "[collections.posts]\n[[webhooks]]\non = [\"post:create\", \"posts:view\"]\nurl = \"x\"\n[[webhooks]]\non = [\"posts:create\"]\nwhen = \"statsu = 1\"\nurl = \"\"\n[[webhooks]]\n"
        ),
        [
            "3:7 there is no collection `post`",
            "3:22 `posts:view` is no change of records",
            "4:7 `url` is not an address such as https://example.com/hook",
            "7:9 unknown field \"statsu\"",
            "9:1 a webhook needs `on`",
            "9:1 a webhook needs a `url`",
        ]
    );
}

#[test]
fn webhooks_have_names_that_stay() {
    let hook = |keys: &str| format!("[[webhooks]]\n{keys}\nurl = \"https://a.example\"\n");
    let long = "a".repeat(101);
    let on = "on = [\"posts:create\", \"posts:*\"]";
    let off = format!("[[webhooks]]\n{on}\nurl = \"\"\n");
    let text =
        ["[collections.posts]\n", &off, &hook(on), &hook("on = [\"posts:delete\"]")].concat();
    let text = text + &hook(&format!("{on}\nname = \"Deploy\"")) + &hook(on);
    let names: Vec<String> = loaded(&text).webhooks.into_iter().map(|hook| hook.name).collect();
    let made = "posts:create, posts:*";
    assert_eq!(
        names,
        [&format!("{made} #2"), "posts:delete", "Deploy", &format!("{made} #3")],
        "whether one is switched on changes nothing for the others"
    );
    let named = |name: &str| hook(&format!("on = [\"posts:*\"]\nname = \"{name}\""));
    let names = ["a", "a", "a:b", "", &long].map(named);
    assert_eq!(
        refused(&format!("[collections.posts]\n{}", names.concat())),
        [
            "8:8 there are two webhooks `a`".to_owned(),
            "12:8 `a:b` cannot be the name of a webhook".to_owned(),
            "16:8 `` cannot be the name of a webhook".to_owned(),
            format!("20:8 `{long}` cannot be the name of a webhook"),
        ]
    );
}

#[test]
fn webhooks_that_could_never_be_right_are_faults() {
    let text = "[collections.posts]\n[collections.all]\ntype = \"view\"\nquery = \"SELECT id FROM posts\"\n\
                [[webhooks]]\non = [\"all:create\"]\nurl = \"https://a.example\"\nsecret = \"whsec_%\"\n\
                timeout = \"0s\"\n[[webhooks]]\non = []\nurl = \"ftp://a.example/x\"\n\
                [[webhooks]]\non = [\"posts:*\"]\nurl = \"http://u:p@169.254.1.1/x\"\n\
                [[webhooks]]\non = [\"posts:*\"]\nurl = \"http://localhost/x\"\nallow_private = true\n";
    assert_eq!(
        refused(text),
        [
            "6:7 `all` is a view, which nobody changes",
            "8:10 `secret`: what follows `whsec_` is not base64",
            "9:11 `timeout` leaves no time for an answer",
            "11:6 a webhook needs `on`",
            "12:7 `url` is not an address such as https://example.com/hook",
            "15:7 `url` is a private address, which is never called",
        ]
    );
}
