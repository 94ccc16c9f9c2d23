// node chromium.mjs CHROMIUM PAGE FUNCTION OPTIONS: run a function of stomp.js in a page of
// headless Chromium opened at PAGE, print its facts as JSON.
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const [executablePath, page, name, options] = process.argv.slice(2)
const library = new URL('./node_modules/@stomp/stompjs/bundles/stomp.umd.js', import.meta.url)
const ours = readFileSync(new URL('./stomp.js', import.meta.url), 'utf8')

const browser = await chromium.launch({
  executablePath,
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
})
try {
  const opened = await browser.newPage({ bypassCSP: true })
  await opened.goto(page)
  await opened.addScriptTag({ path: library.pathname })
  await opened.addScriptTag({ type: 'module', content: `${ours}\nwindow.stomp = { converse, refused }` })
  await opened.waitForFunction('window.stomp !== undefined')
  const facts = await opened.evaluate(
    ([name, options]) => window.stomp[name](window.StompJs.Client, JSON.parse(options)),
    [name, options],
  )
  console.log(JSON.stringify(facts))
} finally {
  await browser.close()
}
