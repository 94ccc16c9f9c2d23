// node chromium.mjs CHROMIUM PAGE FUNCTION OPTIONS: run a function of stomp.js in a page of
// headless Chromium opened at PAGE, print its facts as JSON.
import { readFileSync } from 'node:fs'
import { launch } from './launch.mjs'

const [executable, url, name, options] = process.argv.slice(2)
const library = new URL('./node_modules/@stomp/stompjs/bundles/stomp.umd.js', import.meta.url)
const ours = readFileSync(new URL('./stomp.js', import.meta.url), 'utf8')

await launch(executable, url, async (page) => {
  await page.addScriptTag({ path: library.pathname })
  await page.addScriptTag({ type: 'module', content: `${ours}\nwindow.stomp = { converse, refused }` })
  await page.waitForFunction('window.stomp !== undefined')
  return page.evaluate(
    ([name, options]) => window.stomp[name](window.StompJs.Client, JSON.parse(options)),
    [name, options],
  )
})
