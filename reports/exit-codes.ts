/** What a run ends with; the README says what each means to a person. */
export const EXIT = { conforms: 0, fails: 1, request: 2, blocked: 3, suite: 4 } as const
