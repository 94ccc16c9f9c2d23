// As much of a STOMP 1.2 client as the demo page needs, to be read; applications use @stomp/stompjs.

const HEARTBEAT = 10000; // milliseconds between two signs of life, either way

const escapes = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", ":": "\\c" };
const meanings = Object.fromEntries(Object.entries(escapes).map(([meant, written]) => [written, meant]));

function frame(command, headers, body = "") {
  const plain = command === "CONNECT"; // whose headers have no escapes
  const written = (text) => (plain ? text : String(text).replace(/[\\\n\r:]/g, (one) => escapes[one]));
  const lines = Object.entries(headers).map(([name, value]) => `${written(name)}:${written(value)}\n`);
  return `${command}\n${lines.join("")}\n${body}\0`;
}

function* frames(text) {
  for (const one of text.split("\0")) {
    const [head, ...rest] = one.trimStart().split("\n\n");
    if (!head) continue; // a heart-beat
    const [command, ...lines] = head.split("\n");
    const meant = (written) => written.replace(/\\[\\nrc]/g, (one) => meanings[one]);
    const pairs = lines.map((line) => line.split(":").map(meant)).reverse(); // of repeated headers the first counts
    yield { command, headers: Object.fromEntries(pairs), body: rest.join("\n\n") };
  }
}

// Calls onopen(), onmessage({headers, body}) and onclose(reason); tells everything on the wire to onframe(mark, text).
export class StompClient {
  onopen = () => {};
  onmessage = () => {};
  onclose = () => {};
  onframe = () => {};

  constructor(url) {
    this.socket = new WebSocket(url, ["v12.stomp"]);
    this.socket.onopen = () => this.say("CONNECT", { "accept-version": "1.2", host: url.hostname, "heart-beat": `${HEARTBEAT},${HEARTBEAT}` });
    this.socket.onmessage = ({ data }) => { for (const each of frames(data)) this.came(each); };
    this.socket.onclose = ({ reason }) => {
      clearInterval(this.beats);
      this.onclose(this.error || reason || "the connection is gone");
    };
  }

  came({ command, headers, body }) {
    this.onframe("←", command, headers, body);
    if (command === "CONNECTED") {
      this.beats = setInterval(() => this.socket.send("\n"), HEARTBEAT);
      this.onopen();
    } else if (command === "MESSAGE") this.onmessage({ headers, body });
    else if (command === "ERROR") this.error = headers.message;
  }

  say(command, headers, body) {
    this.onframe("→", command, headers, body);
    this.socket.send(frame(command, headers, body));
  }

  subscribe(destination) {
    this.say("SUBSCRIBE", { id: "0", destination });
  }

  send(destination, headers, body) {
    this.say("SEND", { destination, ...headers }, body);
  }

  close() {
    this.socket.close(1000);
  }
}
