import { parentPort, workerData } from 'node:worker_threads'
import { differences, runAgainst, type Row } from './matrix.ts'

const faults = workerData as readonly string[]
const healthy = await runAgainst({})
const rows: Row[] = []
for (const fault of faults) rows.push(differences(fault, healthy, await runAgainst({ fault })))
parentPort?.postMessage(rows)
