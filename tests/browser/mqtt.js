// Conversations of an unmodified mqtt (MQTT.js) client, in Node or in a page.
import mqtt from 'mqtt'
import { asleep, bytes, promised, same } from './steps.js'

const open = (url, options) =>
  mqtt.connect(url, { reconnectPeriod: 0, clientId: `scenario ${Math.random()}`, ...options })

// Connect, receive what is sent to the own topic, each quality of service in its order; keep silent; say goodbye.
// Of the `count` messages, the last has `longest` bytes.
export async function converse({ url, topic, count, longest, options }) {
  const lengthOf = (number) => (number === count - 1 ? longest : number * 7)
  const client = open(url, { ...options, keepalive: 1 })
  const facts = { ordered: [0, 0, 0], intact: 0, errors: [] }
  client.on('error', ({ message }) => facts.errors.push(message))
  await promised('CONNACK', (done) => client.on('connect', done))
  const granted = await client.subscribeAsync(`${topic}/#`, { qos: 2 })
  facts.granted = granted[0].qos

  const last = [-1, -1, -1]
  await promised('messages', (done) => {
    let heard = 0
    client.on('message', (name, payload, { qos }) => {
      const number = Number(name.split('/').at(-1))
      if (number > last[qos]) facts.ordered[qos] += 1
      last[qos] = number
      if (same(payload, bytes(lengthOf(number), number))) facts.intact += 1
      heard += 1
      if (heard === count) done()
    })
    for (let number = 0; number < count; number += 1) {
      client.publish(`${topic}/${number}`, bytes(lengthOf(number), number), { qos: number % 3 })
    }
  })

  await asleep(2500) // two PINGREQ and their answers, or the client gives up
  facts.alive = client.connected
  await client.unsubscribeAsync(`${topic}/#`)
  await client.endAsync()
  return facts
}

// Connect expecting a refusal; return what the client says of it.
export async function refused({ url, options }) {
  const client = open(url, options)
  const { code } = await promised('refusal', (done) => client.on('error', done))
  await client.endAsync(true)
  return { code }
}

// What a policy says: the codes of a SUBSCRIBE, and the reason code of a PUBLISH.
export async function restricted({ url, options, filters, topic }) {
  const client = open(url, options)
  await promised('CONNACK', (done) => client.on('connect', done))
  const suback = await promised('SUBACK', (done) => {
    client.on('packetreceive', (packet) => packet.cmd === 'suback' && done(packet))
    client.subscribe(filters, { qos: 1 }, () => {})
  })
  const puback = await promised('PUBACK', (done) => {
    client.on('packetreceive', (packet) => packet.cmd === 'puback' && done(packet))
    client.publish(topic, 'no', { qos: 1 }, () => {})
  })
  const facts = { granted: suback.granted, reason: puback.reasonCode ?? 0, alive: client.connected }
  await client.endAsync(true)
  return facts
}
