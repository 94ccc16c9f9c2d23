// Conversations of an unmodified @cloudamqp/amqp-client with a broker, in Node or in a page.
// What came of each is returned as plain values, for the Python test to compare.
import { AMQPWebSocketClient } from '@cloudamqp/amqp-client'
import { asleep, bytes, promised, same } from './steps.js'

// Connect, exchange `count` messages and one of 1 MiB on a queue of its own, keep silent, say goodbye.
export async function converse({ url, vhost, username, password, queue, count }) {
  const facts = { messages: 0, large: false, confirmed: 0, gone: false }
  const client = new AMQPWebSocketClient({ url, vhost, username, password, heartbeat: 1 })
  client.ondisconnect = () => (facts.gone = true)
  await client.connect()
  const channel = await client.channel()
  await channel.confirmSelect()
  await channel.queueDeclare(queue, { durable: false, autoDelete: true })

  const sent = (number) => bytes(number === count ? 1 << 20 : 100 + number, number)
  await promised('messages', (done) => {
    channel.basicConsume(queue, { noAck: false }, async (message) => {
      const number = message.properties.headers.number
      if (!same(message.body, sent(number))) done()
      else if (number === count) facts.large = true
      else if (number === facts.messages) facts.messages += 1 // in their order
      await channel.basicAck(message.deliveryTag)
      if (number === count) done()
    }).then(async () => {
      for (let number = 0; number <= count; number += 1) {
        await channel.basicPublish('', queue, sent(number), { headers: { number } })
        facts.confirmed += 1
      }
    })
  })

  await asleep(2200) // two heart-beats; the broker, and the client, would hang up
  facts.alive = !client.closed && !facts.gone
  await channel.close()
  await client.close()
  return facts
}

// Connect expecting a refusal; return what the client is told.
export async function refused({ url, vhost, username, password }) {
  const client = new AMQPWebSocketClient({ url, vhost, username, password })
  try {
    await client.connect()
  } catch (error) {
    return { error: error.message ?? `closed with ${error.code}` }
  }
  return {}
}

// Publish what is not allowed: the channel is closed, and another goes on.
export async function forbidden({ url, queue }) {
  const facts = {}
  const client = new AMQPWebSocketClient({ url })
  await client.connect()
  const [one, other] = [await client.channel(), await client.channel()]
  await one.confirmSelect()
  facts.error = await one.basicPublish('', 'secret', 'x').then(() => 'published', (error) => error.message)
  facts.closed = one.closed
  await other.queueDeclare(queue, { autoDelete: true, durable: false })
  await other.basicPublish('', queue, 'good')
  await asleep(100)
  facts.message = (await other.basicGet(queue)).bodyString()
  facts.reopened = !(await client.channel(one.id)).closed
  await client.close()
  return facts
}
