// The live echo of the demo page: the browser's own WebSocket, no library, no build step.

import { at, log as addLine, milliseconds, show as showState } from "./page.js";

const SERIES = 100; // round trips

const url = new URL("/echo", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";

let socket = null;
let waiting = []; // what was sent and has not come back: {data, sent, quiet}
let times = []; // milliseconds, of the last round trips
let echoed = 0;
let left = 0; // round trips of a series still to begin

// What the page shows

function show(state, text) {
  const open = state === "open";
  showState(at("state"), state, text);
  at("toggle").textContent = open || state === "busy" ? "Disconnect" : "Connect";
  for (const button of document.querySelectorAll("#say button, #close button")) button.disabled = !open;
}

const log = (...line) => addLine(at("log"), ...line);

function size(data) {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data).length : data.byteLength;
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}

function describe(data) {
  if (typeof data === "string") return data;
  const first = [...new Uint8Array(data, 0, Math.min(8, data.byteLength))];
  return `binary ${first.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")} …`;
}

function figures() {
  const sorted = [...times].sort((a, b) => a - b);
  const share = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  at("last").textContent = milliseconds(times.at(-1));
  at("median").textContent = milliseconds(share(0.5));
  at("high").textContent = milliseconds(share(0.95));
  at("count").textContent = echoed;
  const top = Math.max(...times);
  const step = 100 / Math.max(1, times.length - 1);
  const points = times.map((time, n) => `${(n * step).toFixed(1)},${(23 - 21 * time / top).toFixed(1)}`);
  at("chart").firstElementChild.setAttribute("points", points.join(" "));
  at("chart").setAttribute("aria-label", `Last ${times.length} round trips, at most ${milliseconds(top)}`);
}

// What goes over the wire

function send(data, quiet = false) {
  if (!quiet) log("→", "out", describe(data), size(data));
  waiting.push({ data, quiet, sent: performance.now() });
  socket.send(data);
}

function same(one, other) {
  if (typeof one === "string" || typeof other === "string") return one === other;
  const [a, b] = [new Uint8Array(one), new Uint8Array(other)];
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

function came(data) {
  const now = performance.now();
  const { data: original, quiet, sent } = waiting.shift();
  times = [...times.slice(1 - SERIES), now - sent];
  echoed += 1;
  if (!same(original, data)) log("!", "bad", `not what was sent: ${describe(data)}`, size(data));
  else if (!quiet) log("←", "in", describe(data), milliseconds(now - sent));
  if (!quiet || left === 0 || echoed % 10 === 0) figures();
  if (quiet && left > 0) next();
  else if (quiet) log("⇄", "end", `${SERIES} round trips, one after the other`, `median ${at("median").textContent}`);
}

function next() {
  left -= 1;
  send(`round trip ${SERIES - left} of ${SERIES}`, true);
}

function connect() {
  const mine = new WebSocket(url);
  let opened = false;
  socket = mine;
  mine.binaryType = "arraybuffer";
  show("busy", "connecting");
  mine.onopen = () => {
    opened = true;
    show("open", "open");
    log("•", "end", "open", mine.protocol || "no subprotocol");
    send(at("text").value);
  };
  mine.onmessage = (event) => came(event.data);
  mine.onclose = ({ code, reason, wasClean }) => {
    if (mine !== socket) return;
    waiting = [];
    left = 0;
    const text = opened ? `closed, code ${code}` : "no connection";
    show(wasClean ? "closed" : "failed", text);
    log("•", wasClean ? "end" : "bad", reason ? `${text}: ${reason}` : text, wasClean ? "in good order" : "abnormally");
  };
}

// What the visitor does

at("url").textContent = url.href;
at("toggle").addEventListener("click", () => {
  if (socket.readyState > WebSocket.OPEN) connect();
  else socket.close(1000, "");
});
at("say").addEventListener("submit", (event) => {
  event.preventDefault();
  send(at("text").value);
});
at("binary").addEventListener("click", () => send(crypto.getRandomValues(new Uint8Array(64 * 1024)).buffer));
at("series").addEventListener("click", () => {
  if (left > 0) return;
  left = SERIES;
  next();
});
at("close").addEventListener("submit", (event) => {
  event.preventDefault();
  try {
    show("busy", "closing");
    socket.close(Number(at("code").value), at("reason").value);
  } catch (why) {
    show("open", "open");
    log("!", "bad", why.message);
  }
});

for (const code of document.querySelectorAll("pre code")) {
  code.textContent = code.textContent.replaceAll("ws://localhost:8000", `${url.protocol}//${location.host}`);
}

for (const block of navigator.clipboard ? document.querySelectorAll("pre") : []) {
  const button = document.createElement("button");
  const text = block.textContent;
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.append(button);
}

connect();
