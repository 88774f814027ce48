import { defineConfig } from 'vite';

// Stable names without hashes: `dist` is kept in the repository, and the server's ETag tells browsers what is new.
// Relative addresses, so that the pages work under any path prefix.
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: 'app.js',
        chunkFileNames: '[name].js',
        assetFileNames: 'app[extname]',
        codeSplitting: false,
      },
    },
  },
});
