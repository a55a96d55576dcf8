import { buildImage } from './scratch.ts'
import { mockImage } from './images.ts'

// `npm run mock:image`: the mock as an image.

await buildImage(mockImage)
