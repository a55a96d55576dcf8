import type { Fault } from '../fault.ts'
import { attempt, isObject, list, record, word } from '../json.ts'
import type { NamedEvent } from '../wire.ts'
import { everything } from './apis.ts'
import type { FaultClass } from './classes.ts'

type Item = Record<string, unknown>

const blocksOf = (body: Item): Item[] => list(body['content']).filter(isObject)
const usesOf = (body: Item): Item[] => blocksOf(body).filter(({ type }) => type === 'tool_use')
const textsOf = (body: Item): Item[] => blocksOf(body).filter(({ type }) => type === 'text')
const ofType = (events: readonly NamedEvent[], type: string): Item[] =>
  events.filter((event) => event.type === type).map(({ data }) => data)
const startOf = (events: readonly NamedEvent[]): Item => record(ofType(events, 'message_start')[0]?.['message'])
const endOf = (events: readonly NamedEvent[]): Item => record(ofType(events, 'message_delta')[0])
const opened =
  (kind: string) =>
  (events: readonly NamedEvent[]): Item[] =>
    ofType(events, 'content_block_start')
      .map((data) => record(data['content_block']))
      .filter(({ type }) => type === kind)
const deltasOf =
  (kind: string) =>
  (events: readonly NamedEvent[]): Item[] =>
    ofType(events, 'content_block_delta')
      .map((data) => record(data['delta']))
      .filter(({ type }) => type === kind)
const isDelta =
  (kind: string) =>
  ({ data }: NamedEvent): boolean =>
    record(data['delta'])['type'] === kind

const set =
  (key: string, value: unknown): ((item: Item) => void) =>
  (item) => {
    item[key] = value
  }
const drop =
  (key: string): ((item: Item) => void) =>
  (item) => {
    delete item[key]
  }
/** Changes a text under a key, where one stands. */
const edit =
  (key: string, change: (text: string) => unknown): ((item: Item) => void) =>
  (item) => {
    if (typeof item[key] === 'string') item[key] = change(item[key])
  }

type Row = readonly [id: string, what: string, kind: FaultClass, of: (body: Item) => readonly Item[], change: (item: Item) => void]

const self = (body: Item): readonly Item[] => [body]
const usage = (body: Item): readonly Item[] => [record(body['usage'])]

/** What a plain message can have wrong: where, and what becomes of it. */
const plain: readonly Row[] = [
  ['id-null', 'The id of a message is null.', 'C06', self, set('id', null)],
  ['id-empty', 'The id of a message is empty.', 'C06', self, set('id', '')],
  ['type-missing', 'A message does not say that it is one.', 'C06', self, drop('type')],
  ['role-missing', 'A message has no role.', 'C06', self, drop('role')],
  ['model-missing', 'A message names no model.', 'C06', self, drop('model')],
  ['content-missing', 'A message has no content.', 'C26', self, drop('content')],
  ['content-null', 'The content of a message is null.', 'C26', self, set('content', null)],
  ['content-text', 'The content of a message is a text.', 'C06', self, (body) => void (body['content'] = word(textsOf(body)[0]?.['text']))],
  ['content-empty', 'The content of a message is an empty list.', 'C26', self, set('content', [])],
  [
    'content-object',
    'The content of a message is one block instead of a list.',
    'C10',
    self,
    (body) => void (body['content'] = blocksOf(body)[0]),
  ],
  [
    'as-completion',
    'A message has the body of a chat completion.',
    'C06',
    self,
    (body) => {
      const message = { role: 'assistant', content: null }
      for (const key of Object.keys(body)) delete body[key]
      Object.assign(body, { id: 'chatcmpl-1', object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] })
    },
  ],
  ['error-beside', 'A message holds an error.', 'C60', self, set('error', { type: 'api_error', message: 'Something went wrong.' })],
  ['stop-reason-missing', 'A message does not say why it stopped.', 'C04', self, drop('stop_reason')],
  ['stop-reason-null', 'The stop_reason of a message is null.', 'C04', self, set('stop_reason', null)],
  ['stop-reason-stop', 'The stop_reason of a message is stop.', 'C05', self, set('stop_reason', 'stop')],
  [
    'stop-reason-length',
    'The stop_reason of a cut message is length.',
    'C05',
    self,
    edit('stop_reason', (text) => (text === 'max_tokens' ? 'length' : text)),
  ],
  ['stop-reason-max-tokens', 'A whole message says that it was cut.', 'C05', self, set('stop_reason', 'max_tokens')],
  ['stop-reason-sequence', 'A message ends at a stop sequence that nobody asked for.', 'C05', self, set('stop_reason', 'stop_sequence')],
  ['stop-sequence-invented', 'A message names a stop sequence that nobody asked for.', 'C05', self, set('stop_sequence', '\n\n')],
  ['block-type-missing', 'Blocks of a message have no type.', 'C18', blocksOf, drop('type')],
  ['block-type-of-other-api', 'Calls have the type function_call.', 'C18', usesOf, set('type', 'function_call')],
  ['block-type-of-chat', 'Calls have the type function.', 'C18', usesOf, set('type', 'function')],
  ['text-missing', 'A text block has no text.', 'C51', textsOf, drop('text')],
  ['text-null', 'The text of a block is null.', 'C51', textsOf, set('text', null)],
  ['text-empty', 'The text of a block is empty.', 'C51', textsOf, set('text', '')],
  ['text-in-list', 'The text of a block stands in a list.', 'C51', textsOf, (block) => void (block['text'] = [block['text']])],
  ['ids-equal', 'All calls of a message share one id.', 'C15', usesOf, set('id', 'toolu_1')],
  ['id-number', 'The id of a call is a number.', 'C14', usesOf, set('id', 1)],
  ['id-of-call-empty', 'The id of a call is empty.', 'C14', usesOf, set('id', '')],
  ['name-missing', 'A call has no name.', 'C20', usesOf, drop('name')],
  ['name-other', 'A call has a name that was not offered.', 'C22', usesOf, set('name', 'get_whether')],
  ['input-missing', 'A call has no input.', 'C26', usesOf, drop('input')],
  ['input-null', 'The input of a call is null.', 'C26', usesOf, set('input', null)],
  ['input-list', 'The input of a call is a list.', 'C31', usesOf, (block) => void (block['input'] = [block['input']])],
  [
    'input-wrapped',
    'The input of a call holds the call.',
    'C29',
    usesOf,
    (block) => void (block['input'] = { name: block['name'], arguments: block['input'] }),
  ],
  [
    'input-values-texts',
    'The values of an input are texts.',
    'C35',
    usesOf,
    (block) =>
      void (block['input'] = Object.fromEntries(
        Object.entries(record(block['input'])).map(([key, value]) => [key, typeof value === 'string' ? value : String(value)]),
      )),
  ],
  [
    'input-as-arguments',
    'The input of a call stands under arguments.',
    'C26',
    usesOf,
    (block) => {
      block['arguments'] = block['input']
      delete block['input']
    },
  ],
  ['usage-null', 'The usage of a message is null.', 'C08', self, set('usage', null)],
  [
    'usage-of-other-api',
    'The usage of a message has the keys of chat completions.',
    'C09',
    self,
    (body) => void (body['usage'] = { prompt_tokens: 1, completion_tokens: 1 }),
  ],
  ['usage-input-zero', 'A message counts no input.', 'C09', usage, set('input_tokens', 0)],
  ['usage-output-zero', 'A message counts no output.', 'C09', usage, set('output_tokens', 0)],
  ['usage-negative', 'A message counts less than nothing.', 'C09', usage, set('output_tokens', -3)],
  ['usage-as-text', 'A message counts in texts.', 'C09', usage, (item) => void (item['input_tokens'] = String(item['input_tokens']))],
  ['usage-above-limit', 'A message counts more output than the limit allows.', 'C09', usage, set('output_tokens', 99_999)],
]

type EventRow = readonly [id: string, what: string, kind: FaultClass, change: (events: NamedEvent[]) => NamedEvent[] | void]

const each =
  (of: (events: readonly NamedEvent[]) => readonly Item[], change: (item: Item) => void): EventRow[3] =>
  (events) => {
    for (const item of of(events)) change(item)
  }
const without =
  (type: string): EventRow[3] =>
  (events) =>
    events.filter((event) => event.type !== type)
const twice =
  (type: string): EventRow[3] =>
  (events) =>
    events.flatMap((event) => (event.type === type ? [event, structuredClone(event)] : [event]))
/** One delta of a kind, the one in the middle. */
const middle = (events: readonly NamedEvent[], kind: string): NamedEvent | undefined => {
  const own = events.filter(isDelta(kind))
  return own[own.length >> 1]
}
const indexed =
  (change: (index: number) => unknown): EventRow[3] =>
  (events) => {
    for (const { data } of events) if ('index' in data) data['index'] = change(Number(data['index']))
  }
const retyped =
  (from: string, to: string): EventRow[3] =>
  (events) => {
    for (const event of events)
      if (event.type === from) {
        event.type = to
        event.data['type'] = to
      }
  }

const JSON_DELTA = 'input_json_delta'

/** What the events of a message can have wrong. */
const streamed: readonly EventRow[] = [
  [
    'start-without-message',
    'message_start holds no message.',
    'C06',
    (events) => void (ofType(events, 'message_start')[0]!['message'] = null),
  ],
  ['start-without-id', 'message_start has no id.', 'C06', (events) => void delete startOf(events)['id']],
  ['start-of-other-model', 'message_start names another model.', 'C06', (events) => void (startOf(events)['model'] = 'claude')],
  [
    'start-with-content',
    'message_start holds the content.',
    'C13',
    (events) => void (startOf(events)['content'] = [{ type: 'text', text: 'Hello' }]),
  ],
  [
    'start-with-stop-reason',
    'message_start says why the message stopped.',
    'C05',
    (events) => void (startOf(events)['stop_reason'] = 'end_turn'),
  ],
  ['start-without-usage', 'message_start counts nothing.', 'C08', (events) => void delete startOf(events)['usage']],
  [
    'start-counts-other-input',
    'message_start counts another input than message_delta.',
    'C09',
    (events) => void (record(startOf(events)['usage'])['input_tokens'] = 1),
  ],
  [
    'start-late',
    'message_start comes behind the first block.',
    'C13',
    (events) => {
      const [first, second, ...rest] = events
      return first && second ? [second, first, ...rest] : events
    },
  ],
  ['delta-twice', 'A stream has two ends.', 'C05', twice('message_delta')],
  ['delta-missing', 'A stream has no message_delta.', 'C04', without('message_delta')],
  [
    'delta-before-blocks',
    'message_delta comes before the blocks.',
    'C13',
    (events) => {
      const end = events.find(({ type }) => type === 'message_delta')
      const rest = events.filter((event) => event !== end)
      return end ? [rest[0]!, end, ...rest.slice(1)] : events
    },
  ],
  ['delta-without-usage', 'message_delta counts nothing.', 'C08', (events) => void delete endOf(events)['usage']],
  [
    'delta-counts-as-text',
    'message_delta counts in texts.',
    'C09',
    (events) => {
      const counts = record(endOf(events)['usage'])
      counts['output_tokens'] = String(counts['output_tokens'])
    },
  ],
  [
    'delta-counts-input-zero',
    'message_delta counts no input.',
    'C09',
    (events) => void (record(endOf(events)['usage'])['input_tokens'] = 0),
  ],
  [
    'delta-bare',
    'stop_reason stands beside delta instead of in it.',
    'C04',
    (events) => {
      const end = endOf(events)
      end['stop_reason'] = record(end['delta'])['stop_reason']
      end['delta'] = {}
    },
  ],
  [
    'stop-end-turn',
    'A streamed call ends with end_turn.',
    'C45',
    (events) => {
      if (opened('tool_use')(events).length > 0) record(endOf(events)['delta'])['stop_reason'] = 'end_turn'
    },
  ],
  [
    'stop-tool-use-beside-text',
    'A streamed text ends with tool_use.',
    'C46',
    (events) => {
      if (opened('tool_use')(events).length === 0) record(endOf(events)['delta'])['stop_reason'] = 'tool_use'
    },
  ],
  [
    'stop-tool-calls',
    'A stream ends with tool_calls.',
    'C05',
    (events) => void (record(endOf(events)['delta'])['stop_reason'] = 'tool_calls'),
  ],
  [
    'cut-says-end-turn',
    'A stream that was cut says end_turn.',
    'C47',
    (events) => {
      const delta = record(endOf(events)['delta'])
      if (delta['stop_reason'] === 'max_tokens') delta['stop_reason'] = 'end_turn'
    },
  ],
  ['stop-twice', 'A stream stops twice.', 'C05', twice('message_stop')],
  ['more-behind-stop', 'A delta comes behind message_stop.', 'C05', (events) => [...events, structuredClone(events[2] ?? events[0]!)]],
  ['block-not-opened', 'Blocks of a stream are not opened.', 'C13', without('content_block_start')],
  ['block-opened-twice', 'Blocks of a stream are opened twice.', 'C13', twice('content_block_start')],
  [
    'blocks-nested',
    'A block is stopped behind the next.',
    'C13',
    (events) => {
      const at = events.findIndex(({ type }) => type === 'content_block_stop')
      const [stop] = events.splice(at, 1)
      const last = events.findLastIndex(({ type }) => type === 'content_block_stop' || type === 'content_block_delta')
      if (stop) events.splice(last + 1, 0, stop)
      return last + 1 === at ? events.toReversed().toReversed() : events
    },
  ],
  ['index-from-1', 'Blocks are numbered from 1.', 'C12', indexed((index) => index + 1)],
  ['index-as-text', 'Blocks are numbered in texts.', 'C11', indexed(String)],
  ['index-missing', 'Blocks are not numbered.', 'C11', (events) => events.forEach(({ data }) => delete data['index'])],
  ['index-null', 'The numbers of blocks are null.', 'C11', indexed(() => null)],
  [
    'stop-of-other-block',
    'The stop of a block names another.',
    'C12',
    each((events) => ofType(events, 'content_block_stop'), set('index', 9)),
  ],
  ['text-opened-filled', 'A text block is opened with text.', 'C24', each(opened('text'), set('text', 'Hello'))],
  ['text-opened-null', 'A text block is opened with null.', 'C51', each(opened('text'), set('text', null))],
  ['call-opened-nameless', 'A call is opened without name.', 'C20', each(opened('tool_use'), drop('name'))],
  ['call-opened-without-input', 'A call is opened without input.', 'C26', each(opened('tool_use'), drop('input'))],
  ['call-opened-with-text', 'A call is opened with an input that is a text.', 'C28', each(opened('tool_use'), set('input', ''))],
  ['call-ids-equal', 'All calls of a stream share one id.', 'C15', each(opened('tool_use'), set('id', 'toolu_1'))],
  ['call-opened-as-text', 'A call is opened as a text.', 'C18', each(opened('tool_use'), set('type', 'text'))],
  ['call-of-other-type', 'A call is opened as function_call.', 'C18', each(opened('tool_use'), set('type', 'function_call'))],
  [
    'input-deltas-grow',
    'Deltas of an input repeat all that was sent.',
    'C07',
    (events) => {
      let all = ''
      for (const delta of deltasOf(JSON_DELTA)(events)) {
        all += word(delta['partial_json'])
        delta['partial_json'] = all
      }
    },
  ],
  [
    'input-deltas-swapped',
    'Two deltas of an input come in the wrong order.',
    'C13',
    (events) => {
      const own = events.flatMap((event, index) => (isDelta(JSON_DELTA)(event) ? [index] : []))
      const [a, b] = own
      if (a !== undefined && b !== undefined) {
        const first = events[a]!
        events[a] = events[b]!
        events[b] = first
      }
    },
  ],
  ['input-delta-null', 'Deltas of an input are null.', 'C25', each(deltasOf(JSON_DELTA), set('partial_json', null))],
  [
    'input-delta-parsed',
    'The delta of an input is an object.',
    'C28',
    each(deltasOf(JSON_DELTA), (delta) => void (delta['partial_json'] = attempt(word(delta['partial_json'])) ?? {})),
  ],
  [
    'input-delta-other-key',
    'Deltas of an input stand under another key.',
    'C25',
    each(deltasOf(JSON_DELTA), (delta) => {
      delta['input'] = delta['partial_json']
      delete delta['partial_json']
    }),
  ],
  ['input-delta-untyped', 'Deltas have no type.', 'C13', each(deltasOf(JSON_DELTA), drop('type'))],
  [
    'input-begin-lost',
    'The first delta of an input is lost.',
    'C25',
    (events) => {
      const first = events.find(isDelta(JSON_DELTA))
      return events.filter((event) => event !== first)
    },
  ],
  [
    'input-end-lost',
    'The last delta of an input is lost.',
    'C23',
    (events) => {
      const last = events.findLast(isDelta(JSON_DELTA))
      return events.filter((event) => event !== last)
    },
  ],
  ['input-missing', 'The input of a streamed call never comes.', 'C26', (events) => events.filter((event) => !isDelta(JSON_DELTA)(event))],
  [
    'input-twice',
    'The whole input comes again.',
    'C24',
    (events) => {
      const all = deltasOf(JSON_DELTA)(events)
        .map((delta) => word(delta['partial_json']))
        .join('')
      const last = events.findLast(isDelta(JSON_DELTA))
      return events.flatMap((event) =>
        event === last ? [event, { type: event.type, data: { ...event.data, delta: { type: JSON_DELTA, partial_json: all } } }] : [event],
      )
    },
  ],
  [
    'input-encoded-twice',
    'The input of a streamed call is encoded twice.',
    'C30',
    (events) => {
      const own = deltasOf(JSON_DELTA)(events)
      const all = own.map((delta) => word(delta['partial_json'])).join('')
      own.forEach((delta, index) => (delta['partial_json'] = index === 0 ? JSON.stringify(all) : ''))
    },
  ],
  ['text-delta-lost', 'A block of text loses all its deltas.', 'C51', (events) => events.filter((event) => !isDelta('text_delta')(event))],
  ['text-delta-null', 'Deltas of a text are null.', 'C51', each(deltasOf('text_delta'), set('text', null))],
  [
    'text-delta-as-content',
    'Deltas of a text stand under content.',
    'C51',
    each(deltasOf('text_delta'), (delta) => {
      delta['content'] = delta['text']
      delete delta['text']
    }),
  ],
  [
    'text-delta-of-thinking',
    'Deltas of a text are of the kind of thinking.',
    'C53',
    each(
      deltasOf('text_delta'),
      (delta) => void Object.assign(delta, { type: 'thinking_delta', thinking: delta['text'], text: undefined }),
    ),
  ],
  [
    'delta-in-wrong-block',
    'A delta in the middle names another block.',
    'C12',
    (events) => {
      const event = middle(events, JSON_DELTA)
      if (event) event.data['index'] = 5
    },
  ],
  [
    'types-of-other-api',
    'Blocks are opened by events of another API.',
    'C13',
    retyped('content_block_start', 'response.output_item.added'),
  ],
  ['delta-type-misspelt', 'Deltas of blocks have a type that does not exist.', 'C13', retyped('content_block_delta', 'content_delta')],
  ['stop-type-misspelt', 'A stream ends with message_end.', 'C01', retyped('message_stop', 'message_end')],
  [
    'second-call-merged',
    'The second call is streamed into the first.',
    'C39',
    (events) => {
      const starts = events.filter(
        ({ type, data }) => type === 'content_block_start' && record(data['content_block'])['type'] === 'tool_use',
      )
      const second = starts[1]
      if (!second) return
      const index = Number(second.data['index'])
      return events
        .filter((event) => event !== second && !(event.type === 'content_block_stop' && event.data['index'] === index - 1))
        .map((event) => (event.data['index'] === index ? { ...event, data: { ...event.data, index: index - 1 } } : event))
    },
  ],
]

/** Faults in the shape of what /v1/messages sends. */
export const messageShapes: Fault[] = [
  ...plain.map(([id, what, kind, of, change]): Fault => ({
    id: `message-plain-${id}`,
    what,
    class: kind,
    trigger: everything('message'),
    message: (body) => of(body).forEach(change),
  })),
  ...streamed.map(([id, what, kind, change]): Fault => ({
    id: `message-stream-${id}`,
    what,
    class: kind,
    trigger: everything('message'),
    messageEvents: change,
  })),
]
