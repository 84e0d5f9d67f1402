//! What mails say, language by language. The English labels and "one-time password" are contract.

use crate::domain::language::Language;

/// The words of a language.
pub(super) struct Words {
    pub(super) greeting: &'static str,
    pub(super) ignore: &'static str,
    pub(super) closing: &'static str,
    pub(super) verification: Asking,
    pub(super) password_reset: Asking,
    pub(super) email_change: Asking,
    pub(super) otp_subject: &'static str,
    /// The code follows.
    pub(super) otp_text: &'static str,
    pub(super) alert_subject: &'static str,
    /// Where it was follows.
    pub(super) alert_text: &'static str,
    pub(super) alert_advice: &'static str,
    pub(super) changed_subject: &'static str,
    /// The new address follows.
    pub(super) changed_text: &'static str,
    pub(super) changed_advice: &'static str,
}

/// A mail with a button.
pub(super) struct Asking {
    pub(super) subject: &'static str,
    pub(super) text: &'static str,
    pub(super) label: &'static str,
}

/// The words of `language`.
pub(super) const fn of(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
        Language::French => &FRENCH,
        Language::Spanish => &SPANISH,
    }
}

static ENGLISH: Words = Words {
    greeting: "Hello,",
    ignore: "If this was not you, you can safely ignore this e-mail.",
    closing: "Thanks,<br/>the {APP_NAME} team",
    verification: Asking {
        subject: "Please verify your e-mail for {APP_NAME}",
        text: "An account at {APP_NAME} was opened with this address. Please confirm that it is \
               yours.",
        label: "Verify",
    },
    password_reset: Asking {
        subject: "Choose a new {APP_NAME} password",
        text: "Choose a new password with this button. It works for a short while and once.",
        label: "Reset password",
    },
    email_change: Asking {
        subject: "Confirm your new {APP_NAME} address",
        text: "Please confirm that this is the new address of your account.",
        label: "Confirm new email",
    },
    otp_subject: "Your {APP_NAME} code",
    otp_text: "Your one-time password is",
    alert_subject: "New sign-in to {APP_NAME}",
    alert_text: "Somebody signed in to your account from a new place:",
    alert_advice: "If this was not you, change your password at once: that ends every session.",
    changed_subject: "Your {APP_NAME} address was changed",
    changed_text: "This is no longer the address of your account. The new one is",
    changed_advice: "If this was not you, tell the {APP_NAME} team at once.",
};

static GERMAN: Words = Words {
    greeting: "Hallo,",
    ignore: "Falls du das nicht warst, kannst du diese E-Mail einfach ignorieren.",
    closing: "Danke,<br/>dein {APP_NAME}-Team",
    verification: Asking {
        subject: "Bitte bestätige deine E-Mail-Adresse für {APP_NAME}",
        text: "Mit dieser Adresse wurde ein Konto bei {APP_NAME} eröffnet. Bitte bestätige, dass sie \
               dir gehört.",
        label: "Adresse bestätigen",
    },
    password_reset: Asking {
        subject: "Wähle ein neues Passwort für {APP_NAME}",
        text: "Mit diesem Knopf wählst du ein neues Passwort. Er funktioniert nur kurze Zeit und nur \
               einmal.",
        label: "Neues Passwort wählen",
    },
    email_change: Asking {
        subject: "Bestätige deine neue Adresse für {APP_NAME}",
        text: "Bitte bestätige, dass dies die neue Adresse deines Kontos ist.",
        label: "Neue Adresse bestätigen",
    },
    otp_subject: "Dein Code für {APP_NAME}",
    otp_text: "Dein Einmalpasswort ist",
    alert_subject: "Neue Anmeldung bei {APP_NAME}",
    alert_text: "Jemand hat sich von einem neuen Ort aus bei deinem Konto angemeldet:",
    alert_advice: "Falls du das nicht warst, ändere sofort dein Passwort: Das beendet alle Sitzungen.",
    changed_subject: "Deine Adresse bei {APP_NAME} wurde geändert",
    changed_text: "Dies ist nicht mehr die Adresse deines Kontos. Die neue ist",
    changed_advice: "Falls du das nicht warst, melde dich sofort beim {APP_NAME}-Team.",
};

static FRENCH: Words = Words {
    greeting: "Bonjour,",
    ignore: "Si vous n’êtes pas à l’origine de ce message, vous pouvez l’ignorer.",
    closing: "Merci,<br/>l’équipe {APP_NAME}",
    verification: Asking {
        subject: "Confirmez votre adresse e-mail pour {APP_NAME}",
        text: "Un compte {APP_NAME} a été ouvert avec cette adresse. Merci de confirmer qu’elle est \
               bien la vôtre.",
        label: "Confirmer l’adresse",
    },
    password_reset: Asking {
        subject: "Choisissez un nouveau mot de passe {APP_NAME}",
        text: "Ce bouton vous permet de choisir un nouveau mot de passe. Il n’est valable que peu de \
               temps et une seule fois.",
        label: "Choisir un mot de passe",
    },
    email_change: Asking {
        subject: "Confirmez votre nouvelle adresse pour {APP_NAME}",
        text: "Merci de confirmer que ceci est la nouvelle adresse de votre compte.",
        label: "Confirmer la nouvelle adresse",
    },
    otp_subject: "Votre code {APP_NAME}",
    otp_text: "Votre mot de passe à usage unique est",
    alert_subject: "Nouvelle connexion à {APP_NAME}",
    alert_text: "Quelqu’un s’est connecté à votre compte depuis un nouvel endroit :",
    alert_advice: "Si ce n’était pas vous, changez tout de suite votre mot de passe : toutes les \
                   sessions seront fermées.",
    changed_subject: "Votre adresse {APP_NAME} a été modifiée",
    changed_text: "Cette adresse n’est plus celle de votre compte. La nouvelle est",
    changed_advice: "Si ce n’était pas vous, prévenez tout de suite l’équipe {APP_NAME}.",
};

static SPANISH: Words = Words {
    greeting: "Hola:",
    ignore: "Si no has sido tú, puedes ignorar este correo.",
    closing: "Gracias,<br/>el equipo de {APP_NAME}",
    verification: Asking {
        subject: "Confirma tu correo electrónico para {APP_NAME}",
        text: "Se ha abierto una cuenta de {APP_NAME} con esta dirección. Confirma que es tuya, por \
               favor.",
        label: "Confirmar la dirección",
    },
    password_reset: Asking {
        subject: "Elige una contraseña nueva para {APP_NAME}",
        text: "Con este botón puedes elegir una contraseña nueva. Funciona durante poco tiempo y una \
               sola vez.",
        label: "Elegir contraseña",
    },
    email_change: Asking {
        subject: "Confirma tu nueva dirección para {APP_NAME}",
        text: "Confirma, por favor, que esta es la nueva dirección de tu cuenta.",
        label: "Confirmar la nueva dirección",
    },
    otp_subject: "Tu código de {APP_NAME}",
    otp_text: "Tu contraseña de un solo uso es",
    alert_subject: "Nuevo inicio de sesión en {APP_NAME}",
    alert_text: "Alguien ha iniciado sesión en tu cuenta desde un lugar nuevo:",
    alert_advice: "Si no has sido tú, cambia tu contraseña ahora mismo: así se cierran todas las \
                   sesiones.",
    changed_subject: "Tu dirección de {APP_NAME} ha cambiado",
    changed_text: "Esta ya no es la dirección de tu cuenta. La nueva es",
    changed_advice: "Si no has sido tú, avisa enseguida al equipo de {APP_NAME}.",
};
