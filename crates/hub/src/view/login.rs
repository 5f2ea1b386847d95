//! The page for whoever is not logged in.

use minijinja::Value;

use super::library::Library;
use super::look::Look;
use super::shell::Page;

/// Its template.
const TEMPLATE: &str = "web/login.html";

/// Its content policy: it has no script.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// What the page that says how to log in says besides.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginPage<'a> {
    /// The path that it leads to.
    pub(crate) to: &'a str,
    /// What is wrong: a sentence.
    pub(crate) why: Option<String>,
    /// The name that was typed.
    pub(crate) name: &'a str,
    /// Whether there are people, who log in with a password.
    pub(crate) has_people: bool,
}

impl Library {
    /// The page that says how to log in.
    pub(crate) fn login_page(&self, page: &LoginPage<'_>, look: Look) -> Page {
        let values = minijinja::context! {
            to => page.to,
            why => page.why.as_deref().unwrap_or_default(),
            name => page.name,
            has_people => page.has_people,
        };
        plain(self, TEMPLATE, values, look)
    }
}

/// A page without any script, for whoever may see no other yet.
pub(super) fn plain(library: &Library, template: &str, values: Value, look: Look) -> Page {
    let url = |name: &str| library.assets.url(name).map_or(Value::UNDEFINED, Value::from);
    let values = minijinja::context! {
        icon => url("icon.svg"),
        style => url("glassline.css"),
        theme => look.theme.map_or(Value::UNDEFINED, |theme| Value::from(theme.as_str())),
        ..values
    };
    let html = library.templates.get_template(template).and_then(|template| template.render(values));
    // The template is built in: a test renders it.
    let html = html.unwrap_or_else(|error| super::escape::escape(&format!("{template}: {error:#}")));
    Page { html, csp: POLICY.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_is_wrong_and_where_it_leads() {
        let why = Some("This link was used already.".to_owned());
        let page = LoginPage { to: "/views/a?b=\"", why, name: "<ada>", has_people: true };
        let html = Library::built_in().login_page(&page, Look::default()).html;
        assert!(html.contains("<p class=\"what\" role=\"alert\">This link was used already"), "{html}");
        assert!(
            html.contains("value=\"/views/a?b=&quot;\"") && html.contains("value=\"&lt;ada&gt;\""),
            "{html}"
        );
        assert!(html.contains("<code>glassline</code>") && !html.contains("<script"));
    }

    #[test]
    fn where_nobody_has_an_account_it_asks_for_no_password() {
        let page = LoginPage { to: "/", ..LoginPage::default() };
        let html = Library::built_in().login_page(&page, Look::default()).html;
        assert!(html.contains("name=\"token\"") && !html.contains("name=\"password\""), "{html}");
    }
}
