export type Level = 'MUST' | 'SHOULD' | 'MAY'

/**
 * What a verdict says. `blocked`: a prerequisite is missing, never green. `inconclusive`: the model's answer did not allow a judgement
 * (cut by max_tokens, or too few tries). `known`: failed or blocked by defects of this engine that are known. `broken`: our own error.
 */
export type Outcome = 'passed' | 'failed' | 'known' | 'blocked' | 'inconclusive' | 'not applicable' | 'broken'

/** One breach of one requirement, with the place in the bytes. */
export interface Finding {
  /** Id of the exchange it was found in. */
  readonly exchange: string
  /** Where: `choices[0].delta.tool_calls[0].id`, `event 4`, `status line`. */
  readonly where: string
  /** Offset of the first offending byte in the body, when there is one. */
  readonly byte?: number
  readonly got: string
  readonly wanted: string
}

/** One requirement, judged. One line of verdicts.jsonl. */
export interface Verdict {
  /** Stable: `named.function:stream`, `stream.done`. Unique within a run. */
  readonly id: string
  /** Title of the scenario, or of the part of the contract, that it belongs to. */
  readonly group: string
  /** One sentence that begins with its level. */
  readonly title: string
  readonly level: Level
  readonly source: string
  readonly outcome: Outcome
  /** Why, for every outcome but a plain pass or fail; for a sample the rate and its interval. */
  readonly reason?: string
  readonly findings: readonly Finding[]
  /** The known defects of the engine that explain it. */
  readonly known?: readonly { readonly id: string; readonly what: string; readonly issue: string }[]
  /** What it comes from, where that lies beside the server under test: the MCP server. */
  readonly cause?: Cause
  /** The cause of the run, on verdicts that failed or were blocked: put there when the run has ended. */
  readonly explainedBy?: Cause
  /** Ids of the exchanges that were judged, at most a few dozen. */
  readonly exchanges: readonly string[]
  readonly tags: readonly string[]
  /** ISO time. */
  readonly at: string
}

/** The one cause that explains the failed verdicts of a run. */
export interface Cause {
  readonly id: string
  /** cluster, workspace, pod, Service, network, HTTP, credentials, stream, tool call, model, ... */
  readonly layer: string
  readonly sentence: string
  readonly evidence: readonly string[]
  /** A command, a flag or YAML to paste. */
  readonly remedy: string
}

/** What a run is about; run.json. Without `ended` the run was cut short and its report says so. */
export interface Run {
  readonly suite: { readonly name: string; readonly version: string }
  readonly target: {
    readonly kind: 'mock' | 'endpoint' | 'image' | 'cluster'
    /** What a person calls it: `the embedded mock vLLM`, `http://localhost:8000/v1`. */
    readonly name: string
    readonly baseUrl: string
    /** Of a workspace: the releases of Kubernetes and KAITO around it. */
    readonly about?: string
  }
  readonly server: {
    /** `vLLM 0.25.1`, or what the evidence allows to say. */
    readonly name: string
    readonly profile: string
    /** Why this profile: evidence, or "CONFORMANCE_PROFILE". */
    readonly profileReason: string
    readonly model?: string
    readonly models: readonly string[]
  }
  readonly started: string
  /** Verdicts that the run set out to reach. */
  readonly planned: number
  /** Only part of the suite was asked for: the filter in words. */
  readonly filter?: string
  readonly failOn: 'must' | 'should' | 'never'
  /** Why nothing could be asked of the server; then the run says nothing of tool calling. */
  readonly blocked?: string
  readonly ended?: {
    readonly at: string
    readonly exitCode: number
    readonly requests: number
    readonly tokens: number
    readonly seconds: number
    readonly cause?: Cause
  }
}
