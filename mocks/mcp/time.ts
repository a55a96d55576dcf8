import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

const zone = z.string().describe("IANA time zone, for example 'Europe/Berlin'")

/** The time server of the article: the tools get_current_time and convert_time. */
export function timeServer(now: () => Date = () => new Date()): McpServer {
  const server = new McpServer({ name: 'time', version: '1.0.0' })
  const annotations = { readOnlyHint: true }
  server.registerTool(
    'get_current_time',
    { description: 'Get the current time in a time zone', inputSchema: z.object({ timezone: zone }), annotations },
    ({ timezone }) => told(moment(now(), timezone)),
  )
  server.registerTool(
    'convert_time',
    {
      description: 'Convert a time of today between time zones',
      inputSchema: z.object({
        source_timezone: zone,
        time: z
          .string()
          .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
          .describe('Time to convert, HH:MM'),
        target_timezone: zone,
      }),
      annotations,
    },
    ({ source_timezone, time, target_timezone }) => {
      const today = moment(now(), source_timezone).datetime.slice(0, 10)
      const guess = new Date(`${today}T${time}:00Z`)
      const at = new Date(guess.getTime() - offsetOf(guess, source_timezone) * 60_000)
      return told({ source: moment(at, source_timezone), target: moment(at, target_timezone) })
    },
  )
  return server
}

const told = (value: object): { content: [{ type: 'text'; text: string }] } => ({
  content: [{ type: 'text', text: JSON.stringify(value) }],
})

/** Minutes east of Greenwich. Throws a RangeError for an unknown zone, which the SDK answers as a result with isError. */
function offsetOf(at: Date, timeZone: string): number {
  const name = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at)
  const [, sign = '+', hours = 0, minutes = 0] =
    /GMT([+-])(\d+):(\d+)/.exec(name.find(({ type }) => type === 'timeZoneName')?.value ?? '') ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

function moment(at: Date, timezone: string): { timezone: string; datetime: string; day_of_week: string } {
  const minutes = offsetOf(at, timezone)
  const local = new Date(at.getTime() + minutes * 60_000)
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => String(part).padStart(2, '0'))
  return {
    timezone,
    datetime: `${local.toISOString().slice(0, 19)}${minutes < 0 ? '-' : '+'}${hours}:${rest}`,
    day_of_week: new Intl.DateTimeFormat('en', { timeZone: 'UTC', weekday: 'long' }).format(local),
  }
}
