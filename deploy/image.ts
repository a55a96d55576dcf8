import { takesNothing } from '../fixtures/command.ts'
import { buildImage } from './scratch.ts'
import { suiteImage } from './images.ts'

// `npm run image`: the suite as an image.

await takesNothing(
  'Builds the image of the suite around the Node at hand, by Docker or another engine with its API; nothing is pulled.',
  () => buildImage(suiteImage),
)
