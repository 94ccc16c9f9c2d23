// Reads JSON arrays of lines, one array a line, and prints how irc-framework's own parser reads each:
// tag keys, prefix, command and parameters. Characters stand for bytes.
import readline from 'node:readline'
import parse from 'irc-framework/src/irclineparser.js'

for await (const lines of readline.createInterface({ input: process.stdin })) {
  const read = JSON.parse(lines).map((line) => {
    const { tags, prefix, command, params } = parse(line)
    return [Object.keys(tags).sort(), prefix, command, params]
  })
  console.log(JSON.stringify(read))
}
