// node chromium.mjs CHROMIUM PAGE NAME FUNCTION OPTIONS: run a function of NAME.js in a page of headless
// Chromium opened at PAGE, print its facts as JSON. The packages that NAME.js imports come with it.
import { bundled } from './bundle.mjs'
import { launch } from './launch.mjs'

const [executable, url, name, method, options] = process.argv.slice(2)
const content = await bundled(name)

await launch(executable, url, async (page) => {
  await page.addScriptTag({ content })
  return page.evaluate(([method, options]) => scenario[method](JSON.parse(options)), [method, options])
})
