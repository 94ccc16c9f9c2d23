// Conversations of an unmodified rhea client (AMQP 1.0), in Node or in a page.
import rhea from 'rhea'
import { asleep, bytes, promised, same, text } from './steps.js'

const connected = ({ url, protocols = ['amqp'], login = {}, idle = 1000 }) => {
  const container = rhea.create_container()
  const connect = container.websocket_connect(WebSocket)
  const details = connect(url, protocols, {})
  return container.connect({ connection_details: details, reconnect: false, idle_time_out: idle, ...login })
}
const event = (emitter, name) => promised(name, (done, fail) => {
  emitter.once(name, done)
  for (const fault of ['connection_error', 'session_error', 'disconnected']) {
    emitter.once(fault, (context) => fail(new Error(`${fault}: ${context.error ?? context.connection?.error}`)))
  }
})

// Connect, send to an address and receive from it, each message in its order; keep silent; say goodbye.
// Every other message is text; of the `count` messages, the last has `longest` bytes.
export async function converse({ address, count, longest, ...options }) {
  const facts = { ordered: 0, intact: 0, accepted: 0 }
  const contentOf = (number) => {
    if (number % 2 === 0) return text(number)
    return bytes(number === count - 1 ? longest : number * 7, number)
  }
  const connection = connected(options)
  await event(connection, 'connection_open')
  connection.removeAllListeners('disconnected')
  const receiver = connection.open_receiver({ source: address, credit_window: 2 * count })
  await event(connection, 'receiver_open')
  const sender = connection.open_sender(address)
  await event(connection, 'sendable')

  await promised('messages', (done) => {
    const finished = () => facts.accepted === count && facts.heard === count && done()
    facts.heard = 0
    sender.on('accepted', () => {
      facts.accepted += 1
      finished()
    })
    receiver.on('message', ({ message }) => {
      const number = message.application_properties.number
      const expected = contentOf(number)
      if (number === facts.heard) facts.ordered += 1
      const body = typeof expected === 'string' ? message.body : new Uint8Array(message.body.content)
      if (typeof expected === 'string' ? body === expected : same(body, expected)) facts.intact += 1
      facts.heard += 1
      finished()
    })
    for (let number = 0; number < count; number += 1) {
      const content = contentOf(number)
      const body = typeof content === 'string' ? content : rhea.message.data_section(Buffer.from(content))
      sender.send({ application_properties: { number }, body })
    }
  })
  delete facts.heard

  await asleep(2200) // two of the heart-beats that each end has to send
  facts.alive = connection.is_open()
  const closed = event(connection, 'connection_close')
  connection.close()
  await closed
  return facts
}

// Connect expecting a refusal; return what the client says of it.
export async function refused(options) {
  const connection = connected({ ...options, idle: 20000 }) // RabbitMQ thinks it over for three seconds
  const said = await promised('refusal', (done) => {
    connection.once('connection_error', ({ error, connection }) => done((error ?? connection.error).condition))
  })
  return { said }
}

// Attach to addresses one after the other; return for each whether it may be used, or the error's condition.
export async function attached({ receive, send, ...options }) {
  const connection = connected(options)
  await event(connection, 'connection_open')
  const facts = {}
  const outcome = (link, opened, error) => promised('attach', (done) => {
    link.once(opened, () => {
      if (link.remote.attach.source?.address || link.remote.attach.target?.address) done('open')
    })
    link.once(error, () => done(`${link.error.condition}: ${link.error.description}`))
  })
  for (const address of receive) {
    facts[`receive ${address}`] = await outcome(connection.open_receiver(address), 'receiver_open', 'receiver_error')
  }
  for (const address of send) {
    facts[`send ${address}`] = await outcome(connection.open_sender(address), 'sender_open', 'sender_error')
  }
  const closed = event(connection, 'connection_close')
  connection.close()
  await closed
  return facts
}
