// Adds up the results of a run and prints one line: `N passed, N failed`.
//   node scripts/test-summary.mjs [--report FILE STATUS]… [--step NAME STATUS]…
// A report is a file of Vitest's JSON reporter with the exit status of its run; a step counts as one test. The exit status tells whether all passed.
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0

/** Tests of a report; a file that could not even be loaded has no tests and counts as one that failed. */
function countReport(path, status) {
  let report
  try {
    report = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    console.error(`no report of a finished run: ${path}`)
    return { passed: 0, failed: 1 }
  }
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((result) => result.status === 'failed'),
  )
  const failures = report.numFailedTests + broken.length
  // An error outside every test, or a crash after the report was written, shows only in the exit status.
  return { passed: report.numPassedTests, failed: failures === 0 && status !== 0 ? 1 : failures }
}

const words = process.argv.slice(2)
for (let i = 0; i + 2 < words.length; i += 3) {
  const [kind, name, status] = words.slice(i, i + 3)
  const good = status === '0'
  const counts = kind === '--report' ? countReport(name, Number(status)) : { passed: good ? 1 : 0, failed: good ? 0 : 1 }
  if (kind === '--step' && !good) console.error(`failed: ${name}`)
  passed += counts.passed
  failed += counts.failed
}

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
