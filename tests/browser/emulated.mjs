// node emulated.mjs CHROMIUM PAGE FUNCTION OPTIONS: run a function of emulated.js in a page of headless
// Chromium opened at PAGE, print its facts as JSON.
import { readFileSync } from 'node:fs'
import { launch } from './launch.mjs'

const [executable, url, name, options] = process.argv.slice(2)
const ours = readFileSync(new URL('./emulated.js', import.meta.url), 'utf8')

await launch(executable, url, async (page) => {
  const content = `${ours}\nwindow.emulation = { ask, emulated, giveUp, native }`
  await page.addScriptTag({ type: 'module', content })
  await page.waitForFunction('window.emulation !== undefined')
  return page.evaluate(([name, options]) => window.emulation[name](JSON.parse(options)), [name, options])
})
