// node chromium.mjs CHROMIUM PAGE NAME FUNCTION OPTIONS: run a function of NAME.js in a page of headless
// Chromium opened at PAGE, print its facts as JSON. The packages that NAME.js imports come with it.
import { build } from 'esbuild'
import { launch } from './launch.mjs'

const [executable, url, name, method, options] = process.argv.slice(2)
const ours = (path) => new URL(path, import.meta.url).pathname
const { outputFiles } = await build({
  entryPoints: [ours(`./${name}.js`)],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'scenario',
  platform: 'browser',
  external: ['/converse/*'], // loaded from the page's own server
  define: { global: 'globalThis' },
  inject: [ours('./globals.js')],
  alias: {
    events: 'events/',
    'node:dns': ours('./nothing.js'),
    os: ours('./nothing.js'),
    path: ours('./nothing.js'),
    stream: 'stream-browserify',
    util: 'util/',
  },
  logLevel: 'error',
})

await launch(executable, url, async (page) => {
  await page.addScriptTag({ content: outputFiles[0].text })
  return page.evaluate(([method, options]) => scenario[method](JSON.parse(options)), [method, options])
})
