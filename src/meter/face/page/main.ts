import { h, render } from 'preact'
import { App } from './app.ts'

const root = document.getElementById('app')
if (root !== null) {
  root.textContent = ''
  render(h(App, null), root)
}
