// Forms with files: `[name, text]` and `[name, { file, name }]`, where `file` names what it holds.

import { contents } from "./contents.mjs";

const boundary = "a-line-that-no-value-contains";

/** `{ headers, body }` of a form. */
export function multipart(entries) {
  const parts = entries.flatMap((entry) => [...part(entry), Buffer.from("\r\n")]);
  const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
  return { headers: { "Content-Type": `multipart/form-data; boundary=${boundary}` }, body };
}

function part([key, value]) {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(key)}"`;
  if (typeof value === "string") return [Buffer.from(`${head}\r\n\r\n${value}`)];
  const name = value.isExtended
    ? `filename*=UTF-8''${encodeURIComponent(value.name)}`
    : `filename="${escaped(value.name)}"`;
  const type = value.type ? `\r\nContent-Type: ${value.type}` : "";
  return [Buffer.from(`${head}; ${name}${type}\r\n\r\n`), contents[value.file]];
}

const escaped = (name) => name.replaceAll(/["\\]/g, "\\$&");

/** A form without the bytes, for people. */
export function spelled(entries) {
  const said = ([key, value]) =>
    typeof value === "string" ? `${key}=${value}` : `${key}=<${value.file} as ${value.name}>`;
  return entries.map(said).join(" & ");
}
