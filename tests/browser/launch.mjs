// Run `visit` with a page of headless Chromium opened at `url`, print what it returns as JSON.
import { chromium } from 'playwright-core'

export async function launch(executablePath, url, visit, options = {}) {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  })
  try {
    const page = await browser.newPage(options)
    const complaints = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()))
    await page.goto(url)
    const facts = await visit(page, complaints).catch((error) => {
      throw new Error([error.message, ...complaints].join('\n'))
    })
    console.log(JSON.stringify(facts))
  } finally {
    await browser.close()
  }
}
