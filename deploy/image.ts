import { buildImage } from './scratch.ts'
import { suiteImage } from './images.ts'

// `npm run image`: the suite as an image.

await buildImage(suiteImage())
