// Every way in which a page can say who it is, and what comes of it, as plain values.
import { asleep, promised } from './steps.js'

const MARK = '\uf0ff'

// Open a WebSocket; return it, or null where that is refused.
function opened(url, protocols) {
  return promised('end of the handshake', (done) => {
    const socket = new WebSocket(url, protocols)
    socket.onopen = () => done(socket)
    socket.onerror = () => done(null)
  })
}

// Send something, and wait for it.
function echoed(socket) {
  return promised('echo', (done) => {
    socket.onmessage = ({ data }) => done(data === 'hello')
    socket.send('hello')
  })
}

async function tried(url, protocols) {
  const socket = await opened(url, protocols)
  if (!socket) return { opened: false }
  const facts = { opened: true, protocol: socket.protocol, echoed: await echoed(socket) }
  socket.close()
  return facts
}

const heard = (socket, letter) =>
  promised(`message ${letter}`, (done) => {
    socket.onmessage = ({ data }) => data.startsWith(MARK + letter) && done(true)
  })

const encoded = (text) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

// A token of ann's that lasts until a time, in seconds since the epoch; made when it is used, for a browser
// takes its time to start.
async function signed(secret, exp) {
  const head = encoded(JSON.stringify({ alg: 'HS256' }))
  const said = `${head}.${encoded(JSON.stringify({ iss: 'test', sub: 'ann', exp, roles: [] }))}`
  const bytes = (text) => new TextEncoder().encode(text)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes(secret), algorithm, false, ['sign'])
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes(said)))
  return `${said}.${encoded(String.fromCharCode(...signature))}`
}

export async function everyWay({ echo, feed, token, secret }) {
  const facts = {}
  const auth = echo.replace('ws:', 'http:') + '/;auth/'
  const post = async (name, headers = {}) => (await fetch(auth + name, { method: 'POST', headers })).json()

  facts.nothing = await tried(echo, [])
  facts.bearer = await tried(echo, [`kaazing.bearer64.${encoded(token)}`, 'kaazing.authenticated'])
  facts.real = await tried(echo, ['amqp', `kaazing.bearer.${token}`])
  await post('logout') // each handshake has begun a session
  facts.unechoed = await tried(echo, [`kaazing.bearer.${token}`])
  await post('logout')

  const { ticket } = await post('ticket', { Authorization: `Bearer ${token}` })
  await post('logout')
  facts.ticket = await tried(`${echo}?.kat=${ticket}`, [])
  facts.again = await tried(`${echo}?.kat=${ticket}`, [])

  const session = await fetch(auth + 'session', { headers: { Authorization: `Bearer ${token}` } })
  facts.user = (await session.json()).user
  facts.cookie = await tried(echo, [])
  facts.readable = document.cookie.includes('kaazing')
  facts.events = await promised('event stream', (done) => {
    const source = new EventSource(feed)
    source.onopen = () => done(true)
    source.onerror = () => done(false)
  })

  const ends = Date.now() / 1000 + 6
  const brief = await signed(secret, ends)
  const renewing = await opened(echo, ['kaazing.renewal', `kaazing.bearer.${brief}`])
  facts.renewed = { lasts: await heard(renewing, 'L'), warned: await heard(renewing, 'W') }
  const lasts = heard(renewing, 'L')
  renewing.send(`${MARK}ABearer ${token}`)
  facts.renewed.renewed = await lasts
  await asleep(ends * 1000 - Date.now() + 1500) // the first token is over
  facts.renewed.echoed = await echoed(renewing)
  renewing.close()

  await post('logout')
  await fetch(auth + 'session', { headers: { Authorization: `Bearer ${token}` } })
  const last = await opened(echo, [])
  const closed = promised('close', (done) => (last.onclose = ({ code }) => done(code)))
  const { closed: count } = await post('logout')
  facts.logout = { closed: count, code: await closed, opened: (await opened(echo, [])) !== null }
  return facts
}
