import { helps } from '../fixtures/command.ts'
import { buildImage } from './scratch.ts'
import { mockImage } from './images.ts'

// `npm run mock:image`: the mock as an image.

if (
  !helps(
    process.argv.slice(2),
    'Builds an image of the mock vLLM around the Node at hand, by Docker or another engine with its API; nothing is pulled.',
  )
)
  await buildImage(() => mockImage)
