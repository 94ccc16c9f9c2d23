// A WebSocket made of plain HTTP requests: docs/protocols/wse.md. It is used like the browser's own.

const [TEXT, BINARY, COMMANDS] = [0x81, 0x80, 0x01];
const RECONNECT = [COMMANDS, 0x30, 0x31, 0xff];
const CLOSE = [COMMANDS, 0x30, 0x32, 0xff];

function frame(data) {
  const [kind, payload] = typeof data === "string" ? [TEXT, new TextEncoder().encode(data)] : [BINARY, new Uint8Array(data)];
  const digits = [payload.length % 128];
  for (let left = payload.length >> 7; left; left >>= 7) digits.unshift(128 + left % 128);
  return [new Uint8Array([kind, ...digits]), payload];
}

// Read the frame that the bytes begin with; null while it is not whole.
function first(bytes) {
  const kind = bytes[0];
  let at = 1;
  if (kind === COMMANDS) {
    const end = bytes.indexOf(0xff);
    return end < 0 ? null : { kind, payload: bytes.slice(at, end), size: end + 1 };
  }
  let length = 0;
  do {
    if (at >= bytes.length) return null;
    length = length * 128 + bytes[at] % 128;
    at += 1;
  } while (bytes[at - 1] >= 128);
  return bytes.length < at + length ? null : { kind, payload: bytes.slice(at, at + length), size: at + length };
}

export class EmulatedSocket {
  #waiting = []; // frames that no request has taken yet
  #number = 0; // of the last request up
  #sending = false;
  #closing = false;

  constructor(url) {
    this.#live(url);
  }

  send(data) {
    this.#waiting.push(...frame(data));
    this.#flush();
  }

  close() {
    if (this.#closing) return;
    this.#closing = true;
    this.#waiting.push(new Uint8Array(CLOSE));
    this.#flush();
  }

  async #live(url) {
    let wasClean = false;
    try {
      const created = await fetch(`${url}/;e/cbm`, { method: "POST", headers: { "X-Sequence-No": "0" } });
      if (created.status !== 201) throw new Error(`create was answered ${created.status}`);
      const [up, down] = (await created.text()).split("\n");
      this.up = up;
      const listening = this.#listen(down);
      this.onopen?.();
      this.#flush();
      await listening;
      wasClean = true;
    } catch (why) {
      this.error = why;
    }
    this.up = null;
    this.onclose?.({ wasClean });
  }

  // One response after the other, each until the gateway says that the next is to be asked for.
  async #listen(down) {
    for (let number = 1; !(await this.#hear(down, number)); number += 1);
  }

  async #hear(down, number) {
    const response = await fetch(down, { headers: { "X-Sequence-No": String(number) } });
    if (response.status !== 200) throw new Error(`downstream was answered ${response.status}`);
    const said = new Set();
    let rest = new Uint8Array(0);
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest = new Uint8Array(await new Blob([rest, value]).arrayBuffer());
      for (let found; (found = first(rest)); rest = rest.subarray(found.size)) this.#take(found, said);
    }
    if (!said.has("01")) throw new Error("the downstream broke off");
    return said.has("02");
  }

  #take({ kind, payload }, said) {
    if (kind !== COMMANDS) {
      this.onmessage?.({ data: kind === TEXT ? new TextDecoder().decode(payload) : payload.buffer });
      return;
    }
    const digits = new TextDecoder().decode(payload);
    for (let at = 0; at < digits.length; at += 2) said.add(digits.slice(at, at + 2));
    if (said.has("02")) this.close();
  }

  // One request at a time; what is sent meanwhile goes with the next.
  async #flush() {
    if (this.#sending || !this.up || !this.#waiting.length) return;
    this.#sending = true;
    const body = new Blob([...this.#waiting.splice(0), new Uint8Array(RECONNECT)], { type: "application/octet-stream" });
    this.#number += 1;
    try {
      await fetch(this.up, { method: "POST", headers: { "X-Sequence-No": String(this.#number) }, body });
    } catch {
      return; // the downstream ends as well, and says so
    }
    this.#sending = false;
    this.#flush();
  }
}
