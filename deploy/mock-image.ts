import { join, resolve } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { buildImage } from './scratch.ts'

// `npm run mock:image`: the mock as an image.

const ROOT = resolve(import.meta.dirname, '..')
await buildImage({
  name: `${packageJson.name}/mock-vllm:${packageJson.version}`,
  files: ['package.json', 'mocks/vllm', 'fixtures'].map((path) => [join(ROOT, path), `/app/${path}`]),
  lines: ['EXPOSE 5000', 'ENTRYPOINT ["/bin/node", "/app/mocks/vllm/main.ts", "--host", "0.0.0.0", "--port", "5000"]'],
})
