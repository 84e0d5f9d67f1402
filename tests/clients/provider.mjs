// A certified OpenID provider (npm: oidc-provider) as a process of its own. It says where it listens
// in its first line. Everybody is let in under the name that they type.

import { createServer } from "node:http";

import Provider from "oidc-provider";

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "app",
      client_secret: process.env.OIDC_SECRET,
      // A program on the same machine, for which the port does not count: servers have any.
      application_type: "native",
      redirect_uris: ["https://app.example.com/back", "http://127.0.0.1/api/oauth2-redirect"],
      token_endpoint_auth_method: process.env.OIDC_METHOD ?? "client_secret_basic",
    },
  ],
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username", "picture"],
    email: ["email", "email_verified"],
  },
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({
      sub: name,
      name: name.toUpperCase(),
      preferred_username: name,
      email: `${name}@example.com`,
      email_verified: !name.startsWith("unproved"),
    }),
  }),
  cookies: { keys: ["of these tests alone"] },
  features: { devInteractions: { enabled: true } },
  pkce: { methods: ["S256"], required: () => true },
});
server.on("request", provider.callback());
console.log(issuer);
