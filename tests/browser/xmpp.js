// Conversations of unmodified XMPP clients, in Node or in a page: strophe.js, @xmpp/client, converse.js.
import { client as xmpp, xml } from '@xmpp/client'
import { $iq, $msg, $pres, Strophe } from 'strophe.js'
import { asleep, promised, text } from './steps.js'

Strophe.setLogLevel(Strophe.LogLevel.FATAL) // standard output is for facts

const MUC = 'http://jabber.org/protocol/muc'

// Log in twice by strophe.js, meet in a room, and say `count` texts there and one of `longest` letters;
// ping the server twice, keep silent in between; say goodbye.
export async function strophe({ url, jid, password, room, count, longest }) {
  const facts = { texts: 0, long: false, pings: 0 }
  const [one, other] = await Promise.all([logged(url, jid, password), logged(url, jid, password)])
  facts.subprotocol = one._proto.socket.protocol
  for (const [connection, nick] of [[one, 'one'], [other, 'other']]) {
    await promised('presence in the room', (done) => {
      connection.addHandler((stanza) => {
        if (stanza.getElementsByTagName('status').length) done()
        return true
      }, MUC + '#user', 'presence', null, null, null)
      connection.send($pres({ to: `${room}/${nick}` }).c('x', { xmlns: MUC }))
    })
  }
  await promised('messages', (done) => {
    let heard = 0
    other.addHandler((stanza) => {
      const body = stanza.getElementsByTagName('body')[0]?.textContent
      if (body === undefined) return true
      if (heard === count) {
        facts.long = body === 'ß<&>'.repeat(longest / 4)
        done()
      } else if (body === text(heard)) facts.texts += 1
      heard += 1
      return true
    }, null, 'message', 'groupchat')
    const say = (body) => one.send($msg({ to: room, type: 'groupchat' }).c('body').t(body))
    for (let number = 0; number < count; number += 1) say(text(number))
    say('ß<&>'.repeat(longest / 4))
  })
  for (let number = 0; number < 2; number += 1) {
    await asleep(700)
    await promised('pong', (done, fail) => one.sendIQ($iq({ type: 'get' }).c('ping', { xmlns: 'urn:xmpp:ping' }), done, fail))
    facts.pings += 1
  }
  facts.gone = await Promise.all([one, other].map((connection) => promised('goodbye', (done) => {
    connection.gone = done
    connection.disconnect()
  })))
  return facts
}

function logged(url, jid, password) {
  const connection = new Strophe.Connection(url)
  return promised('login', (done, fail) => connection.connect(jid, password, (status) => {
    if (status === Strophe.Status.CONNECTED) done(connection)
    if (status === Strophe.Status.AUTHFAIL) fail(new Error('login refused'))
    if (status === Strophe.Status.DISCONNECTED) connection.gone?.('disconnected')
  }))
}

// Try to log in by strophe.js; return what the server says.
export async function refused({ url, jid, password }) {
  const connection = new Strophe.Connection(url)
  return promised('refusal', (done) => connection.connect(jid, password, (status, _, failure) => {
    if (status === Strophe.Status.AUTHFAIL) done({ condition: failure.firstChild.nodeName })
    if (status === Strophe.Status.CONNECTED) done({ condition: 'none' })
  }))
}

// Log in by @xmpp/client, send `count` texts to the own address and one of `longest` letters, hear them in
// order; ping the server twice, keep silent in between; stop.
export async function entity({ url, domain, username, password, count, longest }) {
  const facts = { texts: 0, long: false, pings: 0, error: null }
  const connection = xmpp({ service: url, domain, username, password })
  connection.reconnect?.stop()
  connection.on('error', (error) => (facts.error = String(error)))
  const address = await connection.start().catch((error) => {
    facts.error = String(error)
    return null
  })
  if (address === null) {
    await connection.stop().catch(() => null)
    return facts
  }
  await connection.send(xml('presence'))
  await promised('messages', (done) => {
    let heard = 0
    connection.on('stanza', (stanza) => {
      const body = stanza.is('message') ? stanza.getChildText('body') : null
      if (body === null) return
      if (heard === count) {
        facts.long = body === 'ß<&>'.repeat(longest / 4)
        done()
      } else if (body === text(heard)) facts.texts += 1
      heard += 1
    })
    const say = (body) => connection.send(xml('message', { to: address.toString(), type: 'chat' }, xml('body', {}, body)))
    for (let number = 0; number < count; number += 1) say(text(number))
    say('ß<&>'.repeat(longest / 4))
  })
  for (let number = 0; number < 2; number += 1) {
    await asleep(700)
    await connection.iqCaller.get(xml('ping', 'urn:xmpp:ping'))
    facts.pings += 1
  }
  await connection.stop()
  return facts
}

// Start converse.js, which logs in at once; return what it gives its plugins.
async function conversing({ url, jid, password }) {
  window.converse ??= {}
  await import('/converse/converse.min.js')
  return promised('plugin', (done) => {
    window.converse.plugins.add('scenario', {
      initialize() {
        done(this._converse)
      },
    })
    window.converse.initialize({
      websocket_url: url,
      discover_connection_methods: false,
      authentication: 'login',
      auto_login: true,
      jid,
      password,
      assets_path: '/converse/',
      view_mode: 'embedded',
      auto_reconnect: false,
      allow_url_history_change: false,
      persistent_store: 'sessionStorage',
      whitelisted_plugins: ['scenario'],
      muc_respect_autojoin: false,
      i18n: 'en',
    })
  })
}

// Try to log in by converse.js; return the line in which it tells its user that it failed. Only in a page.
export async function converse_refused(options) {
  await conversing(options)
  const lines = () => (document.querySelector('converse-root')?.innerText ?? '').split('\n')
  const told = await promised('word of the login', async (done) => {
    let line
    while ((line = lines().find((each) => each.includes('password is'))) === undefined) await asleep(50)
    done(line)
  })
  return { told }
}

// Log in by converse.js, enter a room, say `count` texts there and one of `longest` letters, hear them in order;
// only in a page.
export async function converse({ room, count, longest, ...login }) {
  const facts = {}
  const { api } = await conversing(login)
  await promised('connected', (done) => api.listen.once('connected', done))
  facts.connected = api.connection.connected()
  const entered = await api.rooms.open(room, { nick: 'page', hidden: true, bring_to_foreground: false }, true)
  const said = [...Array.from({ length: count }, (_, number) => text(number)), 'ß<&>'.repeat(longest / 4)]
  const heard = []
  await promised('messages', (done) => {
    // A message is there at once; it is marked when the room has said it to everybody.
    entered.messages.on('change:received', (message) => {
      heard.push(message.get('body'))
      if (heard.length === said.length) done()
    })
    const say = async () => {
      for (const body of said) await entered.sendMessage({ body })
    }
    if (entered.session.get('connection_status') === 5) say()
    else entered.session.on('change:connection_status', (_, status) => status === 5 && say())
  })
  facts.texts = heard.slice(0, count).filter((body, number) => body === said[number]).length
  facts.long = heard[count] === said[count]
  await api.user.logout()
  return facts
}
