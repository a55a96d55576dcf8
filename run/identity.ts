import { familyIn } from '../fixtures/contract/content.ts'
import { flagsOf, mainPod, serverOf, wiringOf } from '../fixtures/cluster/wiring.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import type { Identity } from '../fixtures/record.ts'
import type { Configuration } from '../fixtures/target/configuration.ts'
import type { TargetFacts } from '../fixtures/target/target.ts'

/** What this run knows of its server that another run may know otherwise. Secrets in arguments are left out. */
export function identityOf(target: TargetFacts, configuration: Configuration, exchanges: readonly Exchange[]): Identity {
  const facts = target.cluster?.facts
  const image = configuration.target.kind === 'image' ? configuration.target : undefined
  const flags = knownFlags(target, configuration)
  const status = imageStatus(target)
  const parser = flags?.['tool-call-parser'] ?? familyIn(exchanges)
  const known: { readonly [Key in keyof Identity]: Identity[Key] | undefined } = {
    vllm: /^vLLM (\d\S*)$/.exec(target.server.name)?.[1],
    workspace: facts && `${facts.namespace}/${facts.workspace}`,
    parser,
    arguments: flags && Object.fromEntries(Object.entries(flags).filter(([flag]) => !SECRET.test(flag))),
    template: flags?.['chat-template'],
    image: status?.image ?? image?.image,
    imageDigest: digestIn(status?.imageID ?? image?.image),
    kaito: facts?.kaito?.version,
    replicas: facts?.workload.value?.spec?.replicas?.toString(),
  }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
}

/** The flags of the server's command line, where it is known: of a workspace, and of an image that the suite starts. */
export function knownFlags(
  { cluster }: Pick<TargetFacts, 'cluster'>,
  { target }: Configuration,
): Readonly<Record<string, string>> | undefined {
  if (cluster !== undefined) return wiringOf(cluster.facts)?.flags
  return target.kind === 'image' ? flagsOf(target.args) : undefined
}

const SECRET = /(?:key|token|secret|password)$/

const digestIn = (reference: string | undefined): string | undefined => /sha256:[0-9a-f]{64}/.exec(reference ?? '')?.[0]

/** Image and digest of the server's container, as its pod reports them. */
function imageStatus({ cluster }: TargetFacts): { readonly image?: string; readonly imageID?: string } | undefined {
  if (cluster === undefined) return undefined
  return serverOf(cluster.facts, mainPod(cluster.facts)?.status?.containerStatuses)
}
