// The chat of the demo page: every open window is a STOMP client of the same topic.

import { at, log, show } from "./page.js";
import { StompClient } from "./stomp.js";

const TOPIC = "/topic/chat";
const LONGEST_WAIT = 30000; // milliseconds before it is tried again

const url = new URL("/chat", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";

const mine = crypto.randomUUID(); // tells this window's own messages from those of others
let client = null;
let wait = 500;

function add({ headers, body }) {
  const own = headers.window === mine;
  const line = document.createElement("li");
  line.className = own ? "own" : "other";
  for (const [name, text] of [["who", own ? "you" : headers.from || "somebody"], ["text", body]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    line.append(part);
  }
  const time = document.createElement("time");
  const when = new Date(Number(headers.timestamp) || Date.now());
  time.dateTime = when.toISOString();
  time.textContent = when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  line.append(time);
  at("talk").append(line);
  at("talk").scrollTop = at("talk").scrollHeight;
}

function connect() {
  show(at("chatting"), "busy", "connecting");
  at("talk").replaceChildren(); // the topic's last messages come again
  client = new StompClient(url);
  client.onframe = (mark, command, headers, body = "") => {
    const about = headers.destination || headers.version || headers.message || "";
    log(at("frames"), mark, mark === "→" ? "out" : "in", `${command} ${about}`, body ? `${new TextEncoder().encode(body).length} B` : "");
  };
  client.onopen = () => {
    wait = 500;
    show(at("chatting"), "open", "open");
    client.subscribe(TOPIC);
    at("speak").disabled = false;
  };
  client.onmessage = add;
  client.onclose = (reason) => {
    show(at("chatting"), "failed", reason);
    at("speak").disabled = true;
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(2 * wait, LONGEST_WAIT);
  };
}

at("chat-url").textContent = url.href;
at("name").value = `guest ${Math.floor(100 + 900 * Math.random())}`;
at("window").addEventListener("click", () => window.open(location.href, "_blank", "popup,width=720,height=760"));
at("chat").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("words").value.trim();
  if (!text) return;
  client.send(TOPIC, { from: at("name").value, window: mine }, text);
  at("words").value = "";
});

connect();
