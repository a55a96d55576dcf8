import type { ControlPlane } from '../../mocks/kubernetes/real/control-plane.ts'

/** An object as it is sent to Kubernetes. */
export interface Thing {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string }
}

const plurals: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' }

/** Where objects of a kind stand; with a name, where this one does. */
export const pathOf = ({ apiVersion, kind, metadata }: Thing, name = ''): string =>
  [
    apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`,
    ...(metadata.namespace === undefined ? [] : ['namespaces', metadata.namespace]),
    plurals[kind] ?? `${kind.toLowerCase()}s`,
    ...(name === '' ? [] : [name]),
  ].join('/')

/** Applies an object as `kubectl apply --server-side` does, with `dryRun` as its `--dry-run=server`. Rejects with what the server says against it. */
export const apply = (plane: ControlPlane, thing: Thing, { dryRun = false } = {}): Promise<unknown> =>
  plane.call(
    'PATCH',
    `${pathOf(thing, thing.metadata.name)}?fieldManager=check&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`,
    thing,
    'application/apply-patch+yaml',
  )
