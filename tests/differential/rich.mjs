// A world by hand for an import: every type of field with every option, indexes, views, accounts of
// all kinds, texts of mails, settings, files. JSON of PocketBase's API, and who made it.

const rule = "owner = @request.auth.id && @request.auth.id != ''";

const dates = [
  { name: "created", type: "autodate", onCreate: true, onUpdate: false },
  { name: "updated", type: "autodate", onCreate: true, onUpdate: true },
];

/** Changes of the collection that is there from the start. */
export const users = {
  fields: [
    { name: "nick", type: "text", max: 40, pattern: "^\\w[\\w ']*$", help: "How others see you" },
    { name: "role", type: "select", values: ["reader", "writer, too", "it's"], maxSelect: 2 },
  ],
  indexes: [
    "CREATE UNIQUE INDEX `idx_nick__pb_users_auth_` ON `users` (`nick`) WHERE `nick` != ''",
    "CREATE INDEX `own_name` ON `users` (`name` COLLATE NOCASE, `created` DESC)",
  ],
  options: {
    listRule: "id = @request.auth.id || role ?= \"it's\"",
    viewRule: "",
    manageRule: "@request.auth.role ?= 'writer, too'",
    authRule: "nick != 'banned'",
    passwordAuth: { enabled: true, identityFields: ["email", "nick"] },
    otp: { enabled: true, duration: 300, length: 6 },
    mfa: { enabled: true, rule: "nick = 'careful'" },
    authToken: { duration: 86_400 },
    fileToken: { duration: 90 },
    authAlert: { enabled: false },
    oauth2: {
      enabled: true,
      mappedFields: { name: "name", avatarURL: "avatar" },
      providers: [
        { name: "github", clientId: "gh-id", clientSecret: "gh ${secret}" },
        {
          name: "oidc",
          clientId: "oidc-id",
          clientSecret: "oidc-secret",
          authURL: "https://id.example.com/auth",
          tokenURL: "https://id.example.com/token",
          userInfoURL: "https://id.example.com/me",
          displayName: "Our own",
          pkce: true,
        },
      ],
    },
    verificationTemplate: {
      subject: "Welcome to {APP_NAME}, ${dear}",
      body: "<p>It's \"you\":</p>\n<p><a href='{APP_URL}/v/{TOKEN}'>yes</a> C:\\x</p>\n",
    },
  },
};

export const collections = [
  {
    name: "tags",
    type: "base",
    listRule: "",
    viewRule: "",
    fields: [{ name: "name", type: "text", required: true, presentable: true }, ...dates],
    indexes: ["CREATE UNIQUE INDEX `idx_tag` ON `tags` (`name`)"],
  },
  {
    name: "articles",
    type: "base",
    listRule: `published = true || ${rule}`,
    viewRule: "@request.auth.id != \"\"",
    createRule: "@request.auth.id != \"\"\n// by whom?\n&& @request.body.owner = @request.auth.id",
    updateRule: rule,
    deleteRule: rule,
    fields: [
      { name: "title", type: "text", required: true, min: 2, max: 120, presentable: true },
      { name: "slug", type: "text", pattern: "^[a-z0-9_]+$", autogeneratePattern: "[a-z]{8}" },
      { name: "body", type: "editor", maxSize: 3 << 20 },
      { name: "rank", type: "number", min: -5, max: 10.5 },
      { name: "count", type: "number", onlyInt: true, required: true },
      { name: "published", type: "bool" },
      { name: "agreed", type: "bool", required: true },
      { name: "mail", type: "email", onlyDomains: ["example.com", "example.org"] },
      { name: "site", type: "url", exceptDomains: ["example.net"] },
      { name: "day", type: "date", min: "2020-01-01 00:00:00.000Z" },
      { name: "kind", type: "select", values: ["a", "b", "in between"], required: true },
      { name: "kinds", type: "select", values: ["x", "y", "z"], maxSelect: 3 },
      { name: "cover", type: "file", mimeTypes: ["image/png", "text/plain"], thumbs: ["8x8", "0x4f"] },
      { name: "papers", type: "file", maxSelect: 99, maxSize: 1500, protected: true },
      { name: "owner", type: "relation", to: "users", cascadeDelete: true },
      { name: "tags", type: "relation", to: "tags", maxSelect: 999, minSelect: 1 },
      { name: "meta", type: "json", maxSize: 2 << 20, hidden: true },
      { name: "place", type: "geoPoint" },
      ...dates,
      { name: "late", type: "text", help: "Made after the dates" },
    ],
    indexes: [
      "CREATE INDEX `idx_q1` ON `articles` (\n  `published`,\n  `day` DESC\n)",
      "CREATE UNIQUE INDEX `idx_q2` ON `articles` (lower(`slug`)) WHERE `slug` != ''",
    ],
  },
  {
    name: "notes",
    type: "base",
    fields: [
      { name: "id", type: "text", primaryKey: true, required: true, system: true, min: 3, max: 0,
        pattern: "^[a-z0-9_]+$", autogeneratePattern: "note_[a-z0-9]{9}" },
      { name: "text", type: "text" },
      { name: "about", type: "relation", to: "articles", maxSelect: 3 },
    ],
  },
  {
    name: "staff",
    type: "auth",
    authRule: null,
    passwordAuth: { enabled: false },
    otp: { enabled: false },
    fields: [
      { name: "email", type: "email", system: true, required: false },
      { name: "password", type: "password", system: true, hidden: true, required: true, min: 12 },
      ...dates,
    ],
  },
  {
    name: "counts",
    type: "view",
    listRule: "",
    viewRule: "@request.auth.id != ''",
    viewQuery:
      "SELECT u.id, u.nick, count(a.id) AS articles, max(a.day) AS last, '${x}' AS mark\nFROM users u\n" +
      "LEFT JOIN articles a ON a.owner = u.id\nGROUP BY u.id",
  },
];

export const settings = {
  meta: {
    appName: "Rich \"world\"",
    appURL: "https://rich.example.com",
    accentColor: "#123456",
    senderName: "Rich, \"the\" world",
    senderAddress: "rich@example.com",
    hideControls: true,
  },
  smtp: {
    enabled: true,
    host: "127.0.0.1",
    port: 2525,
    username: "me@example.com",
    password: "p:a/s@s %${word}",
    authMethod: "LOGIN",
    localName: "rich",
  },
  backups: {
    cron: "0 3 * * *",
    cronMaxKeep: 7,
    s3: {
      enabled: true,
      bucket: "backups",
      region: "eu",
      endpoint: "https://s3.example.com:8443",
      accessKey: "key",
      secret: "se/cret",
      forcePathStyle: true,
    },
  },
  rateLimits: {
    enabled: true,
    rules: [
      { label: "*:auth", duration: 3, maxRequests: 200 },
      { label: "articles:create", duration: 60, maxRequests: 500, audience: "@guest" },
      { label: "/api/", duration: 10, maxRequests: 100_000 },
    ],
  },
  trustedProxy: { headers: ["X-Real-IP"], useLeftmostIP: true },
  batch: { enabled: true, maxRequests: 20, timeout: 5, maxBodySize: 1 << 20 },
  logs: { maxDays: 7, minLevel: 4, logIP: false, logAuthId: true },
};
