// What a visitor of a page sees.
import { promised } from './steps.js'

// Return the text of an element once there is one.
export async function shown({ selector }) {
  return promised(selector, (done) => {
    const look = () => {
      const text = document.querySelector(selector)?.textContent
      if (text) done({ text })
      else setTimeout(look, 50)
    }
    look()
  })
}
