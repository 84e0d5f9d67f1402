//! Where requests come from: behind proxies that are trusted, and from where superusers may come.

use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{Answer, Client, PASSWORD, TestApp};

const PATH: &str = "/api/settings";

/// An address that nobody here has.
const ELSEWHERE: &str = "203.0.113.7";

/// Asks as if a proxy had said that the request comes from `address`.
async fn from(client: &Client, address: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = client.request(method, path).header("X-Forwarded-For", address).json(&body);
    client.send(request).await
}

async fn get(client: &Client, address: &str, path: &str) -> Answer {
    from(client, address, Method::GET, path, json!(null)).await
}

/// What superusers are told of where they come from.
async fn real_ip(root: &Client, address: &str) -> Value {
    get(root, address, "/api/health").await.expect(200).at("/data/realIP")
}

fn trusting(proxies: &str) -> String {
    format!(
        "[collections.notes]\nfields = {{ text = \"text\" }}\nrules = {{ read = \"public\" }}\n{proxies}"
    )
}

#[actix_web::test]
async fn what_a_proxy_says_counts_once_it_is_trusted() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let own = real_ip(&root, ELSEWHERE).await;
    assert_eq!(own, "127.0.0.1", "anybody can send a header");
    let trusted = json!({ "trustedProxy": { "headers": ["X-Real-IP", "X-Forwarded-For"] } });
    root.patch(PATH, trusted).await.expect(200);
    assert_eq!(real_ip(&root, ELSEWHERE).await, ELSEWHERE);
    assert_eq!(real_ip(&root, "1.2.3.4, 203.0.113.7").await, ELSEWHERE);
    assert_eq!(real_ip(&root, "unknown").await, own);
    let first = json!({ "trustedProxy": { "useLeftmostIP": true } });
    root.patch(PATH, first).await.expect(200);
    assert_eq!(real_ip(&root, "1.2.3.4, 203.0.113.7").await, "1.2.3.4");
}

#[actix_web::test]
async fn limits_count_those_behind_a_proxy_apart() {
    let limits = "[server]\ntrusted_proxies = [\"X-Forwarded-For\"]\n\
                  [limits]\n\"notes:list\" = \"1/3600s\"\n";
    let app = TestApp::with_config(&trusting(limits)).await;
    let guest = app.guest();
    let list = "/api/collections/notes/records";
    get(&guest, "1.1.1.1", list).await.expect(200);
    get(&guest, "1.1.1.1", list).await.expect(429);
    get(&guest, "2.2.2.2", list).await.expect(200);
    // What the client itself wrote stands before what the proxy added.
    get(&guest, "9.9.9.9, 2.2.2.2", list).await.expect(429);
}

#[actix_web::test]
async fn superusers_come_from_where_they_may() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let trusted = json!({ "trustedProxy": { "headers": ["X-Forwarded-For"] } });
    root.patch(PATH, trusted).await.expect(200);
    let digest = app.state_digest();
    let refused = root.patch(PATH, json!({ "superuserIPs": ["10.0.0.0/8"] })).await.expect(400);
    assert_eq!(refused.at("/data/superuserIPs/code"), json!("validation_locked_out"));
    root.patch(PATH, json!({ "superuserIPs": ["here"] })).await.expect(400);
    assert_eq!(app.state_digest(), digest);

    let known = json!({ "superuserIPs": ["10.0.0.0/8", "127.0.0.1"] });
    root.patch(PATH, known).await.expect(200);
    root.get(PATH).await.expect(200);
    get(&root, "10.1.2.3", PATH).await.expect(200);
    let token = root.post("/api/files/token", json!({})).await.expect(200).at("/token");
    let mail = format!("/api/mails/none/page?token={}", token.as_str().unwrap());
    root.get(&mail).await.expect(404);

    // Here 10.1.2.3 is who asks; without the header it would be another.
    let known = json!({ "superuserIPs": ["10.0.0.0/8"] });
    let alone = from(&root, "10.1.2.3", Method::PATCH, PATH, known.clone()).await.expect(200);
    assert_eq!(alone.at("/superuserIPs"), json!(["10.0.0.0/8"]));
    let digest = app.state_digest();
    let untrusted = json!({ "trustedProxy": { "headers": [] } });
    let refused = from(&root, "10.1.2.3", Method::PATCH, PATH, untrusted).await.expect(400);
    assert_eq!(refused.at("/data/superuserIPs/code"), json!("validation_locked_out"));
    assert_eq!(app.state_digest(), digest);
    let known = json!({ "superuserIPs": ["10.0.0.0/8", "127.0.0.1"] });
    from(&root, "10.1.2.3", Method::PATCH, PATH, known).await.expect(200);

    let digest = app.state_digest();
    for path in [PATH, "/api/health", "/api/collections", "/api/collections/users/records"] {
        get(&root, ELSEWHERE, path).await.expect(403);
    }
    let user = json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
    let path = "/api/collections/users/records";
    from(&root, ELSEWHERE, Method::POST, path, user.clone()).await.expect(403);
    let sign_in = "/api/collections/_superusers/auth-with-password";
    let known = json!({ "identity": "root@example.com", "password": PASSWORD });
    let guest = app.guest();
    from(&guest, ELSEWHERE, Method::POST, sign_in, known).await.expect(403);
    get(&guest, ELSEWHERE, &mail).await.expect(401);
    assert_eq!(app.state_digest(), digest);
    // Everybody else is nobody's business.
    root.create("users", user).await.expect(200);
    let sign_in = "/api/collections/users/auth-with-password";
    let known = json!({ "identity": "a@b.co", "password": PASSWORD });
    from(&guest, ELSEWHERE, Method::POST, sign_in, known).await.expect(200);
}
