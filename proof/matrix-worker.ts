import { parentPort, workerData } from 'node:worker_threads'
import { createMatrix } from './matrix.ts'

const run = await createMatrix()
for (const fault of workerData as readonly string[]) parentPort?.postMessage(await run(fault))
