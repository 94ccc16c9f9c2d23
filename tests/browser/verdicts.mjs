// node verdicts.mjs: for each line "VERSION HEX" of standard input, one on standard output: what mqtt-packet, the
// decoder of MQTT.js, says of that packet: nothing when it is good, else why not.
import { createInterface } from 'node:readline'
import { parser } from 'mqtt-packet'

function verdict(version, bytes) {
  const reader = parser({ protocolVersion: version })
  let said = 'no whole packet'
  reader.on('packet', () => (said = ''))
  reader.on('error', ({ message }) => (said = message || 'error'))
  try {
    const left = reader.parse(bytes)
    return said || !left ? said : 'more than a packet'
  } catch ({ message }) {
    return `thrown: ${message}`
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [version, hex] = line.split(' ')
  console.log(verdict(Number(version), Buffer.from(hex, 'hex')).replaceAll('\n', ' '))
}
