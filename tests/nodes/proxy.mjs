// haproxy (or nginx, with NODES_PROXY=nginx) before several nodes, set up as deploy/ and docs/scale-out.md
// say.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../../bench/servers.mjs";
import { until } from "./wait.mjs";

/** deploy/haproxy.cfg with an address and nodes of the test's. */
function haproxy(port, nodes) {
  const servers = (more) => nodes.map(({ name, address }) => `    server ${name} ${address}${more(name)}`).join("\n");
  let text = readFileSync(new URL("../../deploy/haproxy.cfg", import.meta.url), "utf8");
  const replace = (what, by) => {
    if (!what.test(text)) throw new Error(`deploy/haproxy.cfg has no ${what}`);
    text = text.replace(what, by);
  };
  replace(/^ +maxconn \d+/m, "    maxconn 8000");
  replace(/^ +bind :8080$/m, `    bind 127.0.0.1:${port}`);
  // Names of containers are nothing to ask for here.
  replace(/^resolvers [^]*?\n\n/m, "");
  replace(/ resolvers containers init-addr libc,none/, "");
  replace(/^ +default-server resolvers containers init-addr libc,none\n/m, "");
  const tell = "    http-response set-header X-Node %s\n";
  replace(/(?:^ +server \w+ node-\w+:\d+\n)+/m, `${tell}${servers(() => "")}\n`);
  replace(/(?:^ +server \w+ node-\w+:\d+ track nodes\/\w+\n)+/m, `${tell}${servers((name) => ` track nodes/${name}`)}\n`);
  if (/node-|resolvers/.test(text)) throw new Error(`deploy/haproxy.cfg is not understood:\n${text}`);
  return text;
}

const nginx = (port, nodes) => `
daemon off;
pid nginx.pid;
error_log stderr;
worker_rlimit_nofile 20000;
events { worker_connections 10000; }
http {
    access_log off;
    upstream nodes {
${nodes.map(({ address }) => `        server ${address} max_fails=1 fail_timeout=2s;`).join("\n")}
        keepalive 32;
    }
    upstream realtime {
        hash $remote_addr consistent;
${nodes.map(({ address }) => `        server ${address} max_fails=1 fail_timeout=2s;`).join("\n")}
        keepalive 32;
    }
    map $upstream_addr $node {
${nodes.map(({ name, address }) => `        ~${address}$ ${name};`).join("\n")}
    }
    server {
        listen 127.0.0.1:${port};
        client_max_body_size 0;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_connect_timeout 2s;
        add_header X-Node $node always;
        location / { proxy_pass http://nodes; }
        location ~ ^/api/(realtime|oauth2-redirect)$ {
            proxy_pass http://realtime;
            proxy_buffering off;
            gzip off;
            proxy_read_timeout 90s;
        }
    }
}
`;

/** haproxy before the database: whichever of two servers takes writes is the one. */
export const databaseSwitch = (port, servers) => `
global
    maxconn 2000
defaults
    mode tcp
    timeout connect 2s
    timeout client  24h
    timeout server  24h
    timeout check   1s
listen postgres
    bind 127.0.0.1:${port}
    option tcp-check
    tcp-check connect
    # Signs in as "postgres" and asks whether this server is a replica.
    tcp-check send-binary ${startup("postgres", "postgres")}
    tcp-check expect binary 5a0000000549
    tcp-check send-binary ${query("SELECT pg_is_in_recovery()")}
    tcp-check expect binary 0000000166
    default-server check inter 300ms fall 1 rise 1 on-marked-down shutdown-sessions
${servers.map(({ name, port: to }) => `    server ${name} 127.0.0.1:${to}`).join("\n")}
`;

function startup(user, database) {
  const text = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + text.length, 0);
  head.writeInt32BE(196_608, 4);
  return Buffer.concat([head, text]).toString("hex");
}

function query(sql) {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write("Q", 0);
  head.writeInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]).toString("hex");
}

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGTERM")));

/** Starts the proxy that NODES_PROXY names, haproxy by itself. */
export function startProxy(nodes) {
  if (process.env.NODES_PROXY === "nginx") {
    return run((port) => nginx(port, nodes), (folder, file) => ["nginx", "-p", folder, "-c", file]);
  }
  return runHaproxy((port) => haproxy(port, nodes));
}

export const runHaproxy = (text) => run(text, (_, file) => ["haproxy", "-f", file]);

async function run(text, command) {
  const folder = mkdtempSync(join(tmpdir(), "ferrobase-proxy-"));
  const port = await freePort();
  const file = join(folder, "proxy.conf");
  writeFileSync(file, text(port));
  const [program, ...options] = command(folder, file);
  const child = spawn(program, options, { stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  let said = "";
  child.stderr.on("data", (line) => (said += line));
  child.on("error", (error) => (said += error));
  const ended = new Promise((resolve) => child.on("close", resolve));
  await until(`${program} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${program} does not start: ${said}`);
    return listens(port);
  });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
