//! The table of OAuth2 providers (contract B 4.2), in the order of their listing. What their accounts
//! look like is not known here.

/// A provider that a collection may name.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// The name that collections and links know it by.
    pub name: &'static str,
    /// What people call it.
    pub display_name: &'static str,
    /// Where people are sent to sign in; empty when every installation has its own.
    pub auth_url: &'static str,
    /// Where a code is exchanged for tokens.
    pub token_url: &'static str,
    /// Where the profile is asked for; for Apple, where the keys of its id_tokens are.
    pub user_info_url: &'static str,
    /// What is asked for, separated by spaces.
    pub scopes: &'static str,
    /// Whether PKCE is used unless a collection says otherwise.
    pub pkce: bool,
}

/// Every provider that there is.
pub const PROVIDERS: [Provider; 32] = [
    provider(
        ("apple", "Apple"),
        [
            "https://appleid.apple.com/auth/authorize",
            "https://appleid.apple.com/auth/token",
            "https://appleid.apple.com/auth/keys",
        ],
        "name email",
    ),
    provider(
        ("google", "Google"),
        [
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            "https://www.googleapis.com/oauth2/v3/userinfo",
        ],
        "https://www.googleapis.com/auth/userinfo.profile \
         https://www.googleapis.com/auth/userinfo.email",
    ),
    provider(
        ("microsoft", "Microsoft"),
        [
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            "https://graph.microsoft.com/v1.0/me",
        ],
        "User.Read",
    ),
    provider(
        ("yandex", "Yandex"),
        [
            "https://oauth.yandex.com/authorize",
            "https://oauth.yandex.com/token",
            "https://login.yandex.ru/info",
        ],
        "login:email login:avatar login:info",
    ),
    provider(
        ("facebook", "Facebook"),
        [
            "https://www.facebook.com/v3.2/dialog/oauth",
            "https://graph.facebook.com/v3.2/oauth/access_token",
            "https://graph.facebook.com/me?fields=name,email,picture.type(large)",
        ],
        "email",
    ),
    provider(
        ("instagram2", "Instagram"),
        [
            "https://www.instagram.com/oauth/authorize",
            "https://api.instagram.com/oauth/access_token",
            "https://graph.instagram.com/me?fields=id,username,account_type,user_id,name,\
             profile_picture_url,followers_count,follows_count,media_count",
        ],
        "instagram_business_basic",
    ),
    provider(
        ("github", "GitHub"),
        [
            "https://github.com/login/oauth/authorize",
            "https://github.com/login/oauth/access_token",
            "https://api.github.com/user",
        ],
        "read:user user:email",
    ),
    provider(
        ("gitlab", "GitLab"),
        [
            "https://gitlab.com/oauth/authorize",
            "https://gitlab.com/oauth/token",
            "https://gitlab.com/api/v4/user",
        ],
        "read_user",
    ),
    without_pkce(provider(
        ("bitbucket", "Bitbucket"),
        [
            "https://bitbucket.org/site/oauth2/authorize",
            "https://bitbucket.org/site/oauth2/access_token",
            "https://api.bitbucket.org/2.0/user",
        ],
        "account",
    )),
    provider(
        ("gitee", "Gitee"),
        [
            "https://gitee.com/oauth/authorize",
            "https://gitee.com/oauth/token",
            "https://gitee.com/api/v5/user",
        ],
        "user_info emails",
    ),
    provider(
        ("gitea", "Gitea/Forgejo"),
        [
            "https://gitea.com/login/oauth/authorize",
            "https://gitea.com/login/oauth/access_token",
            "https://gitea.com/api/v1/user",
        ],
        "read:user user:email",
    ),
    provider(
        ("discord", "Discord"),
        [
            "https://discord.com/api/oauth2/authorize",
            "https://discord.com/api/oauth2/token",
            "https://discord.com/api/users/@me",
        ],
        "identify email",
    ),
    provider(
        ("twitter", "X/Twitter"),
        [
            "https://x.com/i/oauth2/authorize",
            "https://api.x.com/2/oauth2/token",
            "https://api.x.com/2/users/me?user.fields=id,name,username,profile_image_url,\
             confirmed_email",
        ],
        "users.read users.email tweet.read",
    ),
    provider(
        ("kakao", "Kakao"),
        [
            "https://kauth.kakao.com/oauth/authorize",
            "https://kauth.kakao.com/oauth/token",
            "https://kapi.kakao.com/v2/user/me",
        ],
        "account_email profile_nickname profile_image",
    ),
    without_pkce(provider(
        ("vk", "ВКонтакте"),
        [
            "https://oauth.vk.com/authorize",
            "https://oauth.vk.com/access_token",
            "https://api.vk.com/method/users.get?fields=photo_max,screen_name&v=5.131",
        ],
        "email",
    )),
    without_pkce(provider(
        ("linear", "Linear"),
        [
            "https://linear.app/oauth/authorize",
            "https://api.linear.app/oauth/token",
            "https://api.linear.app/graphql",
        ],
        "read",
    )),
    provider(
        ("notion", "Notion"),
        [
            "https://api.notion.com/v1/oauth/authorize",
            "https://api.notion.com/v1/oauth/token",
            "https://api.notion.com/v1/users/me",
        ],
        "",
    ),
    provider(
        ("monday", "monday.com"),
        [
            "https://auth.monday.com/oauth2/authorize",
            "https://auth.monday.com/oauth2/token",
            "https://api.monday.com/v2",
        ],
        "me:read",
    ),
    provider(
        ("lark", "Lark"),
        [
            "https://accounts.feishu.cn/open-apis/authen/v1/authorize",
            "https://open.feishu.cn/open-apis/authen/v2/oauth/token",
            "https://open.feishu.cn/open-apis/authen/v1/user_info",
        ],
        "",
    ),
    provider(
        ("box", "Box"),
        [
            "https://account.box.com/api/oauth2/authorize",
            "https://api.box.com/oauth2/token",
            "https://api.box.com/2.0/users/me",
        ],
        "root_readonly",
    ),
    provider(
        ("spotify", "Spotify"),
        [
            "https://accounts.spotify.com/authorize",
            "https://accounts.spotify.com/api/token",
            "https://api.spotify.com/v1/me",
        ],
        "user-read-private",
    ),
    provider(
        ("trakt", "Trakt"),
        [
            "https://trakt.tv/oauth/authorize",
            "https://api.trakt.tv/oauth/token",
            "https://api.trakt.tv/users/settings",
        ],
        "",
    ),
    provider(
        ("twitch", "Twitch"),
        [
            "https://id.twitch.tv/oauth2/authorize",
            "https://id.twitch.tv/oauth2/token",
            "https://api.twitch.tv/helix/users",
        ],
        "user:read:email",
    ),
    provider(
        ("patreon", "Patreon"),
        [
            "https://www.patreon.com/oauth2/authorize",
            "https://www.patreon.com/api/oauth2/token",
            "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=full_name,email,\
             vanity,image_url,is_email_verified",
        ],
        "identity identity[email]",
    ),
    provider(
        ("strava", "Strava"),
        [
            "https://www.strava.com/oauth/authorize",
            "https://www.strava.com/api/v3/oauth/token",
            "https://www.strava.com/api/v3/athlete",
        ],
        "profile:read_all",
    ),
    provider(
        ("wakatime", "WakaTime"),
        [
            "https://wakatime.com/oauth/authorize",
            "https://wakatime.com/oauth/token",
            "https://wakatime.com/api/v1/users/current",
        ],
        "email",
    ),
    provider(
        ("livechat", "LiveChat"),
        [
            "https://accounts.livechat.com/",
            "https://accounts.livechat.com/token",
            "https://accounts.livechat.com/v2/accounts/me",
        ],
        "",
    ),
    provider(("mailcow", "mailcow"), SELF_HOSTED, "profile"),
    provider(
        ("planningcenter", "Planning Center"),
        [
            "https://api.planningcenteronline.com/oauth/authorize",
            "https://api.planningcenteronline.com/oauth/token",
            "https://api.planningcenteronline.com/people/v2/me",
        ],
        "people",
    ),
    provider(("oidc", "OIDC"), SELF_HOSTED, OPENID),
    provider(("oidc2", "OIDC"), SELF_HOSTED, OPENID),
    provider(("oidc3", "OIDC"), SELF_HOSTED, OPENID),
];

/// The addresses of what everybody runs for themselves: only a collection can know them.
const SELF_HOSTED: [&str; 3] = [""; 3];

const OPENID: &str = "openid email profile";

/// Whether there is a provider called `name`.
pub fn is_provider(name: &str) -> bool {
    Provider::find(name).is_some()
}

impl Provider {
    /// The provider called `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.name == name)
    }

    /// A picture of it as SVG. Trade marks are not ours to ship: it is a plate with a letter.
    pub fn logo(&self) -> String {
        let letter = self.display_name.chars().next().map(|first| first.to_uppercase().to_string());
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\">\
             <rect width=\"24\" height=\"24\" rx=\"5\" fill=\"#4b5563\"/>\
             <text x=\"12\" y=\"17\" font-family=\"sans-serif\" font-size=\"14\" \
             text-anchor=\"middle\" fill=\"#fff\">{}</text></svg>",
            letter.unwrap_or_default()
        )
    }

    /// Whether it is whatever speaks OpenID Connect.
    pub fn is_oidc(&self) -> bool {
        self.name.starts_with("oidc")
    }

    /// Whether it has addresses only where a collection gives it some.
    pub const fn is_self_hosted(&self) -> bool {
        self.auth_url.is_empty()
    }
}

const fn provider(
    (name, display_name): (&'static str, &'static str),
    [auth_url, token_url, user_info_url]: [&'static str; 3],
    scopes: &'static str,
) -> Provider {
    Provider { name, display_name, auth_url, token_url, user_info_url, scopes, pkce: true }
}

const fn without_pkce(provider: Provider) -> Provider {
    Provider { pkce: false, ..provider }
}
