import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { pageFiles } from './vite/page_files.mjs'

// Threads need these; where a host cannot send them, the page's service worker does.
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative addresses, so that the page works from any folder of any host.
  base: './',
  plugins: [pageFiles()],
  // The package stays as it is published, beside the page: an import map names it.
  optimizeDeps: { exclude: ['masklet'] },
  worker: { format: 'es' },
  server: { headers },
  preview: { headers },
  build: {
    outDir: fileURLToPath(new URL('../../build/page', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // mediabunny, which is loaded when a video is exported.
    chunkSizeWarningLimit: 600,
    modulePreload: { polyfill: false },
    rolldownOptions: { external: ['masklet'] },
  },
})
