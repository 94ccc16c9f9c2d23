// Unmodified @stomp/stompjs clients that do as they are ordered, and tell what they hear; see steered.mjs, and
// tests/integration/stomp_clients.py for whoever gives the orders.
import { Client, Versions } from '@stomp/stompjs'
import { socketOf } from './emulated.js'

const open = new Map() // number of a client -> { client, messages }

const inBase64 = (data) => btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''))
const inBytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))

const orders = {
  connect(number, { url, headers, beat, version }, tell) {
    const client = new Client({
      brokerURL: url,
      connectHeaders: headers,
      reconnectDelay: 0,
      heartbeatIncoming: beat,
      heartbeatOutgoing: beat,
      stompVersions: new Versions([version]),
    })
    if (url.startsWith('http')) client.webSocketFactory = () => socketOf(url)
    const messages = new Map()
    open.set(number, { client, messages })
    client.onConnect = ({ headers }) => tell({ number, what: 'connected', headers })
    client.onStompError = ({ headers, body }) => tell({ number, what: 'error', headers, body })
    client.onWebSocketClose = ({ code }) => tell({ number, what: 'closed', code })
    client.onUnhandledReceipt = ({ headers }) => tell({ number, what: 'receipt', receipt: headers['receipt-id'] })
    client.activate()
  },
  send(number, { destination, headers, body }) {
    open.get(number).client.publish({ destination, headers, binaryBody: inBytes(body) })
  },
  subscribe(number, { destination, headers }, tell) {
    const { client, messages } = open.get(number)
    client.subscribe(destination, (message) => {
      const key = messages.size
      messages.set(key, message)
      tell({ number, what: 'message', key, headers: message.headers, body: inBase64(message.binaryBody) })
    }, headers)
  },
  unsubscribe(number, { id, headers }) {
    open.get(number).client.unsubscribe(id, headers)
  },
  ack(number, { key, headers }) {
    open.get(number).messages.get(key).ack(headers)
  },
  nack(number, { key, headers }) {
    open.get(number).messages.get(key).nack(headers)
  },
  begin(number, { transaction }) {
    open.get(number).client.begin(transaction)
  },
  commit(number, { transaction }) {
    open.get(number).client.commit(transaction)
  },
  abort(number, { transaction }) {
    open.get(number).client.abort(transaction)
  },
  async disconnect(number, _, tell) {
    await open.get(number).client.deactivate() // DISCONNECT, its receipt, and the closing handshake
    open.delete(number)
    tell({ number, what: 'gone' })
  },
  async cut(number, _, tell) {
    await open.get(number).client.deactivate({ force: true }) // no DISCONNECT
    open.delete(number)
    tell({ number, what: 'gone' })
  },
}

export async function order({ number, does, ...more }, tell) {
  await orders[does](number, more, tell)
}
