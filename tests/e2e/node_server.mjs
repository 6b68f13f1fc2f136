// A web server of the kind people write with node:http, as an origin for interop_node_test.py. Arguments: a JSON object
// {"log": path, "content": folder, "roots": {"name": folder}}. Prints its ports and serves until SIGTERM.
// The URLs are those of real_origin.py; below /app/ is what only an application does.
import { createHash } from "node:crypto";
import { appendFileSync, createReadStream, promises as files } from "node:fs";
import http from "node:http";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { createGzip, gzipSync } from "node:zlib";

const { log, content, roots } = JSON.parse(process.argv[2]);
const HOUR = { "Cache-Control": "public, max-age=3600" };
const CHECKED = { "Cache-Control": "no-cache" };
const items = new Map();
let answered = 0;

const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".txt": "text/plain", ".js": "text/javascript" };
const typeOf = (name) => types[path.extname(name)] ?? "application/octet-stream";

function text(response, status, body, headers = {}) {
  response.writeHead(status, { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(body), ...headers });
  response.end(body);
}

// RFC 9110 sections 13 and 14, for one representation; of several ranges this server sends the whole.
function unchanged(request, tag, modified) {
  const tags = request.headers["if-none-match"];
  if (tags !== undefined) return tags === "*" || (tag !== "" && tags.split(/,\s*/).some((t) => t.replace(/^W\//, "") === tag));
  const since = Date.parse(request.headers["if-modified-since"] ?? "");
  return since >= modified;
}

function range(request, size, tag) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
  if (!match || (request.headers["if-range"] ?? tag) !== tag) return null;
  const first = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return { first, last };
}

async function sendFile(request, response, name, headers, { tagged = true, packed = false } = {}) {
  const found = await files.stat(name).catch(() => null);
  if (!found?.isFile()) return text(response, 404, "no such file\n");
  const modified = Math.floor(found.mtimeMs / 1000) * 1000;
  const zip = packed && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  const tag = tagged ? `"${found.size.toString(36)}-${modified.toString(36)}${zip ? "-gz" : ""}"` : "";
  const head = { ...headers, "Last-Modified": new Date(modified).toUTCString(), "Content-Type": typeOf(name) };
  if (tag) head.ETag = zip ? `W/${tag}` : tag;
  if (packed) head.Vary = "Accept-Encoding";
  if (unchanged(request, tag, modified)) return response.writeHead(304, head).end();
  if (zip) {
    response.writeHead(200, { ...head, "Content-Encoding": "gzip" }); // Node frames it: chunked
    return request.method === "HEAD" ? response.end() : pipeline(createReadStream(name), createGzip(), response);
  }
  const part = range(request, found.size, tag);
  if (part && part.first > part.last) {
    return text(response, 416, "", { ...head, "Content-Range": `bytes */${found.size}` });
  }
  const { first, last } = part ?? { first: 0, last: found.size - 1 };
  if (part) head["Content-Range"] = `bytes ${first}-${last}/${found.size}`;
  response.writeHead(part ? 206 : 200, { ...head, "Accept-Ranges": "bytes", "Content-Length": last - first + 1 });
  if (request.method === "HEAD" || found.size === 0) return response.end();
  return pipeline(createReadStream(name, { start: first, end: last }), response);
}

async function changeFile(request, response, name) {
  if (request.method === "DELETE") {
    await files.unlink(name);
    return response.writeHead(204).end();
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  await files.writeFile(name, Buffer.concat(chunks));
  return response.writeHead(201).end();
}

async function digest(request) {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

const application = {
  // Pieces of a body that become known one after the other: chunked, flushed each.
  async stream(request, response) {
    response.writeHead(200, { ...HOUR, "Content-Type": "text/plain", ETag: '"stream"' });
    for (let piece = 0; piece < 20; ++piece) {
      response.write(`piece ${piece} `.repeat(100));
      await pause(5);
    }
    response.end("the end\n");
  },
  async trailers(request, response) {
    response.writeHead(200, { ...HOUR, "Content-Type": "text/plain", Trailer: "Digest-Of-All" });
    response.write("a body with a trailer\n");
    response.addTrailers({ "Digest-Of-All": "42" });
    response.end();
  },
  // One weak tag for all codings, as Express with its compression has it.
  async express(request, response) {
    const zip = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
    const head = { ...HOUR, ETag: 'W/"express"', Vary: "Accept-Encoding", "Content-Type": "text/plain" };
    if (unchanged(request, '"express"', NaN)) return response.writeHead(304, head).end();
    response.writeHead(200, zip ? { ...head, "Content-Encoding": "gzip" } : head);
    const body = "a page of an application\n".repeat(100);
    response.end(zip ? gzipSync(body) : body);
  },
  // A body that the end of the connection ends.
  async closing(request, response) {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { ...HOUR, Connection: "close", "Content-Type": "text/plain" });
    response.end(`closed after this ${++answered}\n`.repeat(1000));
  },
  async hints(request, response) {
    response.writeEarlyHints({ link: "</files/style.css>; rel=preload; as=style" });
    text(response, 200, "after a hint\n", HOUR);
  },
  async login(request, response) {
    text(response, 200, `a session ${++answered}\n`, { "Cache-Control": "private", "Set-Cookie": ["a=1; Path=/", "b=2"] });
  },
  async soon(request, response) {
    text(response, 200, `answer ${++answered}\n`, { "Cache-Control": "max-age=1, stale-while-revalidate=600" });
  },
  async upload(request, response) {
    text(response, 200, JSON.stringify(await digest(request)), { "Content-Type": "application/json" });
  },
  // A small REST resource: GET is fresh for an hour, PUT and POST change it.
  async item(request, response) {
    const name = request.url;
    if (request.method === "GET" || request.method === "HEAD") {
      return text(response, 200, JSON.stringify(items.get(name) ?? { version: 0 }), { ...HOUR, "Content-Type": "application/json" });
    }
    const received = await digest(request);
    items.set(name, { version: (items.get(name)?.version ?? 0) + 1, ...received });
    return text(response, 201, "changed\n");
  },
};

async function answer(request, response) {
  const [pathname] = request.url.split("?");
  const [, area, ...rest] = decodeURIComponent(pathname).split("/");
  const below = (folder) => path.join(folder, path.normalize("/" + rest.join("/")));
  if (area === "app" && Object.hasOwn(application, rest[0])) return application[rest[0]](request, response);
  if (area === "files" && ["PUT", "DELETE"].includes(request.method)) return changeFile(request, response, below(content));
  if (area === "files") return sendFile(request, response, below(content), HOUR);
  if (area === "checked") return sendFile(request, response, below(content), CHECKED);
  if (area === "dated") return sendFile(request, response, below(content), CHECKED, { tagged: false });
  if (area === "packed") return sendFile(request, response, below(content), HOUR, { packed: true });
  if (area === "packed-checked") return sendFile(request, response, below(content), CHECKED, { packed: true });
  if (area === "moved") return text(response, 301, "", { ...HOUR, Location: "/files/" + rest.join("/") });
  if (area === "absent") return text(response, 404, "not here\n", { "Cache-Control": "max-age=60" });
  if (area === "form") return request.method === "POST" ? (await digest(request), response.writeHead(204).end()) : text(response, 200, "a form\n", HOUR);
  if (Object.hasOwn(roots, area)) return sendFile(request, response, below(roots[area]), HOUR);
  return text(response, 404, "unknown\n");
}

function serve({ hasty }) {
  let finished = 0;
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const connection = request.socket.remotePort;
    if (hasty) response.on("finish", () => setTimeout(() => request.socket.destroy(), ++finished % 4));
    response.on("close", () => {
      const { range: wanted = "", "if-none-match": tags = "", "if-modified-since": since = "" } = request.headers;
      appendFileSync(log, JSON.stringify({ method: request.method, uri: request.url, status: response.statusCode,
        range: wanted, if_none_match: tags, if_modified_since: since, connection }) + "\n");
    });
    answer(request, response).catch((error) => {
      console.error(`${request.method} ${request.url}: ${error.stack}`);
      response.destroy();
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

// The second server closes a connection a moment after an answer, unannounced: idle or under the next request.
const servers = [await serve({ hasty: false }), await serve({ hasty: true })];
console.log(`listening on ${servers.map((server) => server.address().port).join(" ")}`);
process.on("SIGTERM", () => {
  for (const server of servers) server.close().closeAllConnections();
});
