// node events.mjs CHROMIUM PAGE FEED SOCKET: listen to an EventSource and a WebSocket in a page; print what
// they hear as it comes, a JSON list a line, until an event with the data "end".
import { launch } from './launch.mjs'

const [executable, url, feed, socket] = process.argv.slice(2)

await launch(executable, url, async (page) => {
  await page.exposeFunction('tell', (...said) => console.log(JSON.stringify(said)))
  return page.evaluate(
    ([feed, socket]) =>
      new Promise((resolve) => {
        const ws = new WebSocket(socket)
        ws.onopen = () => tell('socket open')
        ws.onmessage = ({ data }) => tell('socket', data)
        const source = new EventSource(feed)
        source.onopen = () => tell('open')
        source.onmessage = source.onreset = async ({ type, data, lastEventId }) => {
          await tell(type, data, lastEventId)
          if (data === 'end') resolve(true)
        }
        source.addEventListener('reset', source.onreset)
      }),
    [feed, socket],
  )
})
