// An HTTP server for the tests of http.proxy: node origin.mjs PORT WS_MODULE
import http from "node:http";
import { createRequire } from "node:module";

const [port, wsModule] = process.argv.slice(2);
const { WebSocketServer } = createRequire(import.meta.url)(wsModule);
const PIECE = Buffer.alloc(65536, "x");
let sent = 0; // bytes of the last /big that the kernel, or node's own buffer, has taken
let taken = 0; // bytes of the last /count read so far

const pages = {
  "/told": (request, response) =>
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers })),
  "/count": (request, response) => {
    taken = 0;
    request.on("data", (data) => (taken += data.length));
    request.on("end", () => response.end(String(taken)));
  },
  "/later": (request, response) => {
    taken = 0;
    setTimeout(() => pages["/count"](request, response), 1500);
  },
  "/echo": (request, response) => request.pipe(response),
  "/big": async (request, response, query) => {
    sent = 0;
    const size = Number(query.get("size"));
    if (query.has("length")) response.setHeader("Content-Length", size);
    while (sent < size && !response.destroyed) {
      const more = response.write(PIECE.subarray(0, Math.min(PIECE.length, size - sent)));
      sent += Math.min(PIECE.length, size - sent);
      if (!more) await Promise.race(["drain", "close"].map((name) => new Promise((go) => response.once(name, go))));
    }
    response.end();
  },
  "/progress": (request, response) => response.end(JSON.stringify({ sent, taken })),
  "/hints": (request, response) =>
    response.writeEarlyHints({ link: "</style.css>; rel=preload" }, () => response.end("hinted")),
  "/old": (request, response) => {
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.end("until the end");
  },
  "/events": (request, response) => {
    response.setHeader("Content-Type", "text/event-stream");
    let number = 0;
    const timer = setInterval(() => response.write(`data: ${number++}\n\n`), 100);
    response.on("close", () => clearInterval(timer));
  },
  "/cookie": (request, response) => {
    response.setHeader("Set-Cookie", ["a=b; Path=/base/", "c=d"]);
    response.statusCode = 302;
    response.setHeader("Location", `http://${request.headers.host}/base/next`);
    response.end();
  },
};

function serve(request, response) {
  const url = new URL(request.url, "http://origin");
  const page = pages[url.pathname.replace(/^\/base/, "")];
  if (page) page(request, response, url.searchParams);
  else response.writeHead(404).end("not here");
}

const server = http.createServer(serve);
server.on("checkContinue", (request, response) => {
  if (Number(request.headers["content-length"]) > 1000) {
    response.writeHead(413, { Connection: "close" }).end("too much");
  } else {
    response.writeContinue();
    serve(request, response);
  }
});
const sockets = new WebSocketServer({ server, path: "/base/ws", handleProtocols: (offer) => [...offer][0] });
sockets.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));
