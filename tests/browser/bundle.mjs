// Return NAME.js with the packages that it imports, as one script for a page, which has its exports in `scenario`.
import { build } from 'esbuild'

const ours = (path) => new URL(path, import.meta.url).pathname

export async function bundled(name) {
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
  return outputFiles[0].text
}
