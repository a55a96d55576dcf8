import { causeCatalogue } from '../fixtures/cause-catalogue.ts'
import { idOf, type Wording } from '../fixtures/causes.ts'
import { situations } from '../mocks/kubernetes/situations.ts'
import { mcpFaults } from '../mocks/mcp/faults.ts'
import { recordedDefects } from '../mocks/recordings/defects.ts'
import { addresses, brokenConnections, loopbackFamilies, neverReady, notYetReady } from '../testing/situations/address.ts'
import { between } from '../testing/situations/between.ts'
import { containers, engines } from '../testing/situations/container.ts'
import { engineSituations } from '../testing/situations/engine.ts'
import { exchangesOfRuns } from '../testing/situations/exchanges.ts'
import { mcpPlaces } from '../testing/situations/mcp.ts'
import { wholeRuns } from '../testing/situations/whole-run.ts'
import { table } from './markdown.ts'

/** Situations in which a cause must be named: tables, each run row by row by one test. */
interface Proof {
  /** The file of the table. */
  readonly table: string
  /** The test that runs it. */
  readonly test: string
  readonly rows: readonly { readonly what: string; readonly cause: string | undefined }[]
}

const proofs: readonly Proof[] = [
  {
    table: 'mocks/kubernetes/situations',
    test: 'fixtures/target/workspace.test.ts',
    rows: situations.map(({ name, cause }) => ({ what: name, cause })),
  },
  {
    table: 'testing/situations/address.ts',
    test: 'fixtures/target/address.test.ts',
    rows: [
      ...[...addresses, ...loopbackFamilies].map(([what, cause]) => ({ what, cause })),
      ...brokenConnections.map(([url, code, cause]) => ({ what: `${url}: ${code}`, cause })),
    ],
  },
  {
    table: 'testing/situations/address.ts',
    test: 'fixtures/target/readiness.test.ts',
    rows: [...neverReady, ...notYetReady].map(([cause, sentence]) => ({ what: sentence, cause })),
  },
  {
    table: 'testing/situations/whole-run.ts',
    test: 'fixtures/cause/whole-run.test.ts',
    rows: wholeRuns.map(([what, cause]) => ({ what, cause })),
  },
  {
    table: 'testing/situations/exchanges.ts',
    test: 'fixtures/cause/exchanges.test.ts',
    rows: exchangesOfRuns.map(([cause, sentence]) => ({ what: sentence, cause })),
  },
  {
    table: 'testing/situations/engine.ts',
    test: 'fixtures/cause/engine.test.ts',
    rows: engineSituations.map(({ profile, parser, cause }) => ({ what: `vLLM ${profile}, parser ${parser}`, cause })),
  },
  {
    table: 'mocks/recordings/defects.ts',
    test: 'proof/recorded.test.ts',
    rows: recordedDefects.map(({ of, proof: { version, parser, case: name } }) => ({
      what: `the recording of vLLM ${version}, parser ${parser}, \`${name}\``,
      cause: of,
    })),
  },
  {
    table: 'testing/situations/container.ts',
    test: 'fixtures/cause/container.test.ts',
    rows: containers.map(([what, , , , expected]) => ({ what, cause: expected?.id })),
  },
  {
    table: 'testing/situations/container.ts',
    test: 'fixtures/target/image.test.ts',
    rows: engines.map(({ what, cause }) => ({ what, cause })),
  },
  {
    table: 'testing/situations/between.ts',
    test: 'run/both-ways.test.ts',
    rows: between.map(([what, { cause }]) => ({ what, cause })),
  },
  { table: 'mocks/mcp/faults.ts', test: 'mocks/mcp/faults.test.ts', rows: mcpFaults.map(({ what, cause }) => ({ what, cause })) },
  {
    table: 'testing/situations/mcp.ts',
    test: 'mocks/mcp/faults.test.ts',
    rows: mcpPlaces.map(({ what, cause }) => ({ what, cause })),
  },
]

/** A cause with all its wordings, and the situations in which it must be named. */
interface Documented {
  readonly id: string
  readonly wordings: readonly Wording[]
  readonly situations: readonly { readonly what: string; readonly table: string }[]
}

/** Every cause that the suite can name. */
export function documentedCauses(): readonly Documented[] {
  const all = causeCatalogue.flatMap((wordings) => Object.entries(wordings).map(([key, wording]) => ({ id: idOf(key), wording })))
  return [...Map.groupBy(all, ({ id }) => id)].map(([id, found]) => ({
    id,
    wordings: found.map(({ wording }) => wording),
    situations: proofs.flatMap((proof) => proof.rows.flatMap(({ what, cause }) => (cause === id ? [{ what, table: proof.table }] : []))),
  }))
}

/** More situations than this are counted. */
const MOST = 3

/** The first situations, each table named once. */
function provenBy({ situations: found }: Documented): string {
  const byTable = [...Map.groupBy(found.slice(0, MOST), ({ table: file }) => file)].map(
    ([file, some]) => `${some.map(({ what }) => what).join('; ')} ([${file.replace(/^.*\//, '')}](../${file}))`,
  )
  return [...byTable, ...(found.length > MOST ? [`${found.length - MOST} more`] : [])].join('; ')
}

const distinct = (texts: readonly string[]): string => [...new Set(texts)].join(' · ')

/** docs/causes.md, without the mark of a generated document: every cause, what it says, and what proves it. */
export function causesText(): string {
  const layers = Map.groupBy(documentedCauses(), ({ wordings }) => wordings[0]?.layer ?? '')
  return [
    '# Causes',
    `What a failed or blocked run can name as its one cause: ${documentedCauses().length} causes, by the layer in which they lie. In braces stands what a run fills in, \`{configuration}\` being the ConfigMap that sets a parser and \`{flags}\` the flags that do so; a point (·) separates the wordings of one cause. Each is proven by situations in which it must be named. They are rows of tables, which tests run:`,
    proofs
      .map(({ table: file, test, rows }) => {
        const count = rows.filter(({ cause }) => cause !== undefined).length
        return `- ${count} of [${file}](../${file}) by [${test}](../${test})`
      })
      .join('\n'),
    ...[...layers].flatMap(([layer, causes]) => [
      `## ${layer}`,
      table(
        ['cause', 'what it says', 'remedy', 'proven by'],
        causes.map((cause) => [
          [`\`${cause.id}\``, ...[...new Set(cause.wordings.map((wording) => wording.layer))].slice(1)].join(', also '),
          distinct(cause.wordings.map(({ sentence }) => sentence)),
          distinct(
            cause.wordings.flatMap(({ remedy, elsewhere }: Wording) =>
              elsewhere === undefined ? [remedy] : [remedy, `(known by its address only: ${elsewhere})`],
            ),
          ),
          provenBy(cause),
        ]),
      ),
    ]),
  ].join('\n\n')
}
