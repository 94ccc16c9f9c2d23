// One conversation of an unmodified @stomp/stompjs client with a broker, in Node or in a page.
// What came of it is returned as plain values, for the Python test to compare.
import { Client } from '@stomp/stompjs'
import { asleep, bytes, promised, same, text } from './steps.js'

// Connect, exchange `count` text and `count` binary messages on `destination`, each kind in its order, and a
// binary one of `longest` bytes; keep silent; say goodbye.
export async function converse({ url, connectHeaders, destination, count, longest }) {
  const facts = { texts: 0, binaries: 0, long: false }
  const client = new Client({
    brokerURL: url,
    connectHeaders,
    reconnectDelay: 0,
    heartbeatIncoming: 500,
    heartbeatOutgoing: 500,
  })
  client.onStompError = (frame) => (facts.error = frame.headers.message)
  // The broker hangs up after DISCONNECT (1000), or the client is quicker and closes itself (1005).
  client.onWebSocketClose = (event) => (facts.clean = event.wasClean && [1000, 1005].includes(event.code))

  const connected = await promised('CONNECTED', (done) => {
    client.onConnect = done
    client.activate()
  })
  facts.version = connected.headers.version
  facts.subprotocol = client.webSocket.protocol

  await promised('receipt of SUBSCRIBE', (done) => {
    client.watchForReceipt('subscribed', done)
    let heard = 0
    client.subscribe(destination, (message) => {
      const number = Number(message.headers.number)
      if (message.headers.kind === 'text') {
        if (number === facts.texts && message.body === text(number)) facts.texts += 1
      } else if (number === count) {
        facts.long = same(message.binaryBody, bytes(longest, number))
      } else if (number === facts.binaries && same(message.binaryBody, bytes(1 + number * 97, number))) {
        facts.binaries += 1
      }
      heard += 1
      if (heard === 2 * count + 1) facts.allHeard()
    }, { receipt: 'subscribed' })
  })

  await promised('messages', (done) => {
    facts.allHeard = done
    for (let number = 0; number < count; number += 1) {
      const headers = { number: String(number) }
      client.publish({ destination, headers: { ...headers, kind: 'text' }, body: text(number) })
      client.publish({ destination, headers: { ...headers, kind: 'binary' }, binaryBody: bytes(1 + number * 97, number) })
    }
    client.publish({ destination, headers: { number: String(count) }, binaryBody: bytes(longest, count) })
  })
  delete facts.allHeard

  // Three heart-beat intervals of silence; a client that hears nothing closes after two.
  await asleep(1600)
  facts.alive = client.connected

  await client.deactivate() // DISCONNECT, its receipt, and the closing handshake
  return facts
}

// Connect expecting a refusal; return the message of the broker's ERROR.
export async function refused({ url, connectHeaders }) {
  const client = new Client({ brokerURL: url, connectHeaders, reconnectDelay: 0 })
  const error = await promised('ERROR', (done) => {
    client.onStompError = (frame) => done(frame.headers.message)
    client.activate()
  })
  await client.deactivate()
  return { error }
}
