import { stringify } from 'yaml'
import type { Values } from './values.ts'

/** A piece of an object, as it is sent to Kubernetes, with slots for values. */
export type Node = string | number | boolean | readonly Item[] | AsJson | { readonly [key: string]: Node }

/** An element of a list. */
export type Item = Node | Optional

/** An element of a list that is there only with a value, or only without it. */
class Optional {
  readonly value: keyof Values
  readonly wanted: boolean
  readonly node: Node
  constructor(value: keyof Values, wanted: boolean, node: Node) {
    this.value = value
    this.wanted = wanted
    this.node = node
  }
}

/** An object that another one holds as text in JSON. */
class AsJson {
  readonly name: string
  readonly node: Node
  constructor(name: string, node: Node) {
    this.name = name
    this.node = node
  }
}

/** A file of the installation: one or more objects, and the value without which it is not there. */
export interface Manifest {
  /** Name of its file, without an ending. */
  readonly file: string
  readonly when?: keyof Values
  readonly unless?: keyof Values
  readonly objects: readonly Node[]
}

/** Where a value stands: alone, or inside a text. `release` counts installations and upgrades. */
export const slot = (name: keyof Values | 'release'): string => `__VALUE_${name}__`
/** A number as text, for an environment variable. */
export const textSlot = (name: keyof Values): string => `__TEXT_${name}__`
/** A number that is larger than a value. */
export const slotPlus = (name: keyof Values, more: number): string => `__PLUS${more}_${name}__`
export const when = (value: keyof Values, node: Node): Optional => new Optional(value, true, node)
export const unless = (value: keyof Values, node: Node): Optional => new Optional(value, false, node)
/** `name` is that of the template in which the chart keeps it. */
export const asJson = (name: string, node: Node): AsJson => new AsJson(name, node)

const SLOT = /^__(VALUE|TEXT|PLUS\d+)_(\w+?)__$/
const SLOT_IN_TEXT = /__VALUE_(\w+?)__/g

/** The objects with every value in its slot. */
export const filled = (manifests: readonly Manifest[], values: Values): readonly object[] =>
  manifests
    .filter((one) => (one.when === undefined || truthy(values[one.when])) && (one.unless === undefined || !truthy(values[one.unless])))
    .flatMap(({ objects }) => objects.map((node) => fill(node, values) as object))

/** As templates of Helm see a value. */
const truthy = (value: unknown): boolean => Boolean(value)

function fill(node: Node, values: Values): unknown {
  const valueOf = (name: string): unknown => (name === 'release' ? 1 : values[name as keyof Values])
  if (typeof node === 'string') {
    const [, form = '', name = ''] = SLOT.exec(node) ?? []
    if (form === 'VALUE') return valueOf(name)
    if (form === 'TEXT') return String(valueOf(name))
    if (form !== '') return Number(valueOf(name)) + Number(form.slice('PLUS'.length))
    return node.replace(SLOT_IN_TEXT, (_all, inner: string) => String(valueOf(inner)))
  }
  if (typeof node !== 'object') return node
  if (node instanceof AsJson) return JSON.stringify(fill(node.node, values))
  if (isList(node))
    return node.flatMap((one) => {
      if (!(one instanceof Optional)) return [fill(one, values)]
      return truthy(values[one.value]) === one.wanted ? [fill(one.node, values)] : []
    })
  return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, fill(inner, values)]))
}

const isList = (node: Node): node is readonly Item[] => Array.isArray(node)

/** Helm's templates of the objects: the name of each file to its text. */
export function templates(manifests: readonly Manifest[]): Readonly<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const { file, when: wanted, unless: unwanted, objects } of manifests) {
    const text = objects.map((node) => templateOf(node, files)).join('---\n')
    const condition = wanted === undefined ? (unwanted === undefined ? undefined : `not ${reference(unwanted)}`) : reference(wanted)
    files[`${file}.yaml`] = condition === undefined ? text : `{{- if ${condition} }}\n${text}{{- end }}\n`
  }
  return files
}

const reference = (name: string): string =>
  name === 'namespace' ? '.Release.Namespace' : name === 'release' ? '.Release.Revision' : `.Values.${name}`

/** The text of one object; what it holds as JSON becomes a file of its own in `files`. */
function templateOf(node: Node, files: Record<string, string>): string {
  return stringify(marked(node, files), { lineWidth: 0, aliasDuplicateObjects: false })
    .replaceAll(/^ *- __IF_(\w+?)__$/gm, (_all, name: string) => `{{- if ${reference(name)} }}`)
    .replaceAll(/^ *- __UNLESS_(\w+?)__$/gm, (_all, name: string) => `{{- if not ${reference(name)} }}`)
    .replaceAll(/^ *- __END__$/gm, '{{- end }}')
    .replaceAll(/(?<=[:-] )__VALUE_(\w+?)__$/gm, (_all, name: string) => `{{ ${reference(name)} | toJson }}`)
    .replaceAll(/__TEXT_(\w+?)__$/gm, (_all, name: string) => `{{ ${reference(name)} | toString | toJson }}`)
    .replaceAll(/__PLUS(\d+)_(\w+?)__$/gm, (_all, more: string, name: string) => `{{ add (int ${reference(name)}) ${more} }}`)
    .replaceAll(/__JSON_([\w-]+?)__$/gm, (_all, name: string) => `{{ include "${name}" . | fromYaml | toJson | toJson }}`)
    .replaceAll(SLOT_IN_TEXT, (_all, name: string) => `{{ ${reference(name)} }}`)
}

/** With elements of lists in place of conditions, which `templateOf` finds by their line. */
function marked(node: Node, files: Record<string, string>): unknown {
  if (typeof node !== 'object') return node
  if (node instanceof AsJson) {
    files[`_${node.name}.tpl`] = `{{- define "${node.name}" -}}\n${templateOf(node.node, files)}{{- end }}\n`
    return `__JSON_${node.name}__`
  }
  if (isList(node))
    return node.flatMap((one) =>
      one instanceof Optional
        ? [`__${one.wanted ? 'IF' : 'UNLESS'}_${one.value}__`, marked(one.node, files), '__END__']
        : [marked(one, files)],
    )
  return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, marked(inner, files)]))
}
