// node demo.mjs CHROMIUM PAGE UDP-PORT: use the demo page as a visitor would, print what it shows as JSON.
import { createSocket } from 'node:dgram'
import { launch } from './launch.mjs'

const [executable, url, port] = process.argv.slice(2)

await launch(executable, url, async (page, complaints) => {
  const text = (id) => page.locator(`#${id}`).textContent()
  const count = (number) => page.locator('#count', { hasText: new RegExp(`^${number}$`) }).waitFor()
  await page.waitForSelector('#state[data-state=open]')
  await count(1) // the page says hello by itself
  await page.fill('#text', 'grüße 🚂')
  await page.click('#say button[type=submit]')
  await count(2)
  await page.click('#binary')
  await count(3)
  await page.click('#series')
  await count(103)
  await page.fill('#code', '4001')
  await page.fill('#reason', 'enough')
  await page.click('#close button')
  await page.waitForSelector('#state[data-state=closed]')
  const log = await text('log')
  const lines = (id, text) => page.locator(`#${id} .in + .what`, { hasText: text }).first().waitFor()
  await page.waitForSelector('#emulation[data-state=open]')
  await lines('emulated', 'Hello over plain HTTP')
  await page.fill('#said', 'grüße '.repeat(50))
  await page.click('#repeat button')
  await lines('emulated', 'grüße grüße')
  await page.waitForSelector('#stream[data-state=open]')
  await page.click('#tell button')
  await lines('heard', 'Good news')
  const speaker = createSocket('udp4')
  speaker.send('from a shell\n', Number(port), '127.0.0.1', () => speaker.close())
  await lines('heard', 'from a shell')
  await page.waitForSelector('#chatting[data-state=open]')
  await page.fill('#name', 'Ada')
  await page.click('#speak')
  await page.locator('#talk .own .text', { hasText: 'Hello, other window' }).waitFor()
  const [other] = await Promise.all([page.waitForEvent('popup'), page.click('#window')])
  await other.locator('#talk .other .who', { hasText: 'Ada' }).waitFor() // who comes late is told what was said
  await other.fill('#words', 'a: grüße \\ 🚂')
  await other.click('#speak')
  await page.locator('#talk .other').waitFor()
  const said = await page.locator('#talk .text').allTextContents()
  return { said, median: await text('median'), closed: log.includes('4001') && log.includes('enough'), complaints, heard: await page.locator('#heard .what').allTextContents() }
})
