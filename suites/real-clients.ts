import { packageOf, realClients, runnable, scenario, shown, type Ran } from '../fixtures/scenario.ts'

/** Holds when the secret that the tool gave stands in what the client answered. */
const handedBack = ({ output, said, secret, trouble }: Ran) => {
  if (output.includes(secret) && trouble === undefined) return undefined
  if (trouble?.includes('cannot be installed') === true) return { blocked: trouble }
  const last = said.trim().split('\n').slice(-12).join('\n')
  return {
    where: 'answer of the client',
    got: `${trouble === undefined ? '' : `${trouble}: `}${shown((trouble === undefined ? output : `${output}\n${last}`).slice(-600))}`,
    wanted: 'the secret that its tool handed out',
  }
}

export default scenario('Real clients', ({ client }) => {
  for (const name of runnable)
    client(
      `real-clients.${name}`,
      // A model may answer without its tool, so no server is to blame for sure.
      `SHOULD let ${realClients[name].title} (${packageOf(name)}) call its tool and answer with what the tool gave`,
      `https://www.npmjs.com/package/${packageOf(name).split(' ')[0]}`,
      name,
      handedBack,
    )
})
