// node compression.mjs CHROMIUM PAGE SOCKET MESSAGES: send messages (a JSON list) one after the other over
// a WebSocket, print what was agreed on, what came back and how it closed.
import { launch } from './launch.mjs'

const [executable, url, socket, messages] = process.argv.slice(2)

await launch(executable, url, async (page) => {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.enable')
  const head = new Promise((resolve) => {
    devtools.on('Network.webSocketHandshakeResponseReceived', ({ response }) => resolve(response.headers))
  })
  const outcome = await page.evaluate(
    ([socket, messages]) =>
      new Promise((resolve) => {
        const ws = new WebSocket(socket)
        const echoes = []
        const next = () => (echoes.length < messages.length ? ws.send(messages[echoes.length]) : ws.close(1000))
        ws.onopen = next
        ws.onmessage = ({ data }) => {
          echoes.push(data)
          next()
        }
        ws.onclose = ({ code }) => resolve({ extensions: ws.extensions, echoes, code })
      }),
    [socket, JSON.parse(messages)],
  )
  const fields = Object.entries(await head).map(([name, value]) => [name.toLowerCase(), value])
  return { ...outcome, answered: Object.fromEntries(fields)['sec-websocket-extensions'] }
})
