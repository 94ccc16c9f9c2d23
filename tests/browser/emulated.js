// An emulated WebSocket in a page, by way of the gateway's bridge page: what the original's JavaScript client
// puts on the wire, written anew. What came of a conversation is returned as plain values.
import { asleep, bytes, promised, same, text } from './steps.js'

const hex = (number, width) => number.toString(16).padStart(width, '0')
const counted = (text, width) => hex(text.length, width) + text

// The bridge page of a gateway, in a frame.
class Bridge {
  constructor(origin) {
    this.origin = origin
    this.waiting = new Map()
    this.count = 0
  }

  async load() {
    this.frame = document.createElement('iframe')
    this.frame.src = `${this.origin}/?.kr=xs`
    await promised('bridge page', (done) => {
      addEventListener('message', ({ data, origin, source }) => {
        if (origin !== this.origin || source !== this.frame.contentWindow) return
        if (data === 'I') done()
        else this.hear(data)
      })
      document.body.append(this.frame)
    })
    return this
  }

  // Send a request; its response so far is told as { status, fields, text, state } with each change of it.
  send({ method = 'GET', url, fields = [], body = '', told = () => {} }) {
    const id = hex(this.count++, 8)
    const said = fields.map(([name, value]) => counted(name, 4) + counted(value, 4)).join('')
    const request = counted(method, 1) + counted(url, 4) + hex(fields.length, 4) + said
    return new Promise((resolve) => {
      this.waiting.set(id, { status: 0, fields: {}, text: '', state: 1, told, resolve })
      this.frame.contentWindow.postMessage(`s${id}${request}${counted(body, 8)}0000t`, this.origin)
    })
  }

  // Give the requests up that are under way.
  abort() {
    for (const id of this.waiting.keys()) {
      this.frame.contentWindow.postMessage(`a${id}`, this.origin)
      this.frame.contentWindow.postMessage(`d${id}`, this.origin)
    }
    this.waiting.clear()
  }

  hear(data) {
    let at = 9
    const take = (length) => data.slice(at, (at += length))
    const number = (width) => parseInt(take(width), 16)
    const id = data.slice(1, 9)
    const response = this.waiting.get(id)
    if (!response) return
    if (data[0] === 'r') {
      for (let left = number(2); left > 0; left -= 1) {
        const name = take(number(4))
        response.fields[name] = take(number(4))
      }
      response.status = number(4)
      response.reason = take(number(2))
    } else if (data[0] === 'p') {
      response.state = number(1)
      response.text += take(number(8))
    } else if (data[0] === 'e') {
      Object.assign(response, { status: 0, state: 4 })
    }
    const { told, resolve, ...facts } = response
    told(facts)
    if (response.state === 4) {
      this.waiting.delete(id)
      resolve(facts)
    }
  }
}

const LATIN = new Map([...new TextDecoder('windows-1252').decode(bytes(256, 0).map((_, i) => i))]
  .map((character, byte) => [character, byte]))
const inBytes = (text) => Uint8Array.from(text, (character) => LATIN.get(character))
const inCharacters = (data) => Array.from(data, (byte) => String.fromCharCode(byte || 256)).join('') // as it does

function frame(kind, payload) {
  const digits = [payload.length & 127]
  for (let left = payload.length >> 7; left; left >>= 7) digits.unshift((left & 127) | 128)
  return Uint8Array.from([kind, ...digits, ...payload])
}

const command = (digits) => `\x01${digits}\xff`
const RECONNECT = command('01')
const CLOSE = command('02')

// Frames of a response so far; `rest` is what is not whole yet.
function framesOf(data) {
  const found = { messages: [], commands: [] }
  let at = 0
  for (;;) {
    let end = at + 1
    if (data[at] === 1) {
      end = data.indexOf(255, at) + 1
      if (!end) break
      for (let i = at + 1; i < end - 1; i += 2) found.commands.push(String.fromCharCode(data[i], data[i + 1]))
    } else {
      let length = 0
      while (data[end] & 128) length = (length | (data[end++] & 127)) << 7
      if (end >= data.length) break
      length |= data[end++]
      if (end + length > data.length) break
      end += length
      found.messages.push({ kind: data[at], data: data.slice(end - length, end) })
    }
    at = end
  }
  return { ...found, rest: data.slice(at) }
}

class Emulated {
  constructor(url, most, polls) {
    this.url = url
    this.parameters = `.kc=text/plain;charset=windows-1252&.kb=${most}${polls ? '&.ki=p' : ''}`
    this.up = this.down = 1
    this.downstreams = 0
    this.queue = []
  }

  async open() {
    const bridge = (this.bridge = await new Bridge(new URL(this.url).origin).load())
    const created = await bridge.send({
      url: `${this.url}/;e/ctm?.kn=${String(Math.random()).slice(2)}`,
      fields: [
        ['Content-Type', 'text/plain; charset=utf-8'], ['X-WebSocket-Version', 'wseb-1.0'],
        ['X-Accept-Commands', 'ping'], ['X-Sequence-No', '0'],
        ['X-WebSocket-Extensions', 'x-kaazing-idle-timeout'],
      ],
    })
    if (created.status !== 201) return created.status
    const [up, down] = created.text.split('\n')
    this.upstream = new URL(this.url).origin + new URL(up).pathname
    this.downstream = down
    this.receive()
    return 201
  }

  async receive() {
    for (let goes = true; goes;) {
      this.downstreams += 1
      let seen = 0
      let rest = []
      const commands = []
      const told = ({ text }) => {
        const found = framesOf(Uint8Array.from([...rest, ...inBytes(text.slice(seen))]))
        seen = text.length
        rest = found.rest
        commands.push(...found.commands)
        found.messages.forEach((message) => this.onmessage(message))
      }
      const url = `${this.downstream}?.ksn=${this.down++}&${this.parameters}&.kid=${String(Math.random()).slice(2)}`
      const { status } = await this.bridge.send({ url, told })
      goes = status === 200 && commands.includes('01') && !commands.includes('02')
      if (!goes) this.onclose(status === 200 && commands.at(-1) === '01')
    }
  }

  send(text) {
    this.queue.push(text)
    if (!this.sending) this.flush()
  }

  async flush() {
    this.sending = true
    while (this.queue.length) {
      const body = this.queue.splice(0).join('') + RECONNECT
      const fields = [['X-Sequence-No', String(this.up++)], ['Content-Type', 'text/plain; charset=utf-8']]
      const url = `${this.upstream}&.krn=${Math.random()}`
      const { status } = await this.bridge.send({ method: 'POST', url, fields, body })
      if (status !== 200) throw new Error(`upstream answered with ${status}`)
    }
    this.sending = false
  }
}

// Open, have `count` text and `count` binary messages echoed, close; through the bridge page.
export async function emulated({ url, count, most = 4096, polls = false }) {
  const socket = new Emulated(url, most, polls)
  const facts = { status: await socket.open(), texts: 0, binaries: 0 }
  if (facts.status !== 201) return facts
  const encoded = (number) => new TextEncoder().encode(text(number))
  const binary = (number) => bytes(number * number * 97, number)
  await promised('echoes', (done) => {
    socket.onmessage = ({ kind, data }) => {
      if (kind === 0x81 && same(data, encoded(facts.texts))) facts.texts += 1
      if (kind === 0x80 && same(data, binary(facts.binaries))) facts.binaries += 1
      if (facts.texts + facts.binaries === 2 * count) done()
    }
    for (let number = 0; number < count; number += 1) {
      socket.send(inCharacters(frame(0x81, encoded(number))))
      socket.send(inCharacters(frame(0x80, binary(number))))
    }
  })
  facts.clean = await promised('close', (done) => {
    socket.onclose = done
    socket.send(CLOSE)
  })
  facts.downstreams = socket.downstreams > 1 ? 'many' : 'one'
  return facts
}

// An emulated WebSocket that a client library takes for one.
export function socketOf(url) {
  const emulated = new Emulated(url, 4096, false)
  const socket = {
    url,
    readyState: 0,
    send(data) {
      const text = typeof data === 'string'
      const payload = text ? new TextEncoder().encode(data) : new Uint8Array(data)
      emulated.send(inCharacters(frame(text ? 0x81 : 0x80, payload)))
    },
    close() {
      if (socket.readyState < 2) emulated.send(CLOSE)
      socket.readyState = 2
    },
  }
  emulated.onmessage = ({ kind, data }) => {
    const bytes = Uint8Array.from(data)
    socket.onmessage({ data: kind === 0x81 ? new TextDecoder().decode(bytes) : bytes.buffer })
  }
  emulated.onclose = (wasClean) => {
    socket.readyState = 3
    socket.onclose({ code: 1000, wasClean })
  }
  emulated.open().then((status) => {
    socket.readyState = status === 201 ? 1 : 3
    if (status === 201) socket.onopen()
    else socket.onclose({ code: 1006, wasClean: false })
  })
  return socket
}

// What `emulated` does, over a WebSocket.
export async function native({ url, count }) {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  const facts = { texts: 0, binaries: 0 }
  await promised('echoes', (done) => {
    socket.onopen = () => {
      for (let number = 0; number < count; number += 1) {
        socket.send(text(number))
        socket.send(bytes(number * number * 97, number))
      }
    }
    socket.onmessage = ({ data }) => {
      if (data === text(facts.texts)) facts.texts += 1
      else if (same(new Uint8Array(data), bytes(facts.binaries ** 2 * 97, facts.binaries))) facts.binaries += 1
      if (facts.texts + facts.binaries === 2 * count) done()
    }
    socket.onerror = () => done()
  })
  facts.clean = await promised('close', (done) => {
    socket.onclose = ({ wasClean }) => done(wasClean)
    socket.close()
  })
  return facts
}

// What the bridge page of `bridge` answers to each request: its status, 0 where it does not send it.
export async function ask({ bridge, requests }) {
  const page = await new Bridge(bridge).load()
  const answers = {}
  for (const [name, request] of Object.entries(requests)) {
    const { status, text } = await promised(name, (done) => page.send(request).then(done))
    answers[name] = [status, text]
  }
  return answers
}

// A request that is given up, and one after it: what is told of the first, and the status of the second.
export async function giveUp({ url }) {
  const socket = new Emulated(url, 4096, false)
  socket.onclose = () => {}
  socket.onmessage = () => {}
  await socket.open()
  await asleep(200)
  const told = []
  const hear = socket.bridge.hear.bind(socket.bridge)
  socket.bridge.abort()
  socket.bridge.hear = (data) => (told.push(data[0]), hear(data))
  await asleep(200)
  const { status } = await socket.bridge.send({ url: `${url}/;e/ctm?.kn=1` })
  return { told: told.filter((kind) => kind !== 'r' && kind !== 'p'), status }
}
