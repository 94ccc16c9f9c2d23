// node node.mjs FUNCTION OPTIONS: run a function of stomp.js in Node, print its facts as JSON.
import { Client } from '@stomp/stompjs'
import { WebSocket } from 'ws'
import * as stomp from './stomp.js'

Object.assign(globalThis, { WebSocket })
const [name, options] = process.argv.slice(2)
console.log(JSON.stringify(await stomp[name](Client, JSON.parse(options))))
