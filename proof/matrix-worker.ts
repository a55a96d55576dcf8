import { parentPort, workerData } from 'node:worker_threads'
import { createMatrix } from './matrix.ts'

const run = createMatrix()
for (const fault of workerData as readonly string[]) parentPort?.postMessage(await run(fault))
