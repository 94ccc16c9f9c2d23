// What conversations are made of: steps that end in time, and payloads with every byte.

const WAIT = 15000 // milliseconds for each step

// Settle as `start(done, fail)` does with the functions it gets; reject when neither is called in time.
export function promised(what, start, wait = WAIT) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${what} in ${wait} ms`)), wait)
    const ended = (settle) => (value) => {
      clearTimeout(timer)
      settle(value)
    }
    start(ended(resolve), ended(reject))
  })
}

export const asleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

export const bytes = (length, seed) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 256)
export const same = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i])

// Letters of many scripts, with the number of the message.
export const text = (number) => `№ ${number}: grüße, 你好, 🚂`
