//! The texts of mails unless others are written (contract B 8).

use super::EmailTemplate;

const GREETING: &str = "<p>Hello,</p>\n";
const IGNORE: &str = "<p><i>If this was not you, you can safely ignore this e-mail.</i></p>\n";
const CLOSING: &str = "<p>Thanks,<br/>the {APP_NAME} team</p>";

fn template(subject: &str, middle: &str) -> EmailTemplate {
    EmailTemplate {
        subject: subject.to_owned(),
        body: format!("{GREETING}{middle}{IGNORE}{CLOSING}"),
    }
}

fn button(label: &str, page: &str) -> String {
    format!(
        "<p>\n  <a class=\"btn\" href=\"{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}\" target=\"_blank\" \
         rel=\"noopener\">{label}</a>\n</p>\n"
    )
}

/// Asks to confirm an address.
pub(super) fn verification() -> EmailTemplate {
    template(
        "Please verify your e-mail for {APP_NAME}",
        &format!(
            "<p>An account at {{APP_NAME}} was opened with this address. Please confirm that it is \
             yours.</p>\n{}",
            button("Verify", "confirm-verification")
        ),
    )
}

/// Offers a new password.
pub(super) fn password_reset() -> EmailTemplate {
    template(
        "Choose a new {APP_NAME} password",
        &format!(
            "<p>Choose a new password with this button. It works for a short while and once.</p>\n{}",
            button("Reset password", "confirm-password-reset")
        ),
    )
}

/// Asks to confirm another address.
pub(super) fn email_change() -> EmailTemplate {
    template(
        "Confirm your new {APP_NAME} address",
        &format!(
            "<p>Please confirm that this is the new address of your account.</p>\n{}",
            button("Confirm new email", "confirm-email-change")
        ),
    )
}

/// Carries a code.
pub(super) fn one_time_password() -> EmailTemplate {
    template("Your {APP_NAME} code", "<p>Your one-time password is <strong>{OTP}</strong></p>\n")
}

/// Tells of a sign-in.
pub(super) fn auth_alert() -> EmailTemplate {
    EmailTemplate {
        subject: "New sign-in to {APP_NAME}".to_owned(),
        body: format!(
            "{GREETING}<p>Somebody signed in to your account from a new place:</p>\n\
             <p><em>{{ALERT_INFO}}</em></p>\n\
             <p>If this was not you, change your password at once: that ends every session.</p>\n\
             {CLOSING}"
        ),
    }
}
