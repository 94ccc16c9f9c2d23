// Conversations of an unmodified Eclipse Paho client (paho-mqtt), in Node or in a page.
import paho from 'paho-mqtt'
import { asleep, bytes, promised, same } from './steps.js'

const { Client, Message } = paho

const connected = (client, options) =>
  promised('CONNACK', (onSuccess, onFailure) => client.connect({ timeout: 10, ...options, onSuccess, onFailure }))

// Connect, receive what is sent to the own topic, each quality of service in its order; keep silent; say goodbye.
// Of the `count` messages, the last has `longest` bytes.
export async function converse({ url, topic, count, longest, options }) {
  const client = new Client(url, `scenario ${Math.random()}`)
  const facts = { ordered: [0, 0, 0], intact: 0, lost: null }
  const lengthOf = (number) => (number === count - 1 ? longest : number * 7)
  await connected(client, { ...options, keepAliveInterval: 1 })
  client.onConnectionLost = ({ errorCode, errorMessage }) => (facts.lost = errorCode ? errorMessage : null)
  await promised('SUBACK', (onSuccess, onFailure) => client.subscribe(`${topic}/#`, { qos: 2, onSuccess, onFailure }))

  const last = [-1, -1, -1]
  await promised('messages', (done) => {
    let heard = 0
    client.onMessageArrived = ({ destinationName, payloadBytes, qos }) => {
      const number = Number(destinationName.split('/').at(-1))
      if (number > last[qos]) facts.ordered[qos] += 1
      last[qos] = number
      if (same(payloadBytes, bytes(lengthOf(number), number))) facts.intact += 1
      heard += 1
      if (heard === count) done()
    }
    for (let number = 0; number < count; number += 1) {
      const message = new Message(bytes(lengthOf(number), number))
      message.destinationName = `${topic}/${number}`
      message.qos = number % 3
      client.send(message)
    }
  })

  await asleep(2500) // two PINGREQ and their answers, or the client gives up
  facts.alive = client.isConnected()
  await promised('UNSUBACK', (onSuccess, onFailure) => client.unsubscribe(`${topic}/#`, { onSuccess, onFailure }))
  client.disconnect()
  return facts
}

// Connect expecting a refusal; return what the client says of it.
export async function refused({ url, options }) {
  const client = new Client(url, `scenario ${Math.random()}`)
  const { errorCode, errorMessage } = await connected(client, options).then(() => ({}), (failure) => failure)
  return { errorCode, errorMessage }
}
