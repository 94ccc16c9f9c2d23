// Conversations of unmodified irc-framework clients with an IRC server, in Node or in a page.
// What came of it is returned as plain values, for the Python test to compare.
import irc from 'irc-framework'
import Transport from 'irc-framework/src/transports/websocket.js'
import { promised, same, text } from './steps.js'

function made({ host, port, nick, protocol, password, account }) {
  return new irc.Client({
    host,
    port,
    path: '/irc',
    nick,
    username: nick,
    gecos: nick,
    password,
    account,
    transport: Transport,
    websocket_protocol: protocol,
    auto_reconnect: false,
    message_max_length: 300,
    ping_interval: 1,
    ping_timeout: 60, // the server answers when it is done with all lines before
  })
}

async function joined(client, channel) {
  await promised('001', (done) => {
    client.on('registered', done)
    client.connect()
  })
  await promised('JOIN', (done) => {
    client.on('join', (event) => event.nick === client.user.nick && done())
    client.join(channel)
  })
}

// Two clients in a channel: one speaks, `count` texts and one of `long` bytes in lines of 300, the other
// hears; then silence, until two heart-beats of a second are answered.
export async function converse({ count, long, channel, ...options }) {
  const facts = { texts: 0, failed: false }
  const [ann, bob] = ['ann', 'bob'].map((nick) => made({ ...options, nick }))
  ann.on('sasl failed', () => (facts.failed = true))
  await joined(ann, channel)
  await joined(bob, channel)
  facts.subprotocol = bob.connection.transport.socket.protocol
  const heard = []
  const line = (number) => `${String(number).padStart(6, '0')} `.padEnd(300, 'x')
  const lines = Array.from({ length: Math.ceil(long / 300) }, (_, number) => line(number))
  await promised('messages', (done) => {
    bob.on('privmsg', (event) => {
      heard.push(event.message)
      if (heard.length === count + lines.length) done()
    })
    for (let number = 0; number < count; number += 1) ann.say(channel, text(number))
    for (const each of lines) ann.say(channel, each)
  }, 40000) // thousands of lines, which take five seconds where nothing else runs
  facts.texts = heard.slice(0, count).filter((each, number) => each === text(number)).length
  facts.long = same(heard.slice(count), lines)
  await promised('heart-beats', (done) => {
    let answers = 0
    bob.on('pong', () => {
      answers += 1
      if (answers === 2) done()
    })
  })
  facts.alive = ann.connected && bob.connected
  const known = await promised('WHOIS', (done) => ann.whois('ann', done))
  facts.host = known.actual_ip || known.hostname
  facts.account = known.account ?? null
  for (const client of [ann, bob]) {
    await promised('close', (done) => {
      client.on('socket close', done)
      client.quit('bye')
    })
  }
  return facts
}

// Connect expecting a refusal; return the words of the server's or the gateway's last lines.
export async function refused(options) {
  const facts = {}
  const client = made({ ...options, nick: 'eve' })
  client.on('raw', (event) => {
    if (event.from_server && event.line.includes('ERROR')) facts.error = event.line
    if (event.from_server && / 904 /.test(event.line)) facts.failed = true
  })
  await promised('close', (done) => {
    client.on('socket close', done)
    client.connect()
  })
  return facts
}
