import type { Fault } from '../fault.ts'
import { attempt, isObject, list, record, word } from '../json.ts'
import type { NamedEvent } from '../wire.ts'
import { everything } from './apis.ts'
import type { FaultClass } from './classes.ts'

type Item = Record<string, unknown>

const itemsOf = (body: Item): Item[] => list(body['output']).filter(isObject)
const callsOf = (body: Item): Item[] => itemsOf(body).filter(({ type }) => type === 'function_call')
const textsOf = (body: Item): Item[] => itemsOf(body).filter(({ type }) => type === 'message')
const partsOf = (body: Item): Item[] => textsOf(body).flatMap((item) => list(item['content']).filter(isObject))
const ofType = (events: readonly NamedEvent[], type: string): Item[] =>
  events.filter((event) => event.type === type).map(({ data }) => data)
const bodiesOf = (events: readonly NamedEvent[]): Item[] =>
  events.map(({ data }) => record(data['response'])).filter((body) => 'id' in body)
const endOf = (events: readonly NamedEvent[]): Item => record(events.at(-1)?.data['response'])
const added = (events: readonly NamedEvent[]): Item[] => ofType(events, 'response.output_item.added').map((data) => record(data['item']))
const done = (events: readonly NamedEvent[]): Item[] => ofType(events, 'response.output_item.done').map((data) => record(data['item']))
const onlyCalls = (items: readonly Item[]): Item[] => items.filter(({ type }) => type === 'function_call')

const ARGUMENTS = 'response.function_call_arguments'
const TEXT = 'response.output_text'

/** Numbers the events anew, so that nothing else than the change is wrong. */
const renumbered = (events: readonly NamedEvent[]): NamedEvent[] =>
  events.map((event, position) => ({ ...event, data: { ...event.data, sequence_number: position } }))

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

/** What a plain response can have wrong: where, and what becomes of it. */
const plain: readonly Row[] = [
  ['id-null', 'The id of a response is null.', 'C06', self, set('id', null)],
  ['id-number', 'The id of a response is a number.', 'C06', self, set('id', 7)],
  ['object-missing', 'A response does not say what object it is.', 'C06', self, drop('object')],
  ['created-missing', 'A response has no time.', 'C06', self, drop('created_at')],
  [
    'created-in-milliseconds',
    'The time of a response is in milliseconds.',
    'C06',
    self,
    (body) => void (body['created_at'] = Number(body['created_at']) * 1000),
  ],
  ['created-as-text', 'The time of a response is a text.', 'C06', self, set('created_at', '2026-11-28T10:00:00Z')],
  ['model-missing', 'A response names no model.', 'C06', self, drop('model')],
  ['model-is-path', 'A response names the path of the model.', 'C06', self, set('model', '/workspace/weights')],
  ['status-missing', 'A response has no status.', 'C04', self, drop('status')],
  ['status-strange', 'The status of a response is done.', 'C05', self, set('status', 'done')],
  ['status-of-other-api', 'The status of a response is a finish_reason.', 'C05', self, set('status', 'tool_calls')],
  ['status-in-progress', 'A response that has ended is in progress.', 'C05', self, set('status', 'in_progress')],
  ['status-failed', 'A response that has all it should says failed.', 'C05', self, set('status', 'failed')],
  [
    'incomplete-for-nothing',
    'A whole response says incomplete.',
    'C05',
    self,
    (body) => void Object.assign(body, { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
  ],
  [
    'details-beside-completed',
    'A completed response says why it is incomplete.',
    'C05',
    self,
    set('incomplete_details', { reason: 'max_output_tokens' }),
  ],
  ['output-missing', 'A response has no output.', 'C26', self, drop('output')],
  ['output-null', 'The output of a response is null.', 'C26', self, set('output', null)],
  ['output-is-object', 'The output of a response is an object.', 'C10', self, (body) => void (body['output'] = list(body['output'])[0])],
  ['output-empty', 'The output of a response is empty.', 'C26', self, set('output', [])],
  ['output-nested', 'The output of a response is a list of lists.', 'C10', self, (body) => void (body['output'] = [body['output']])],
  [
    'output-reversed',
    'The items of a response stand in another order.',
    'C13',
    self,
    (body) => void (body['output'] = [...list(body['output'])].toReversed().map((item) => ({ ...record(item), id: 'x' }))),
  ],
  [
    'as-completion',
    'A response has the body of a chat completion.',
    'C06',
    self,
    (body) => void Object.assign(body, { object: 'chat.completion', choices: [], output: undefined }),
  ],
  ['tools-not-repeated', 'A response does not repeat the tools.', 'C06', self, set('tools', [{ type: 'function', name: 'other' }])],
  [
    'choice-not-repeated',
    'A response says another tool_choice than was asked.',
    'C06',
    self,
    (body) => void (body['tool_choice'] = body['tool_choice'] === 'auto' ? 'required' : 'auto'),
  ],
  ['temperature-not-repeated', 'A response says another temperature than was asked.', 'C06', self, set('temperature', 0.7)],
  ['limit-not-repeated', 'A response says another limit than was asked.', 'C06', self, set('max_output_tokens', 7)],
  ['error-text', 'A completed response holds an error as text.', 'C60', self, set('error', 'none')],
  ['item-id-missing', 'Items of a response have no id.', 'C14', itemsOf, drop('id')],
  ['item-ids-equal', 'All items of a response have one id.', 'C15', itemsOf, set('id', 'fc_1')],
  ['item-type-missing', 'Items of a response have no type.', 'C18', itemsOf, drop('type')],
  ['item-status-strange', 'Items of a response have a status that does not exist.', 'C05', itemsOf, set('status', 'finished')],
  ['item-incomplete', 'Items of a completed response are incomplete.', 'C05', itemsOf, set('status', 'incomplete')],
  ['message-of-user', 'The message of a response is the user\u2019s.', 'C06', textsOf, set('role', 'user')],
  ['message-without-role', 'The message of a response has no role.', 'C06', textsOf, drop('role')],
  [
    'message-content-text',
    'The content of a message is a text instead of parts.',
    'C06',
    textsOf,
    (item) => void (item['content'] = record(list(item['content'])[0])['text']),
  ],
  ['message-content-empty', 'The content of a message is an empty list.', 'C51', textsOf, set('content', [])],
  ['part-of-other-api', 'The part of a message has the type text.', 'C06', partsOf, set('type', 'text')],
  ['part-as-input', 'The part of a message has the type input_text.', 'C06', partsOf, set('type', 'input_text')],
  ['part-without-text', 'The part of a message has no text.', 'C51', partsOf, drop('text')],
  ['part-text-null', 'The text of a message is null.', 'C51', partsOf, set('text', null)],
  ['part-text-empty', 'The text of a message is empty.', 'C51', partsOf, set('text', '')],
  ['part-without-annotations', 'The part of a message has no list of annotations.', 'C06', partsOf, drop('annotations')],
  ['call-id-empty', 'The call_id of a call is empty.', 'C14', callsOf, set('call_id', '')],
  ['call-id-number', 'The call_id of a call is a number.', 'C14', callsOf, set('call_id', 1)],
  [
    'call-id-is-item-id',
    'A call gives its item id for the id of the call, and the other way round.',
    'C15',
    callsOf,
    (item) => void (item['call_id'] = item['id']),
  ],
  ['name-missing', 'A call has no name.', 'C20', callsOf, drop('name')],
  ['name-null', 'The name of a call is null.', 'C20', callsOf, set('name', null)],
  [
    'name-as-object',
    'The name of a call stands in an object, as in chat completions.',
    'C18',
    callsOf,
    (item) =>
      void Object.assign(item, { function: { name: item['name'], arguments: item['arguments'] }, name: undefined, arguments: undefined }),
  ],
  [
    'name-with-arguments',
    'The name of a call holds its arguments.',
    'C21',
    callsOf,
    (item) => void (item['name'] = `${word(item['name'])}(${word(item['arguments'])})`),
  ],
  ['type-function', 'Calls have the type of chat completions.', 'C18', callsOf, set('type', 'function')],
  ['arguments-missing', 'A call has no arguments.', 'C26', callsOf, drop('arguments')],
  ['arguments-null', 'The arguments of a call are null.', 'C26', callsOf, set('arguments', null)],
  ['arguments-empty', 'The arguments of a call are an empty text.', 'C27', callsOf, set('arguments', '')],
  ['arguments-parsed', 'The arguments of a call are the object itself.', 'C28', callsOf, edit('arguments', attempt)],
  ['arguments-in-list', 'The arguments of a call stand in a list.', 'C31', callsOf, edit('arguments', (text) => `[${text}]`)],
  ['arguments-twice', 'The arguments of a call are sent twice.', 'C24', callsOf, edit('arguments', (text) => text + text)],
  [
    'arguments-encoded-twice',
    'The arguments of a call are encoded twice.',
    'C30',
    callsOf,
    edit('arguments', (text) => JSON.stringify(text)),
  ],
  ['arguments-with-tail', 'The arguments of a call end in markup.', 'C29', callsOf, edit('arguments', (text) => `${text}</tool_call>`)],
  [
    'arguments-with-quotes',
    'The arguments of a call use single quotes.',
    'C31',
    callsOf,
    edit('arguments', (text) => text.replaceAll('"', "'")),
  ],
  ['arguments-cut', 'The arguments of a call lack their end.', 'C23', callsOf, edit('arguments', (text) => text.slice(0, -1))],
  ['arguments-begin-lost', 'The arguments of a call lack their beginning.', 'C25', callsOf, edit('arguments', (text) => text.slice(1))],
  ['usage-undefined', 'A response has no usage at all.', 'C08', self, drop('usage')],
  [
    'usage-of-other-api',
    'The usage of a response has the keys of chat completions.',
    'C09',
    self,
    (body) => void (body['usage'] = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }),
  ],
  [
    'usage-input-zero',
    'A response counts no input.',
    'C09',
    usage,
    (item) => void Object.assign(item, { input_tokens: 0, total_tokens: item['output_tokens'] }),
  ],
  [
    'usage-output-zero',
    'A response counts no output.',
    'C09',
    usage,
    (item) => void Object.assign(item, { output_tokens: 0, total_tokens: item['input_tokens'] }),
  ],
  [
    'usage-negative',
    'A response counts less than nothing.',
    'C09',
    usage,
    (item) => void Object.assign(item, { output_tokens: -1, total_tokens: Number(item['input_tokens']) - 1 }),
  ],
  ['usage-as-text', 'A response counts in texts.', 'C09', usage, (item) => void (item['input_tokens'] = String(item['input_tokens']))],
  ['usage-without-total', 'A response does not count the whole.', 'C09', usage, drop('total_tokens')],
  [
    'usage-cached-above-input',
    'More tokens of a response are cached than there are.',
    'C09',
    usage,
    (item) => void (record(item['input_tokens_details'])['cached_tokens'] = 99_999),
  ],
  [
    'usage-above-limit',
    'A response counts more output than the limit allows.',
    'C09',
    usage,
    (item) => void Object.assign(item, { output_tokens: 99_999, total_tokens: 99_999 + Number(item['input_tokens']) }),
  ],
]

type EventRow = readonly [id: string, what: string, kind: FaultClass, change: (events: NamedEvent[]) => NamedEvent[] | void]

const each =
  (of: (events: readonly NamedEvent[]) => readonly Item[], change: (item: Item) => void): EventRow[3] =>
  (events) => {
    for (const item of of(events)) change(item)
  }
const deltas =
  (kind: string) =>
  (events: readonly NamedEvent[]): Item[] =>
    ofType(events, `${kind}.delta`)
const without =
  (type: string): EventRow[3] =>
  (events) =>
    renumbered(events.filter((event) => event.type !== type))
const twice =
  (type: string): EventRow[3] =>
  (events) =>
    renumbered(events.flatMap((event) => (event.type === type ? [event, structuredClone(event)] : [event])))
/** Without the delta in the middle, with or without the events that repeat the whole. */
const lost =
  (kind: string): EventRow[3] =>
  (events) => {
    const own = events.filter(({ type }) => type === `${kind}.delta`)
    return renumbered(events.filter((event) => event !== own[own.length >> 1]))
  }

/** What the events of a response can have wrong. */
const streamed: readonly EventRow[] = [
  ['created-twice', 'A stream is created twice.', 'C05', twice('response.created')],
  ['in-progress-twice', 'A stream says twice that it is in progress.', 'C05', twice('response.in_progress')],
  ['completed-twice', 'A stream is completed twice.', 'C05', twice('response.completed')],
  [
    'created-as-completed',
    'A stream is created completed.',
    'C05',
    (events) => void (record(events[0]?.data['response'])['status'] = 'completed'),
  ],
  [
    'created-with-usage',
    'A stream is created with usage.',
    'C09',
    (events) => void (record(events[0]?.data['response'])['usage'] = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }),
  ],
  [
    'created-with-output',
    'A stream is created with its output.',
    'C13',
    (events) => void (record(events[0]?.data['response'])['output'] = endOf(events)['output']),
  ],
  ['created-without-response', 'The first event holds no response.', 'C06', (events) => void (events[0]!.data['response'] = null)],
  [
    'renamed-end',
    'A stream ends with response.done.',
    'C01',
    (events) => {
      const last = events.at(-1)!
      last.type = 'response.done'
      last.data['type'] = 'response.done'
    },
  ],
  [
    'failed-end',
    'A stream ends with response.failed.',
    'C03',
    (events) => {
      const last = events.at(-1)!
      last.type = 'response.failed'
      last.data['type'] = 'response.failed'
    },
  ],
  [
    'more-behind-end',
    'A delta comes behind the end of a stream.',
    'C05',
    (events) => renumbered([...events, structuredClone(events[4] ?? events[0]!)]),
  ],
  ['model-changes', 'The model changes within a stream.', 'C06', (events) => void (endOf(events)['model'] = 'other')],
  [
    'created-changes',
    'The time changes within a stream.',
    'C06',
    (events) => void (endOf(events)['created_at'] = Number(endOf(events)['created_at']) + 5),
  ],
  [
    'objects-wrong',
    'The responses of a stream are called chat.completion.chunk.',
    'C06',
    each(bodiesOf, set('object', 'chat.completion.chunk')),
  ],
  [
    'sequence-from-1',
    'The events of a stream are numbered from 1.',
    'C06',
    (events) => events.forEach(({ data }) => (data['sequence_number'] = Number(data['sequence_number']) + 1)),
  ],
  [
    'sequence-missing',
    'The events of a stream have no numbers.',
    'C06',
    (events) => events.forEach(({ data }) => delete data['sequence_number']),
  ],
  [
    'sequence-as-text',
    'The events of a stream are numbered in texts.',
    'C06',
    (events) => events.forEach(({ data }) => (data['sequence_number'] = String(data['sequence_number']))),
  ],
  ['item-not-added', 'Items of a stream are never added.', 'C13', without('response.output_item.added')],
  ['item-added-twice', 'Items of a stream are added twice.', 'C13', twice('response.output_item.added')],
  ['item-done-twice', 'Items of a stream are done twice.', 'C13', twice('response.output_item.done')],
  ['item-added-without-id', 'Items of a stream are added without id.', 'C14', each(added, drop('id'))],
  ['item-added-completed', 'Items of a stream are added completed.', 'C05', each(added, set('status', 'completed'))],
  [
    'call-added-with-arguments',
    'A call is announced with its arguments.',
    'C24',
    (events) => {
      const last = onlyCalls(done(events))
      onlyCalls(added(events)).forEach((item, index) => (item['arguments'] = last[index]?.['arguments']))
    },
  ],
  [
    'call-added-without-call-id',
    'A call is announced without call_id.',
    'C14',
    each((events) => onlyCalls(added(events)), drop('call_id')),
  ],
  ['call-added-nameless', 'A call is announced with an empty name.', 'C20', each((events) => onlyCalls(added(events)), set('name', ''))],
  [
    'call-done-renamed',
    'A call has another name when it is done.',
    'C19',
    each((events) => onlyCalls(done(events)), set('name', 'get_whether')),
  ],
  [
    'call-done-other-id',
    'A call has another call_id when it is done.',
    'C16',
    each((events) => onlyCalls(done(events)), set('call_id', 'call_0')),
  ],
  ['call-done-empty', 'A call is done without arguments.', 'C26', each((events) => onlyCalls(done(events)), set('arguments', ''))],
  [
    'call-done-in-progress',
    'A call is done and still in progress.',
    'C05',
    each((events) => onlyCalls(done(events)), set('status', 'in_progress')),
  ],
  ['call-done-as-message', 'A call is done as a message.', 'C18', each((events) => onlyCalls(done(events)), set('type', 'message'))],
  [
    'call-renamed-at-end',
    'A call has another name at the end.',
    'C19',
    each((events) => callsOf(endOf(events)), set('name', 'get_whether')),
  ],
  [
    'call-cut-at-end',
    'A call lacks the end of its arguments at the end.',
    'C23',
    each(
      (events) => callsOf(endOf(events)),
      edit('arguments', (text) => text.slice(0, -2)),
    ),
  ],
  [
    'arguments-delta-twice',
    'A delta of arguments comes twice.',
    'C24',
    (events) => {
      const own = events.filter(({ type }) => type === `${ARGUMENTS}.delta`)
      const meant = own[own.length >> 1]
      return renumbered(events.flatMap((event) => (event === meant ? [event, structuredClone(event)] : [event])))
    },
  ],
  [
    'arguments-deltas-swapped',
    'Two deltas of arguments come in the wrong order.',
    'C13',
    (events) => {
      const own = events.flatMap(({ type }, index) => (type === `${ARGUMENTS}.delta` ? [index] : []))
      const [a, b] = own
      if (a !== undefined && b !== undefined) {
        const first = events[a]!
        events[a] = events[b]!
        events[b] = first
      }
      return renumbered(events)
    },
  ],
  [
    'arguments-deltas-grow',
    'Deltas of arguments repeat all that was sent.',
    'C07',
    (events) => {
      let all = ''
      for (const data of deltas(ARGUMENTS)(events)) {
        all += word(data['delta'])
        data['delta'] = all
      }
    },
  ],
  ['arguments-delta-null', 'Deltas of arguments are null.', 'C25', each(deltas(ARGUMENTS), set('delta', null))],
  [
    'arguments-delta-object',
    'Deltas of arguments are objects.',
    'C28',
    each(deltas(ARGUMENTS), (data) => void (data['delta'] = { arguments: data['delta'] })),
  ],
  [
    'arguments-delta-other-key',
    'Deltas of arguments stand under another key.',
    'C25',
    each(deltas(ARGUMENTS), (data) => {
      data['arguments'] = data['delta']
      delete data['delta']
    }),
  ],
  ['arguments-delta-without-item', 'Deltas of arguments name no item.', 'C11', each(deltas(ARGUMENTS), drop('item_id'))],
  ['arguments-delta-without-place', 'Deltas of arguments name no place.', 'C11', each(deltas(ARGUMENTS), drop('output_index'))],
  [
    'arguments-place-as-text',
    'Deltas of arguments name their place in a text.',
    'C11',
    each(deltas(ARGUMENTS), (data) => void (data['output_index'] = String(data['output_index']))),
  ],
  ['arguments-not-done', 'The arguments of a stream are never done.', 'C04', without(`${ARGUMENTS}.done`)],
  ['arguments-done-again', 'The arguments of a stream are done twice.', 'C05', twice(`${ARGUMENTS}.done`)],
  [
    'arguments-done-empty',
    'The arguments are empty when they are done.',
    'C26',
    each((events) => ofType(events, `${ARGUMENTS}.done`), set('arguments', '')),
  ],
  [
    'arguments-done-renamed',
    'The end of the arguments names another function.',
    'C19',
    each((events) => ofType(events, `${ARGUMENTS}.done`), set('name', 'get_whether')),
  ],
  [
    'arguments-done-of-other-item',
    'The end of the arguments names another item.',
    'C16',
    each((events) => ofType(events, `${ARGUMENTS}.done`), set('item_id', 'fc_0')),
  ],
  [
    'arguments-as-text-deltas',
    'Arguments come as deltas of a text.',
    'C13',
    (events) => {
      for (const event of events)
        if (event.type === `${ARGUMENTS}.delta`) {
          event.type = `${TEXT}.delta`
          event.data['type'] = `${TEXT}.delta`
        }
    },
  ],
  [
    'arguments-misspelt',
    'Deltas of arguments have a type that does not exist.',
    'C13',
    (events) => {
      for (const event of events)
        if (event.type === `${ARGUMENTS}.delta`) {
          event.type = 'response.function_call.delta'
          event.data['type'] = event.type
        }
    },
  ],
  [
    'places-from-1',
    'The places of items are counted from 1.',
    'C12',
    (events) =>
      events.forEach(({ data }) => {
        if ('output_index' in data) data['output_index'] = Number(data['output_index']) + 1
      }),
  ],
  ['text-delta-lost', 'A delta of a text is lost.', 'C51', lost(TEXT)],
  [
    'text-deltas-grow',
    'Deltas of a text repeat all that was sent.',
    'C07',
    (events) => {
      let all = ''
      for (const data of deltas(TEXT)(events)) {
        all += word(data['delta'])
        data['delta'] = all
      }
    },
  ],
  ['text-delta-null', 'Deltas of a text are null.', 'C51', each(deltas(TEXT), set('delta', null))],
  [
    'text-spaces-lost',
    'Deltas of a text lose their spaces.',
    'C51',
    each(
      deltas(TEXT),
      edit('delta', (text) => text.trim()),
    ),
  ],
  ['text-not-done', 'A text is never done.', 'C04', without(`${TEXT}.done`)],
  [
    'text-done-differs',
    'A text is another when it is done.',
    'C54',
    each(
      (events) => ofType(events, `${TEXT}.done`),
      edit('text', (text) => text.slice(0, -1)),
    ),
  ],
  ['part-not-added', 'The part of a text is never added.', 'C13', without('response.content_part.added')],
  ['part-not-done', 'The part of a text is never done.', 'C04', without('response.content_part.done')],
  [
    'part-done-empty',
    'The part of a text is empty when it is done.',
    'C54',
    each((events) => ofType(events, 'response.content_part.done').map((data) => record(data['part'])), set('text', '')),
  ],
  ['part-place-missing', 'Deltas of a text name no part.', 'C11', each(deltas(TEXT), drop('content_index'))],
  ['part-place-wrong', 'Deltas of a text name another part.', 'C12', each(deltas(TEXT), set('content_index', 1))],
  ['text-of-other-item', 'Deltas of a text name another item.', 'C16', each(deltas(TEXT), set('item_id', 'msg_0'))],
  [
    'message-lost-at-end',
    'The text of a stream is missing at its end.',
    'C54',
    (events) => void (endOf(events)['output'] = itemsOf(endOf(events)).filter(({ type }) => type !== 'message')),
  ],
  [
    'text-differs-at-end',
    'The text of a stream is another at its end.',
    'C54',
    each(
      (events) => partsOf(endOf(events)),
      edit('text', (text) => `${text}!`),
    ),
  ],
  [
    'item-added-at-end',
    'The response at the end holds an item that was not streamed.',
    'C54',
    (events) =>
      void (endOf(events)['output'] = [
        ...itemsOf(endOf(events)),
        {
          id: 'msg_9',
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Hi.', annotations: [], logprobs: null }],
        },
      ]),
  ],
  [
    'calls-swapped-at-end',
    'The calls at the end stand in another order.',
    'C13',
    (events) => void (endOf(events)['output'] = itemsOf(endOf(events)).toReversed()),
  ],
  ['usage-missing-at-end', 'The response at the end has no usage.', 'C08', (events) => void delete endOf(events)['usage']],
  [
    'usage-zero-at-end',
    'The response at the end counts no output.',
    'C09',
    (events) =>
      void Object.assign(record(endOf(events)['usage']), {
        output_tokens: 0,
        total_tokens: record(endOf(events)['usage'])['input_tokens'],
      }),
  ],
  ['status-missing-at-end', 'The response at the end has no status.', 'C04', (events) => void delete endOf(events)['status']],
  [
    'incomplete-at-end',
    'A whole stream ends incomplete.',
    'C05',
    (events) => void Object.assign(endOf(events), { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
  ],
  [
    'cut-stream-says-completed',
    'A stream that was cut says completed.',
    'C47',
    (events) => {
      if (endOf(events)['status'] === 'incomplete') Object.assign(endOf(events), { status: 'completed', incomplete_details: null })
    },
  ],
  [
    'second-item-lost',
    'The second item of a stream is only in the response at the end.',
    'C39',
    (events) => renumbered(events.filter(({ data }) => data['output_index'] !== 1)),
  ],
  [
    'done-marker',
    'A delta of the whole arguments comes again before they are done.',
    'C24',
    (events) => {
      const at = events.findIndex(({ type }) => type === `${ARGUMENTS}.done`)
      const end = events[at]
      if (end)
        events.splice(at, 0, {
          type: `${ARGUMENTS}.delta`,
          data: {
            type: `${ARGUMENTS}.delta`,
            delta: end.data['arguments'],
            item_id: end.data['item_id'],
            output_index: end.data['output_index'],
          },
        })
      return renumbered(events)
    },
  ],
]

/** Faults in the shape of what /v1/responses sends. */
export const responseShapes: Fault[] = [
  ...plain.map(([id, what, kind, of, change]): Fault => ({
    id: `response-plain-${id}`,
    what,
    class: kind,
    trigger: everything('response'),
    response: (body) => of(body).forEach(change),
  })),
  ...streamed.map(([id, what, kind, change]): Fault => ({
    id: `response-stream-${id}`,
    what,
    class: kind,
    trigger: everything('response'),
    responseEvents: change,
  })),
]
