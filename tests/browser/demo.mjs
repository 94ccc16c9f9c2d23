// node demo.mjs CHROMIUM PAGE: use the demo page as a visitor would, print what it shows as JSON.
import { launch } from './launch.mjs'

const [executable, url] = process.argv.slice(2)

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
  return { median: await text('median'), closed: log.includes('4001') && log.includes('enough'), complaints }
})
