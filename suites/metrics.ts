import {
  asksModel,
  codingOf,
  currentMetric,
  fields,
  header,
  isOfEngine,
  isClosed,
  isVllmAlone,
  list,
  mediaTypeOf,
  metricsOf,
  plural,
  renamedMetrics,
  scenario,
  shown,
  total,
  user,
  type Check,
  type Facts,
  type Reply,
  type Sample,
  type View,
} from '../fixtures/scenario.ts'

const RUNNING = 'vllm:num_requests_running'

/** Whether a scrape shows that nothing runs. */
const atRest = (reply: Reply): boolean => unread(reply) !== undefined || (total(metricsOf(reply).samples, RUNNING) ?? 0) === 0

/** Why a scrape reads no metrics; undefined where there is a text of some kind to read. vLLM answers 200 without a coding, so whatever this is is a gateway's. */
function unread({ status, text, exchange }: Reply): Check {
  const { end } = exchange
  if (status === 0) return { where: 'connection', got: 'detail' in end ? end.detail : end.kind, wanted: 'an answer' }
  if (status !== 200) return { where: 'status line', got: String(status), wanted: '200' }
  if (end.kind !== 'complete') return { where: 'connection', got: end.detail, wanted: 'an answer that ends by itself' }
  if (codingOf(exchange) !== undefined) return { where: 'header content-encoding', got: shown(codingOf(exchange)), wanted: 'none' }
  // A page or JSON: no text of Prometheus begins so.
  return /^\s*[<{[]/.test(text) || mediaTypeOf(exchange) === 'text/html'
    ? { where: 'body', got: shown(text.slice(0, 80)), wanted: 'series of Prometheus' }
    : undefined
}

const isVllm = (facts: Facts): string | undefined => (facts.profile.engine === 'vllm' ? undefined : 'the series are those of vLLM')

/** What each look at /metrics showed. */
const scrapes = (facts: Facts): readonly (readonly Sample[])[] =>
  facts
    .views()
    .filter(({ exchange }) => exchange.request.path === '/metrics' && exchange.status === 200)
    .map((view) => metricsOf(view).samples)

/** Why counters of two scrapes cannot be compared: they are those of several processes. */
function severalProcesses(facts: Facts, before: readonly Sample[], after: readonly Sample[]): string | undefined {
  const starts = new Set(
    scrapes(facts).flatMap((samples) => samples.filter(({ name }) => name === 'process_start_time_seconds').map(({ value }) => value)),
  )
  if (starts.size > 1) return `${starts.size} processes answer at this address (process_start_time_seconds): each counts by itself`
  const chats = { handler: '/v1/chat/completions', status: '2xx' }
  const counted = grown(before, after, 'http_requests_total', chats)
  const received = ended(facts).filter(({ exchange }) => exchange.request.path === chats.handler).length
  // Whichever middleware counts a request also answers it. A count that stands still is no other process but an old page.
  if (counted !== undefined && counted > 0 && counted < received)
    return `this process counts ${counted} of the ${received} chats that were answered (http_requests_total): several replicas answer at this address`
  const fallen = before.find(({ name }) => /^vllm:.*_(?:total|count)$/.test(name) && (grown(before, after, name) ?? 0) < 0)
  return fallen !== undefined && starts.size === 0
    ? `${fallen.name} fell: the server was restarted, or several replicas answer at this address`
    : undefined
}

/** Compares two scrapes of one process; nothing to compare is not applicable. */
function growth(replies: readonly Reply[], facts: Facts, judge: (before: readonly Sample[], after: readonly Sample[]) => Check): Check {
  const [before, after] = replies.map((reply) => (unread(reply) === undefined ? metricsOf(reply).samples : []))
  if (before === undefined || after === undefined || !isOfEngine(after))
    return { notApplicable: 'there are no counters of vLLM at /metrics' }
  const several = severalProcesses(facts, before, after)
  return several === undefined ? judge(before, after) : { notApplicable: several }
}

/** How much a series grew; undefined when it is not there afterwards. */
function grown(
  before: readonly Sample[],
  after: readonly Sample[],
  name: string,
  labels?: Readonly<Record<string, string>>,
): number | undefined {
  const now = total(after, name, labels)
  return now === undefined ? undefined : now - (total(before, name, labels) ?? 0)
}

/** The series, one with these labels where they are given, has to grow by at least as much as wanted. */
function atLeast(
  before: readonly Sample[],
  after: readonly Sample[],
  name: string,
  wanted: number,
  what: string,
  labels?: Readonly<Record<string, string>>,
): Check {
  const got = grown(before, after, name, labels)
  if (got !== undefined && got >= wanted) return undefined
  const chosen = Object.entries(labels ?? {}).map(([key, value]) => `{${key}="${value}"}`)
  return {
    where: `${name}${chosen.join('')}`,
    got: got === undefined ? 'no such series' : `grew by ${got}`,
    wanted: `at least ${wanted}: ${what}`,
  }
}

const generated = (facts: Facts) =>
  facts.views().filter((view) => view.request !== undefined && view.exchange.status === 200 && view.answer.error === undefined)
/** vLLM counts each choice of a request as one that finished. */
const finishedBy = (views: readonly View[]): number => views.reduce((sum, view) => sum + (view.request?.n ?? 1), 0)

/** Answers that the server completed, whatever the route. */
const ended = (facts: Facts): readonly View[] => answered(facts).filter(({ exchange }) => exchange.end.kind === 'complete')

const generates = ({ exchange }: View): boolean => asksModel(exchange)

const sharedServer = (finished: number, own: number): Check => ({
  inconclusive: `others use the server too: ${finished} requests finished, ${own} belong to this run`,
})

/** Legal requests to the model: a server finishes no others. */
const legal = (facts: Facts): readonly View[] => facts.views().filter((view) => generates(view) && view.intent.expect === 'answer')

/** Requests whose connection was closed before an answer, once or, when they were sent again, twice: the server may have had them. */
const lostBy = (facts: Facts): readonly View[] =>
  legal(facts).flatMap((view) => [...(view.exchange.lost === undefined ? [] : [view]), ...(isClosed(view.exchange.end) ? [view] : [])])

/** All that this run made the server generate, whatever the route; a page is not of its making. */
const answered = (facts: Facts): readonly View[] =>
  facts
    .views()
    .filter(
      (view) =>
        generates(view) &&
        view.exchange.status === 200 &&
        view.exchange.end.kind !== 'unsent' &&
        view.answer.error === undefined &&
        !/^\s*</.test(view.text),
    )

const withoutAborts = (samples: readonly Sample[]): readonly Sample[] =>
  samples.filter(({ labels }) => labels['finished_reason'] !== 'abort')

const tokens = (facts: Facts, key: string): number =>
  generated(facts).reduce((sum, view) => sum + (typeof view.answer.usage?.[key] === 'number' ? view.answer.usage[key] : 0), 0)

export default scenario('Metrics', ({ request, must, should, together }) => {
  // Readiness has read them already, so this costs no request.
  const before = request('before', { method: 'GET', path: '/metrics' }, { unless: isVllm, from: 'smoke', whatever: true })
  const leaving = request(
    'client-leaves',
    {
      method: 'POST',
      path: '/v1/chat/completions',
      body: JSON.stringify({
        model: '$MODEL',
        messages: [user('Say one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.')],
        temperature: 0,
        // Otherwise the answer may be over before the server sees that the client has left.
        max_tokens: 1024,
        ignore_eos: true,
        stream: true,
      }),
      leaveAfter: 300,
    },
    { form: 'stream', unless: isVllm },
  )
  const after = request('after', { method: 'GET', path: '/metrics' }, { unless: isVllm, last: true, whatever: true })
  // A second look shows whether one process answers, and what still ran at the first, as a proxy may pass on late that a client has left.
  const again = request(
    'again',
    { method: 'GET', path: '/metrics' },
    { unless: isVllm, last: true, after: [after], atRest, whatever: true },
  )

  should(
    'metrics.present',
    'SHOULD show its metrics at /metrics',
    'KAITO tool calling article: validate tool calling using vLLM metrics; a gateway may hide them',
    before,
    unread,
  )

  must(
    'metrics.format',
    'MUST write its metrics in the text format of Prometheus, labelled with the served model',
    'Prometheus exposition format 0.0.4; vLLM label model_name',
    after,
    (reply, facts) => {
      const { status, text, exchange } = reply
      // vLLM answers 500 where it fails.
      if (status === 500) return { where: 'status line', got: '500', wanted: '200' }
      if (unread(reply) !== undefined) return { notApplicable: 'no /metrics is visible; metrics.present says so' }
      if (!['text/plain', 'application/openmetrics-text'].includes(mediaTypeOf(exchange) ?? ''))
        return { where: 'header content-type', got: shown(header(exchange, 'content-type')), wanted: 'text/plain' }
      const { samples, strange } = metricsOf({ exchange, text })
      if (strange[0] !== undefined) return { where: 'body', got: shown(strange[0]), wanted: 'name{labels} value' }
      // The alias of a gateway is no name that vLLM knows.
      if (!isVllmAlone(facts.profile)) return undefined
      // A server has one label for all the names that it serves a model by.
      const listed = facts
        .views()
        .flatMap(({ exchange: { request: asked, status: of }, document }) =>
          asked.path === '/v1/models' && of === 200 && document?.ok === true
            ? list(fields(document.value)?.['data']).map((card) => fields(card)?.['id'])
            : [],
        )
      const served = new Set([...generated(facts).map((view) => view.answer.model), ...listed])
      const wrong = samples.find(
        ({ name, labels }) => /^vllm:\w+_total$/.test(name) && 'model_name' in labels && !served.has(labels['model_name']),
      )
      return wrong === undefined || served.size === 0
        ? undefined
        : { where: wrong.name, got: shown(wrong.labels), wanted: `model_name ${[...served].join(', ')}` }
    },
  )

  together(
    'metrics.requests',
    'MUST count every request that was answered in vllm:request_success_total',
    'vLLM tests/entrypoints/serve/instrumentator/test_metrics.py; vllm#8115',
    [before, after, again],
    (replies, facts) =>
      growth(replies, facts, (first, second) =>
        atLeast(
          withoutAborts(first),
          withoutAborts(second),
          'vllm:request_success_total',
          finishedBy(ended(facts)),
          'the requests of this run',
        ),
      ),
  )

  together(
    'metrics.answers-arrive',
    'MUST deliver the answer to every request that it finished',
    'RFC 9112 section 9.6: what is under way when a connection is torn down is lost; vLLM vllm:request_success_total',
    [before, after, again],
    (replies, facts) =>
      growth(replies, facts, (first, second) => {
        const lost = lostBy(facts)
        const finished = grown(withoutAborts(first), withoutAborts(second), 'vllm:request_success_total') ?? 0
        const arrived = finishedBy(answered(facts))
        // What was generated and then answered with an error was finished too (vllm#36841).
        const failed = finishedBy(
          legal(facts).filter(
            ({ exchange, answer }) => exchange.status !== undefined && (exchange.status !== 200 || answer.error !== undefined),
          ),
        )
        if (lost[0] === undefined || finished <= arrived + failed) return undefined
        if (finished > arrived + finishedBy(lost)) return sharedServer(finished, arrived)
        return {
          exchange: lost[0].exchange.id,
          where: 'connection',
          got: `${finished} requests finished, ${arrived} answers arrived: ${plural(lost.length, 'connection')} closed before the answer`,
          wanted: 'as many answers',
        }
      }),
  )

  together(
    'metrics.tokens',
    'MUST count as many tokens in its metrics as it reports as usage',
    'vLLM tests/entrypoints/serve/instrumentator/test_metrics.py',
    [before, after, again],
    (replies, facts) =>
      growth(
        replies,
        facts,
        (first, second) =>
          atLeast(first, second, 'vllm:generation_tokens_total', tokens(facts, 'completion_tokens'), 'the completion_tokens reported') ??
          atLeast(first, second, 'vllm:prompt_tokens_total', tokens(facts, 'prompt_tokens'), 'the prompt_tokens reported'),
      ),
  )

  together(
    'metrics.finish-reasons',
    'MUST count in its metrics why answers ended, stop and length separately',
    'vLLM vllm/v1/metrics/loggers.py: request_success_total{finished_reason}',
    [before, after, again],
    (replies, facts) =>
      growth(replies, facts, (first, second) => {
        const cut = generated(facts).filter((view) => view.answer.choices.some((choice) => choice.finishReason === 'length')).length
        return (
          atLeast(first, second, 'vllm:request_success_total', cut, 'answers that said length', { finished_reason: 'length' }) ??
          atLeast(first, second, 'vllm:request_success_total', finishedBy(generated(facts)) - cut, 'answers that ended by themselves', {
            finished_reason: 'stop',
          })
        )
      }),
  )

  together(
    'metrics.first-token',
    'MUST time the first token of every request',
    'vLLM vllm:time_to_first_token_seconds; vllm#8115',
    [before, after, again],
    (replies, facts) =>
      growth(replies, facts, (first, second) =>
        atLeast(first, second, 'vllm:time_to_first_token_seconds_count', finishedBy(ended(facts)), 'the requests of this run'),
      ),
  )

  together(
    'metrics.client-leaves',
    'MUST stop running a request whose client left, and have nothing running or waiting afterwards',
    'vllm#10806, vllm#54947: generation went on; vLLM vllm:num_requests_running',
    [before, again, after, leaving],
    (replies, facts) =>
      growth(replies, facts, (first, second) => {
        const running = total(second, RUNNING)
        if (running === undefined) return { where: RUNNING, got: 'no such series', wanted: 'a gauge' }
        const expected = finishedBy(answered(facts))
        const finished = grown(first, second, 'vllm:request_success_total') ?? 0
        if (finished > expected + finishedBy(lostBy(facts))) return sharedServer(finished, expected)
        if (running !== 0) return { where: RUNNING, got: String(running), wanted: '0 when nothing runs' }
        const waiting = total(second, 'vllm:num_requests_waiting') ?? 0
        return waiting === 0 ? undefined : { where: 'vllm:num_requests_waiting', got: String(waiting), wanted: '0 when nothing runs' }
      }),
  )

  together(
    'metrics.abort-counted',
    'SHOULD count a request whose client left among those that finished',
    'vLLM request_success_total{finished_reason="abort"}; vllm#31503: the counter stays 0',
    [before, after, again, leaving],
    (replies, facts) =>
      growth(replies, facts, (first, second) => {
        const aborted = grown(first, second, 'vllm:request_success_total', { finished_reason: 'abort' }) ?? 0
        const others = grown(withoutAborts(first), withoutAborts(second), 'vllm:request_success_total') ?? 0
        if (aborted > 0) return undefined
        return others > finishedBy(ended(facts))
          ? { inconclusive: 'the answer was over before the server saw that the client was gone' }
          : {
              where: 'vllm:request_success_total{finished_reason="abort"}',
              got: `grew by ${aborted}`,
              wanted: 'at least 1: the client left',
            }
      }),
  )

  together(
    'metrics.parser',
    'MUST count what its tool parser does',
    'vllm#44448: vllm:tool_call_parser_invocations_total since 0.24',
    [before, after, again],
    (replies, facts) =>
      growth(replies, facts, (first, second) => {
        if (!facts.profile.countsParserInvocations) return { notApplicable: 'vLLM has this series since 0.24 (vllm#44448)' }
        const auto = generated(facts).filter(
          (view) => view.request?.tools !== undefined && (view.request.tool_choice ?? 'auto') === 'auto',
        ).length
        return auto === 0
          ? { notApplicable: 'no question was asked with tool_choice auto' }
          : atLeast(first, second, 'vllm:tool_call_parser_invocations_total', 1, 'answers under auto')
      }),
  )

  together(
    'metrics.parser-wired',
    'SHOULD show the series of its tool parser, which vLLM registers only when one is set',
    'vllm#44448: registered with --tool-call-parser alone; seen so on vLLM 0.32.0 with and without one',
    [before, after, again],
    (replies, facts) =>
      growth(replies, facts, (_first, second) => {
        if (!facts.profile.countsParserInvocations) return { notApplicable: 'vLLM has this series since 0.24 (vllm#44448)' }
        return second.some(({ name }) => name === 'vllm:tool_call_parser_invocations_total')
          ? undefined
          : { where: 'vllm:tool_call_parser_invocations_total', got: 'no such series', wanted: 'the series: without it no parser is set' }
      }),
  )

  together(
    'metrics.documented-names',
    'SHOULD show the series that the documented dashboards read, or their replacements',
    'kaito website/docs/monitoring.md, written for vLLM 0.8.2',
    [before, after, again],
    (replies, facts) =>
      growth(replies, facts, (_first, second) => {
        const { version } = facts.profile
        if (version === undefined) return { notApplicable: 'the release is not known' }
        const has = (name: string): boolean => second.some((sample) => [name, `${name}_count`, `${name}_total`].includes(sample.name))
        const now = renamedMetrics.map(({ documented }) => ({ documented, current: currentMetric(documented, version) }))
        const missing = now.find(({ documented, current }) => current !== undefined && !has(current) && !has(documented))
        if (missing !== undefined)
          return { where: missing.documented, got: 'neither it nor its successor', wanted: String(missing.current) }
        const stale = now.filter(({ documented, current }) => current !== documented)
        return stale.length === 0
          ? undefined
          : {
              note: `the monitoring page names series that vLLM ${version} no longer has: ${stale.map(({ documented, current }) => `${documented} is now ${current ?? 'gone'}`).join('; ')}`,
            }
      }),
  )
})
