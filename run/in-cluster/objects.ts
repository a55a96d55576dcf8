import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../../fixtures/cluster/kube.ts'
import { excerpt } from '../../fixtures/text.ts'
import { EXIT } from '../../fixtures/exit-codes.ts'
import { PlainFailure } from '../../fixtures/user-mistake.ts'

/** The fields of a ConfigMap that are used here; `binaryData` is in base64. */
export interface ConfigMap {
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}

/** The fields of a Job that are used here. */
export interface Job {
  readonly metadata: { readonly name: string; readonly uid?: string }
  readonly status?: {
    readonly active?: number
    readonly succeeded?: number
    readonly failedIndexes?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[]
  }
}

/** What runs in a cluster keeps there. Nothing is changed, and nothing is listed: `get` and `create` are all the rights it needs. */
export interface Objects {
  readonly namespace: string
  /** Undefined when there is none. */
  readonly configMap: (name: string) => Promise<ConfigMap | undefined>
  /** False when one of that name is there already. */
  readonly createConfigMap: (configMap: ConfigMap) => Promise<boolean>
  readonly job: (name: string) => Promise<Job | undefined>
  /** False when one of that name is there already. */
  readonly createJob: (job: object) => Promise<boolean>
  readonly close: () => Promise<void>
}

/** The cluster would not take or give an object, also when asked again. */
export class ClusterTrouble extends PlainFailure {
  override readonly name: string = 'ClusterTrouble'
  readonly exitCode = EXIT.blocked
}

/** Pauses between tries in milliseconds: an API server that is replaced is back within a minute or two. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000]

/** A rejection that no further try changes. */
const isFinal = ({ status }: Answer): boolean => status !== undefined && status >= 400 && status < 500 && status !== 429

/** The objects of a namespace, by the kubeconfig or the service account of the pod. */
export async function openObjects(env: Readonly<Record<string, string | undefined>>, namespace?: string): Promise<Objects> {
  // A mistake of the user, or a question for help, does not pay for the client of Kubernetes.
  const [{ createKube }, { loadAccess }] = await Promise.all([
    import('../../fixtures/cluster/kube.ts'),
    import('../../fixtures/cluster/kubeconfig.ts'),
  ])
  const kube = createKube(() => loadAccess(env))
  const place = namespace ?? env['POD_NAMESPACE'] ?? kube.access().namespace
  const ask = async (what: string, send: () => Promise<Answer>, fine: readonly number[]): Promise<Answer> => {
    for (const pause of [...PAUSES, undefined]) {
      const answer = await send()
      if (answer.status !== undefined && (fine.includes(answer.status) || (answer.status >= 200 && answer.status < 300))) return answer
      if (pause === undefined || isFinal(answer)) {
        const why = answer.status === undefined ? answer.failure.detail : `${answer.status} ${messageOf(answer.body) ?? answer.text}`
        throw new ClusterTrouble(`The API server did not ${what} in namespace ${place}: ${excerpt(why)}.`)
      }
      await delay(pause)
    }
    throw new ClusterTrouble(`The API server did not ${what}.`)
  }
  const get = async <T>(base: string, plural: string, name: string): Promise<T | undefined> => {
    const answer = await ask(`give ${plural}/${name}`, () => kube.get(`${base}/namespaces/${place}/${plural}/${name}`), [404])
    return answer.status === 404 ? undefined : ((answer as { readonly body: unknown }).body as T)
  }
  const create = async (base: string, plural: string, object: { readonly metadata: { readonly name: string } }): Promise<boolean> => {
    const { name } = object.metadata
    const answer = await ask(`take ${plural}/${name}`, () => kube.create(`${base}/namespaces/${place}/${plural}`, object), [409])
    return answer.status !== 409
  }
  return {
    namespace: place,
    configMap: (name) => get<ConfigMap>('/api/v1', 'configmaps', name),
    createConfigMap: (configMap) =>
      create('/api/v1', 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', immutable: true, ...configMap } as ConfigMap),
    job: (name) => get<Job>('/apis/batch/v1', 'jobs', name),
    createJob: (job) => create('/apis/batch/v1', 'jobs', job as Job),
    close: () => kube.close(),
  }
}

const messageOf = (body: unknown): string | undefined =>
  typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : undefined
