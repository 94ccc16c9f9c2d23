// node node.mjs NAME FUNCTION OPTIONS: run a function of NAME.js in Node, print its facts as JSON.
import { WebSocket } from 'ws'

Object.assign(globalThis, { WebSocket })
const [name, method, options] = process.argv.slice(2)
const scenario = await import(`./${name}.js`)
console.log(JSON.stringify(await scenario[method](JSON.parse(options))))
process.exit() // some clients leave timers behind
