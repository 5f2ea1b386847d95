//! How browsers get in, and out.

use crate::rig::Rig;

#[tokio::test]
async fn a_link_sets_a_cookie_that_no_script_and_no_other_site_can_use() {
    let rig = Rig::start().await;
    let code = rig.hub.auth().login_link(rig.hub.now().wall);
    let answer = rig.ask("GET", &format!("/login/{code}?to=/views/weather")).send().await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("/views/weather"));
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("glassline_login_") && cookie.contains("=gl_login_"), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let again = rig.ask("GET", &format!("/login/{code}")).send().await;
    assert_eq!(again.status, 401, "a link is good once");
    assert!(again.header("set-cookie").is_none());
    assert!(again.body.contains("used already"));
}

#[tokio::test]
async fn a_look_at_the_headers_does_not_use_a_link_up() {
    let rig = Rig::start().await;
    let path = format!("/login/{}", rig.hub.auth().login_link(rig.hub.now().wall));
    assert_eq!(rig.ask("HEAD", &path).send().await.status, 401);
    assert_eq!(rig.ask("GET", &path).send().await.status, 303);
}

#[tokio::test]
async fn a_used_link_leads_whoever_is_logged_in_where_it_led_before() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let path = format!("/login/{}?to=/status", rig.hub.auth().login_link(rig.hub.now().wall));
    assert_eq!(rig.ask("GET", &path).send().await.status, 303);
    let again = rig.ask("GET", &path).header("Cookie", &cookie).send().await;
    assert_eq!((again.status, again.header("location")), (303, Some("/status")));
    assert_eq!(again.header("set-cookie"), None);
    assert_eq!(rig.ask("GET", &path).send().await.status, 401);
}

#[tokio::test]
async fn a_new_login_ends_the_one_that_the_browser_had() {
    let rig = Rig::start().await;
    let (old, other) = (rig.log_in().await, rig.log_in().await);
    let is_in =
        async |cookie: &str| rig.ask("GET", "/account").header("Cookie", cookie).send().await.status == 200;
    let path = format!("/login/{}", rig.hub.auth().login_link(rig.hub.now().wall));
    let answer = rig.ask("GET", &path).header("Cookie", &old).send().await;
    let new = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie");
    assert!(is_in(new).await && is_in(&other).await && !is_in(&old).await);
    let form = format!("token={}", rig.hub.auth().admin_token());
    let by_form = rig.ask("POST", "/login").header("Origin", &rig.origin()).header("Cookie", new);
    assert_eq!(by_form.body(&form).send().await.status, 303);
    assert!(!is_in(new).await && is_in(&other).await);
    let wrong = rig.ask("POST", "/login").header("Origin", &rig.origin()).header("Cookie", &other);
    assert_eq!(wrong.body("token=wrong").send().await.status, 401);
    assert!(is_in(&other).await, "that was no login");
    rig.stop().await;
}

#[tokio::test]
async fn a_link_leads_nowhere_else() {
    let rig = Rig::start().await;
    for to in ["//evil.example", "https://evil.example/", "/%5Cevil.example", "/%0d%0aSet-Cookie:x"] {
        let code = rig.hub.auth().login_link(rig.hub.now().wall);
        let answer = rig.ask("GET", &format!("/login/{code}?to={to}")).send().await;
        assert_eq!(answer.header("location"), Some("/"), "{to}");
    }
}

#[tokio::test]
async fn a_login_survives_a_restart_and_ends_with_the_logout() {
    let rig = Rig::start().await;
    let cookie = rig.log_in().await;
    let rig = rig.restart().await;
    // The rig's port is another one now, and the cookie's name has it.
    let (_, login) = cookie.split_once('=').expect("a name and a value");
    let cookie = format!("glassline_login_{}={login}", rig.origin().rsplit(':').next().expect("a port"));
    assert_eq!(rig.ask("GET", "/").header("Cookie", &cookie).send().await.status, 200);
    let foreign = rig.ask("POST", "/logout").header("Cookie", &cookie).send().await;
    assert_eq!(foreign.status, 403);
    let out =
        rig.ask("POST", "/logout").header("Cookie", &cookie).header("Origin", &rig.origin()).send().await;
    assert_eq!((out.status, out.header("location")), (303, Some("/login")));
    assert!(out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(rig.ask("GET", "/").header("Cookie", &cookie).send().await.status, 401);
}

#[tokio::test]
async fn the_form_takes_the_administrators_token_from_our_own_page_only() {
    let rig = Rig::start().await;
    let token = rig.hub.auth().admin_token().to_owned();
    let post = |token: &str| {
        let form = format!("token={token}&to=%2Fstatus");
        rig.ask("POST", "/login").header("Content-Type", "application/x-www-form-urlencoded").body(&form)
    };
    assert_eq!(post(&token).send().await.status, 403);
    assert_eq!(post(&token).header("Origin", "http://evil.example").send().await.status, 403);
    let wrong = post("gl_admin_wrong").header("Origin", &rig.origin()).send().await;
    assert_eq!(wrong.status, 401);
    assert!(
        wrong.body.contains("role=\"alert\"") && wrong.body.contains("value=\"/status\""),
        "{}",
        wrong.body
    );
    let right = post(&token).header("Origin", &rig.origin()).send().await;
    assert_eq!((right.status, right.header("location")), (303, Some("/status")));
    let cookie = right.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie");
    assert_eq!(rig.ask("GET", "/status").header("Cookie", cookie).send().await.status, 200);
    let malformed = rig.ask("POST", "/login").header("Origin", &rig.origin()).body("to=/").send().await;
    assert_eq!(malformed.status, 400);
}

#[tokio::test]
async fn a_page_without_login_says_how_to_get_one_and_where_one_wanted_to() {
    let rig = Rig::start().await;
    for path in ["/", "/status", "/devices/d?x=%22%3E", "/views/weather"] {
        let answer = rig.ask("GET", path).header("Accept", "text/html").send().await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.body.contains("login link") && answer.body.contains("action=\"/login\""), "{path}");
        assert!(answer.body.contains(&format!("value=\"{path}\"")), "{path}: {}", answer.body);
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
        assert!(answer.header("www-authenticate").is_none());
    }
    let form = rig.ask("GET", "/login").send().await;
    assert_eq!(form.status, 200);
    let styles: Vec<&str> = form.body.split('"').filter(|text| text.ends_with(".css")).collect();
    assert_eq!(styles.len(), 1, "{styles:?}");
    for style in styles {
        assert_eq!(rig.ask("GET", style).send().await.status, 200, "{style}");
    }
}
