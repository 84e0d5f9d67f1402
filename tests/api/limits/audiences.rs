//! Who is counted.

use serde_json::json;

use super::{limit, rule, set, sign_up, start, statuses};
use crate::harness::PASSWORD;

const HEALTH: &str = "/api/health";

#[actix_web::test]
async fn guests_and_those_who_signed_in_are_limited_apart() {
    let (app, root) = start().await;
    let ann = app.user("ann@example.com").await;
    let of = |audience: &str, most: i64| json!({ "label": "/api/", "audience": audience, "duration": 60, "maxRequests": most });
    limit(&root, &[of("@guest", 1), of("@auth", 2)]).await;
    assert_eq!(statuses(&app.guest(), HEALTH, 2).await, [200, 429]);
    assert_eq!(statuses(&ann, HEALTH, 3).await, [200, 200, 429]);
    // Whoever has a token that does not hold is a guest.
    assert_eq!(statuses(&app.guest().with_token("a.b.c"), HEALTH, 1).await, [429]);

    limit(&root, &[of("@guest", 1)]).await;
    assert_eq!(statuses(&ann, HEALTH, 3).await, [200, 200, 200]);
    assert_eq!(statuses(&app.guest(), HEALTH, 2).await, [200, 429]);
}

#[actix_web::test]
async fn superusers_are_not_counted() {
    let (app, root) = start().await;
    limit(&root, &[rule("/api/", 1), rule("*:list", 1), rule("*:create", 1)]).await;
    assert_eq!(statuses(&root, HEALTH, 3).await, [200, 200, 200]);
    assert_eq!(statuses(&root, "/api/collections/users/records", 3).await, [200, 200, 200]);
    for number in 0..3 {
        root.create("users", sign_up(&format!("{number}@example.com"))).await.expect(200);
    }
    // And took nothing away from others.
    assert_eq!(statuses(&app.guest(), HEALTH, 2).await, [200, 429]);
    // Until they are somebody, they are guests.
    limit(&root, &[rule("_superusers:auth", 1)]).await;
    app.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    let path = "/api/collections/_superusers/auth-with-password";
    let body = json!({ "identity": "root@example.com", "password": PASSWORD });
    app.guest().post(path, body.clone()).await.expect(429);
    root.post(path, body).await.expect(200);
}

#[actix_web::test]
async fn excluded_addresses_are_not_counted() {
    let (app, root) = start().await;
    let guest = app.guest();
    let limits = |excluded: &str| json!({ "enabled": true, "rules": [rule("/api/", 1)], "excludedIPs": [excluded] });
    for excluded in ["127.0.0.1", "127.0.0.0/8"] {
        set(&root, limits(excluded)).await;
        assert_eq!(statuses(&guest, HEALTH, 3).await, [200, 200, 200], "{excluded}");
    }
    for excluded in ["127.0.0.2", "10.0.0.0/8", "::1"] {
        set(&root, limits(excluded)).await;
        assert_eq!(statuses(&guest, HEALTH, 2).await, [200, 429], "{excluded}");
    }
    // Whatever a client says of its address.
    let request = guest.request(reqwest::Method::GET, HEALTH).header("X-Forwarded-For", "::1");
    guest.send(request).await.expect(429);
}
