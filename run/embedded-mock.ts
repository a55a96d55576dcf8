import type { TargetTools } from '../fixtures/target/target.ts'
import type { VllmOptions } from '../mocks/vllm/vllm.ts'

/** Starts the mock of this suite when it is the target; nobody else pays for loading it. */
export const embeddedMock =
  (options: VllmOptions): TargetTools['startMock'] =>
  async () => {
    const [{ createVllm }, { listen }] = await Promise.all([import('../mocks/vllm/vllm.ts'), import('../mocks/vllm/listen.ts')])
    const door = await listen(createVllm(options))
    return { url: door.url, close: () => door.close(), ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }) }
  }

/** One mock for many runs of this process, started when the first needs it. */
export function sharedMock(): { readonly start: TargetTools['startMock']; readonly close: () => Promise<void> } {
  let started: ReturnType<TargetTools['startMock']> | undefined
  return {
    start: async () => ({ ...(await (started ??= embeddedMock({})())), close: async () => {} }),
    close: async () => (await started)?.close(),
  }
}
