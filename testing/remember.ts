import type { Breach, ExchangeRule, RuleContext } from '../fixtures/contract/rule.ts'
import { oncePerView, type View } from '../fixtures/contract/view.ts'
import type { Exchange } from '../fixtures/exchange/exchange.ts'
import { freshReader, type Reader } from '../fixtures/run/reader.ts'

/** Answers to one question that are kept, those that came again last: more would be garbage that is never thrown away. */
const MOST = 6

const kept = new Map<string, readonly Exchange[]>()

/** An earlier exchange of this process that is the same, byte for byte and in its times, or this one: what was worked out of the earlier one is there. */
export function rememberedExchange(exchange: Exchange): Exchange {
  const before = kept.get(exchange.id) ?? []
  const first = before.find((one) => isSame(one, exchange)) ?? exchange
  if (first !== before[0]) kept.set(exchange.id, [first, ...before.filter((one) => one !== first)].slice(0, MOST))
  return first
}

const isSame = (one: Exchange, other: Exchange): boolean =>
  one.request.body === other.request.body && headOf(one) === headOf(other) && areSame(one.chunks, other.chunks)

const heads = new WeakMap<Exchange, string>()

/** All of an exchange but the bodies, as text. */
function headOf(exchange: Exchange): string {
  const known = heads.get(exchange)
  if (known !== undefined) return known
  const { chunks: _, request, ...rest } = exchange
  const head = JSON.stringify([rest, { ...request, body: undefined }])
  heads.set(exchange, head)
  return head
}

/**
 * Reads and judges as the reader of any run does, but an answer that is the same as an earlier one, byte for byte and in its times, is read
 * and judged once. Of a run against a fault that is most.
 */
export function rememberingReader(): Reader {
  const answers = new WeakMap<Exchange, Map<string, Promise<View>>>()
  const judged = oncePerView(() => new Map<ExchangeRule, { readonly context: object; readonly breaches: readonly Breach[] | undefined }>())

  return {
    read(exchange, intent, request) {
      const first = rememberedExchange(exchange)
      const views = answers.get(first) ?? new Map<string, Promise<View>>()
      answers.set(first, views)
      const what = JSON.stringify(intent)
      const view = views.get(what) ?? freshReader.read(exchange, intent, request)
      views.set(what, view)
      return view
    },
    judge(rule, view, context) {
      const of = judged(view)
      const before = of.get(rule)
      const same = sameAs(context)
      if (before?.context === same) return before.breaches
      const breaches = freshReader.judge(rule, view, context)
      of.set(rule, { context: same, breaches })
      return breaches
    },
  }
}

const contexts = new WeakMap<RuleContext, object>()
const bySpelling = new Map<string, object>()

/** What stands for a context, and for all that are equal to it: they make a rule say the same. */
function sameAs(context: RuleContext): object {
  const known = contexts.get(context)
  if (known !== undefined) return known
  const spelling = JSON.stringify([context.profile.id, context.contextLength, context.models])
  const found = bySpelling.get(spelling) ?? {}
  bySpelling.set(spelling, found)
  contexts.set(context, found)
  return found
}

const areSame = (some: Exchange['chunks'], others: Exchange['chunks']): boolean =>
  some.length === others.length &&
  some.every(({ at, bytes }, index) => at === others[index]?.at && Buffer.compare(bytes, others[index].bytes) === 0)
