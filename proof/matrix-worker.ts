import { parentPort, workerData } from 'node:worker_threads'
import { differences, runAgainst } from './matrix.ts'

const faults = workerData as readonly string[]
const healthy = await runAgainst({})
for (const fault of faults) parentPort?.postMessage(differences(fault, healthy, await runAgainst({ fault })))
