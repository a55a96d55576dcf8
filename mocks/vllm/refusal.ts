import { isObject, repr } from './json.ts'
import type { MockProfile } from './profiles.ts'
import type { Refusal } from './wire.ts'

/** Carries a refusal out of a reader; `reading` turns it into a value. No Error: nobody reads its stack, which takes long to make. */
export class Refused {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    this.refusal = refusal
  }
}

/** A request error outside of body validation: status 400 unless told. */
export function refuse(message: string, param: string | null = null, status = 400, type = 'BadRequestError', code?: string | null): never {
  throw new Refused({ status, message, type, param, ...(code === undefined ? {} : { code }) })
}

type Place = readonly (string | number)[]

/** A body error as pydantic words it, in the envelope of the release. `named` = raised with a parameter name. */
export function invalid(
  profile: MockProfile,
  kind: string,
  at: Place,
  text: string,
  input: unknown,
  named?: string,
  context?: string,
): never {
  const { errors } = profile
  const loc = ['body', ...at]
  const dotted = loc.join('.')
  const path = errors.aliases ? repr(dotted) : `(${loc.map((part) => repr(part)).join(', ')}${loc.length === 1 ? ',' : ''})`
  const shown = errors.aliases ? summary(input) : repr(input)
  const ctx = context === undefined ? '' : `, 'ctx': {'error': ${context}}`
  const detail = `{'type': '${kind}', 'loc': ${path}, 'msg': ${repr(text)}, 'input': ${shown}${ctx}}`
  const message = errors.object ? `[${detail}]` : `1 validation error:\n  ${detail}`
  const param = errors.params ? (named ?? dotted) : null
  throw new Refused({ status: 400, message, type: errors.type, param })
}

function summary(input: unknown): string {
  if (Array.isArray(input)) return `'<list of ${input.length} items>'`
  return isObject(input) ? `'<dict of ${Object.keys(input).length} items>'` : repr(input)
}

/** A breach of a rule over several fields. `named` = the field that the newer releases name. */
export function broken(profile: MockProfile, text: string, body: unknown, named?: string): never {
  const suffix = profile.errors.params && named !== undefined ? ` (parameter=${named})` : ''
  if (!profile.errors.wrapped) {
    throw new Refused({ status: 400, message: `${text}${suffix}`, type: 'BadRequestError', param: named ?? null })
  }
  const raised = profile.errors.params && named !== undefined ? 'VLLMValidationError' : 'ValueError'
  return invalid(profile, 'value_error', [], `Value error, ${text}${suffix}`, body, named, `${raised}(${repr(text)})`)
}

/** Runs a reader of requests; its refusal comes back as a value. */
export function reading<T>(read: () => T): T | Refusal {
  try {
    return read()
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}

/** Whether something thrown is a refusal. */
export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'message' in value && 'param' in value
}

const kinds: Readonly<Record<string, readonly [test: (value: unknown) => boolean, type: string, text: string]>> = {
  number: [(value) => typeof value === 'number', 'float_type', 'Input should be a valid number'],
  integer: [(value) => Number.isInteger(value), 'int_type', 'Input should be a valid integer'],
  boolean: [(value) => typeof value === 'boolean', 'bool_type', 'Input should be a valid boolean'],
  list: [(value) => Array.isArray(value), 'list_type', 'Input should be a valid list'],
  object: [(value) => isObject(value), 'dict_type', 'Input should be a valid dictionary'],
  string: [(value) => typeof value === 'string', 'string_type', 'Input should be a valid string'],
}

/** Refuses a value that is not of its kind, as pydantic does. */
export function expect(profile: MockProfile, kind: string, at: Place, value: unknown): void {
  const [test, type, text] = kinds[kind]!
  if (!test(value)) invalid(profile, type, at, text, value)
}
