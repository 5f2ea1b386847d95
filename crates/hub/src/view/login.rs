//! The page for whoever is not logged in.

use minijinja::Value;

use super::library::Library;
use super::look::Look;
use super::shell::Page;

/// Its template.
const TEMPLATE: &str = "web/login.html";

/// Its content policy: it has no script.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

impl Library {
    /// The page that says how to log in. `to` is the path that it leads to, `why` the name of a text that says what is wrong.
    pub(crate) fn login_page(&self, to: &str, why: Option<&str>, look: Look) -> Page {
        let url = |name: &str| self.assets.url(name).map_or(Value::UNDEFINED, Value::from);
        let variables = Value::from_pairs([
            ("icon", url("icon.svg")),
            ("style", url("glassline.css")),
            ("theme", look.theme.map_or(Value::UNDEFINED, |theme| Value::from(theme.as_str()))),
            ("to", Value::from(to)),
            ("why", why.map_or(Value::UNDEFINED, Value::from)),
        ]);
        let html = self.templates.get_template(TEMPLATE).and_then(|template| template.render(variables));
        // The template is built in: a test renders it.
        let html = html.unwrap_or_else(|error| super::escape::escape(&format!("{TEMPLATE}: {error}")));
        Page { html, csp: POLICY.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_is_wrong_and_where_it_leads() {
        let page = Library::built_in().login_page("/views/a?b=\"", Some("login.used"), Look::default());
        assert!(
            page.html.contains("<p class=\"what\" role=\"alert\">This link was used already"),
            "{}",
            page.html
        );
        assert!(page.html.contains("value=\"/views/a?b=&quot;\""), "{}", page.html);
        assert!(page.html.contains("<code>glassline</code>") && !page.html.contains("<script"));
    }
}
