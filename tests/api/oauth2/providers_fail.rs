//! Providers that hang, answer garbage, or lead elsewhere.

use ferrobase::services::oauth2::Limits;
use ferrobase::services::public_addresses::Reach;
use serde_json::json;

use super::provider::{Fault, Provider};
use super::{LIMITS, SHORT, exchange, start, start_with};

#[actix_web::test]
async fn a_provider_that_does_not_answer_is_not_waited_for() {
    let world = start_with(SHORT).await;
    let before = world.app.state_digest();
    for path in ["/token", "/keys"] {
        let grant = world.visit("users", "oidc").await;
        world.provider.fail(path, Fault::Hang);
        let answer = exchange(&world.app.guest(), "users", &grant, json!({})).await.expect(400);
        assert_eq!(answer.at("/message"), json!("The provider did not answer in time."), "{path}");
        world.provider.state().faults.clear();
    }
    for path in ["/user", "/user/emails"] {
        let grant = world.visit("users", "github").await;
        world.provider.fail(path, Fault::Hang);
        exchange(&world.app.guest(), "users", &grant, json!({})).await.expect(400);
        world.provider.state().faults.clear();
    }
    assert_eq!(world.app.state_digest(), before);
    world.provider.fail("/picture.png", Fault::Hang);
    assert_eq!(world.arrive().await.at("/record/avatar"), json!(""), "it goes without a picture");
}

#[actix_web::test]
async fn garbage_signs_nobody_in() {
    let world = start().await;
    let before = world.app.state_digest();
    let mut huge = "x".repeat(2 << 20);
    huge.insert_str(0, r#"{"access_token":"a","x":""#);
    huge.push_str("\"}");
    let texts: Vec<(u16, String)> = vec![
        (200, String::new()),
        (200, "<html>Welcome!</html>".to_owned()),
        (200, "null".to_owned()),
        (200, "[1, 2]".to_owned()),
        (200, "{".repeat(1000)),
        (200, r#"{"error":"invalid_grant","access_token":"a","id_token":"a.b.c"}"#.to_owned()),
        (200, r#"{"access_token":"a","id_token":"a.b.c"}"#.to_owned()),
        (200, r#"{"access_token":"a","id_token":7}"#.to_owned()),
        (200, r#"{"access_token":"a\nb","id_token":"x"}"#.to_owned()),
        (200, huge),
        (204, String::new()),
        (401, r#"{"access_token":"a"}"#.to_owned()),
        (500, "\u{0}\u{1}\u{2}".to_owned()),
    ];
    for (name, paths) in [("oidc", ["/token", "/keys"]), ("github", ["/token", "/user"])] {
        for path in paths {
            for (status, text) in &texts {
                let grant = world.visit("users", name).await;
                world.provider.fail(path, Fault::Answer(*status, "application/json", text.clone()));
                let answer = exchange(&world.app.guest(), "users", &grant, json!({})).await;
                let shown: String = text.chars().take(60).collect();
                assert_eq!(answer.status, 400, "{path} {status} {shown}: {}", answer.text);
                world.provider.state().faults.clear();
            }
        }
    }
    assert_eq!(world.app.state_digest(), before);
}

#[actix_web::test]
async fn a_list_of_addresses_that_must_not_be_seen_is_none_and_one_that_breaks_is_a_failure() {
    let world = start().await;
    world.provider.fail("/user/emails", Fault::Answer(500, "text/plain", "no".to_owned()));
    world.sign_in(&world.app.guest(), "users", "github").await.expect(400);
    world.provider.fail("/user/emails", Fault::Answer(403, "text/plain", "no".to_owned()));
    let grant = world.visit("users", "github").await;
    let more = json!({ "createData": { "email": "typed@example.com" } });
    let answer = exchange(&world.app.guest(), "users", &grant, more).await.expect(200);
    assert_eq!(
        (answer.at("/meta/email"), answer.at("/record/verified")),
        (json!(""), json!(false))
    );
}

#[actix_web::test]
async fn redirects_lead_nowhere_else() {
    let world = start().await;
    let elsewhere = Provider::start();
    for (name, path) in
        [("oidc", "/token"), ("oidc", "/keys"), ("github", "/token"), ("github", "/user")]
    {
        let grant = world.visit("users", name).await;
        world.provider.fail(path, Fault::Redirect(format!("{}{path}", elsewhere.url)));
        exchange(&world.app.guest(), "users", &grant, json!({})).await.expect(400);
        world.provider.state().faults.clear();
    }
    assert_eq!(elsewhere.state().asked, Vec::<String>::new(), "no token and no secret went there");
    assert_eq!(world.app.count("users"), 0);
    // At home a provider may move its pages, but not in circles.
    world.provider.fail("/user", Fault::Redirect("/userinfo".to_owned()));
    world.provider.state().person["id"] = json!(7);
    let answer = world.sign_in(&world.app.guest(), "users", "gitlab").await;
    assert_eq!(answer.status, 400, "an account without an address makes no user");
    assert_eq!(world.provider.asked("/userinfo"), 1);
    world.provider.fail("/user", Fault::Redirect("/user".to_owned()));
    world.sign_in(&world.app.guest(), "users", "gitlab").await.expect(400);
}

#[actix_web::test]
async fn pictures_are_fetched_from_public_hosts_alone() {
    let world = start_with(Limits { pictures_from: Reach::Public, ..LIMITS }).await;
    let port = world.provider.url.rsplit(':').next().unwrap().to_owned();
    for (number, url) in [
        world.provider.url.clone(),
        format!("http://localhost:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://10.0.0.1".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        world.provider.sign_in(&format!("person{number}"), &format!("p{number}@example.com"));
        world.provider.state().person["picture"] = json!(format!("{url}/picture.png"));
        let answer = world.arrive().await;
        assert_eq!(answer.at("/record/avatar"), json!(""), "{url}");
        assert_eq!(answer.at("/meta/avatarURL"), json!(format!("{url}/picture.png")));
    }
    assert_eq!(world.provider.asked("/picture.png"), 0);
}
