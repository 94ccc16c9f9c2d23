// Every client package, loaded as its users load it; what each is known by.
import { AMQPWebSocketClient } from '@cloudamqp/amqp-client'
import { Client as Stomp } from '@stomp/stompjs'
import { client as xmpp } from '@xmpp/client'
import irc from 'irc-framework'
import mqtt from 'mqtt'
import paho from 'paho-mqtt'
import rhea from 'rhea'
import { Strophe } from 'strophe.js'

const made = {
  '@cloudamqp/amqp-client': () => new AMQPWebSocketClient('ws://127.0.0.1/', '/', 'guest', 'guest'),
  '@stomp/stompjs': () => new Stomp(),
  '@xmpp/client': () => xmpp({ service: 'ws://127.0.0.1/', domain: 'localhost' }),
  'irc-framework': () => new irc.Client(),
  mqtt: () => mqtt.connect('ws://127.0.0.1/', { manualConnect: true }),
  'paho-mqtt': () => new paho.Client('ws://127.0.0.1/', 'somebody'),
  rhea: () => rhea.create_container(),
  'strophe.js': () => new Strophe.Connection('ws://127.0.0.1/'),
}
const start = {
  '@cloudamqp/amqp-client': 'connect',
  '@stomp/stompjs': 'activate',
  '@xmpp/client': 'start',
  'irc-framework': 'connect',
  mqtt: 'connect',
  'paho-mqtt': 'connect',
  rhea: 'websocket_connect',
  'strophe.js': 'connect',
}

// For each package whether a client can be made that could connect.
export async function ready() {
  return Object.fromEntries(Object.entries(made).map(([name, make]) => [name, typeof make()[start[name]] === 'function']))
}

export async function converse() {
  await import('/converse/converse.min.js')
  return { 'converse.js': typeof window.converse.initialize === 'function' }
}

export async function broken() {
  throw new Error('what a scenario says')
}
