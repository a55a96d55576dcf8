import { takesNothing } from '../fixtures/command.ts'
import { buildImage } from './scratch.ts'
import { mockImage } from './images.ts'

// `npm run mock:image`: the mock as an image.

await takesNothing(
  'Builds an image of the mock vLLM around the Node at hand, by Docker or another engine with its API; nothing is pulled.',
  () => buildImage(() => mockImage),
)
