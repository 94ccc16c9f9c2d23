// The part of the demo page that needs no WebSocket: the echo emulated, and an event stream.

import { EmulatedSocket } from "./emulated.js";
import { at, log, milliseconds, show } from "./page.js";

// The echo

const times = []; // when each message that has not come back was sent
const socket = new EmulatedSocket(new URL("/echo", location.href));

function say(text) {
  log(at("emulated"), "→", "out", text);
  times.push(performance.now());
  socket.send(text);
}

socket.onopen = () => {
  show(at("emulation"), "open", "open");
  say("Hello over plain HTTP");
};
socket.onmessage = ({ data }) => log(at("emulated"), "←", "in", data, milliseconds(performance.now() - times.shift()));
socket.onclose = ({ wasClean }) => show(at("emulation"), wasClean ? "closed" : "failed", wasClean ? "closed" : "lost");

at("repeat").addEventListener("submit", (event) => {
  event.preventDefault();
  say(at("said").value);
});

// The event stream

const source = new EventSource("/news/events");
source.onopen = () => show(at("stream"), "open", "open");
source.onerror = () => show(at("stream"), "busy", "coming again");
source.onmessage = ({ data, lastEventId }) => log(at("heard"), "←", "in", data, lastEventId.split("-").pop());
source.addEventListener("reset", () => log(at("heard"), "•", "bad", "the gateway was started anew; what was said before is gone"));

const news = new URL("/news", location.href);
news.protocol = location.protocol === "https:" ? "wss:" : "ws:";

at("tell").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("news").value;
  const speaker = new WebSocket(news);
  speaker.onopen = () => {
    speaker.send(text);
    speaker.close();
  };
});
