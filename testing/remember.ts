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
  const first = before.find((one) => headOf(one) === headOf(exchange) && areSame(one.chunks, exchange.chunks)) ?? exchange
  if (first !== before[0]) kept.set(exchange.id, [first, ...before.filter((one) => one !== first)].slice(0, MOST))
  return first
}

const heads = new WeakMap<Exchange, string>()

/** All of an exchange but its bytes, as text. */
function headOf(exchange: Exchange): string {
  const { chunks: _, ...rest } = exchange
  const head = heads.get(exchange) ?? JSON.stringify(rest)
  heads.set(exchange, head)
  return head
}

/**
 * Reads and judges as the reader of any run does, but an answer that is the same as an earlier one, byte for byte and in its times, is read
 * and judged once. Of a run against a fault that is most.
 */
export function rememberingReader(): Reader {
  const answers = new WeakMap<Exchange, Map<string, Promise<View>>>()
  const judged = oncePerView(() => new Map<ExchangeRule, { readonly context: string; readonly breaches: readonly Breach[] | undefined }>())

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
      const spelt = spell(context)
      if (before?.context === spelt) return before.breaches
      const breaches = freshReader.judge(rule, view, context)
      of.set(rule, { context: spelt, breaches })
      return breaches
    },
  }
}

const contexts = new WeakMap<RuleContext, string>()

/** A context as text: equal ones make a rule say the same. */
function spell(context: RuleContext): string {
  const text = contexts.get(context) ?? JSON.stringify([context.profile.id, context.contextLength, context.models])
  contexts.set(context, text)
  return text
}

const areSame = (some: Exchange['chunks'], others: Exchange['chunks']): boolean =>
  some.length === others.length &&
  some.every(({ at, bytes }, index) => at === others[index]?.at && Buffer.compare(bytes, others[index].bytes) === 0)
