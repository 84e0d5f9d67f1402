// Serves this folder to a browser. Ferrobase runs beside it and answers the page's requests.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const types = { ".html": "text/html", ".mjs": "text/javascript" };

createServer(async (request, response) => {
  // Normalised from the root, a path cannot climb out of the folder.
  const path = normalize(decodeURIComponent(new URL(request.url, "http://blog").pathname));
  const name = path === "/" ? "/index.html" : path;
  try {
    const content = await readFile(join(folder, name));
    response.writeHead(200, { "Content-Type": types[extname(name)] ?? "text/plain" }).end(content);
  } catch {
    response.writeHead(404).end("Not found.");
  }
}).listen(5173, "127.0.0.1", () => console.log("The blog: http://127.0.0.1:5173"));
