import { mount } from 'svelte'
import './styles/theme.css'
import './styles/base.css'
import App from './App.svelte'

const target = document.getElementById('app')
if (target === null) throw new Error('index.html has lost its #app element.')
mount(App, { target })

// In development the worker would serve yesterday's modules.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  // Without it the app only loses its offline shell (private windows refuse it), so a warning is enough.
  navigator.serviceWorker.register('/sw.js').catch((error: unknown) => {
    console.warn('The offline shell is not available.', error)
  })
}
