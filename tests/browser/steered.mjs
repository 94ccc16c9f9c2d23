// node steered.mjs NAME [CHROMIUM PAGE]: carry out orders, one JSON text a line, by the function `order` of NAME.js, in
// Node or in a page of headless Chromium opened at PAGE; print what happens, one a line likewise. Ends with the orders.
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { bundled } from './bundle.mjs'
import { launch } from './launch.mjs'

const [name, executable, url] = process.argv.slice(2)
const tell = (happened) => console.log(JSON.stringify(happened))

async function steer(order) {
  tell({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    Promise.resolve(order(JSON.parse(line))).catch((error) => tell({ failed: String(error), line: line.slice(0, 200) }))
  }
}

if (executable) {
  const content = await bundled(name)
  await launch(executable, url, async (page) => {
    await page.exposeFunction('tell', tell)
    await page.addScriptTag({ content })
    await steer((what) => page.evaluate((what) => scenario.order(what, window.tell), what))
    return { ended: true }
  })
} else {
  Object.assign(globalThis, { WebSocket })
  const scenario = await import(`./${name}.js`)
  await steer(async (what) => scenario.order(what, tell))
}
process.exit()
