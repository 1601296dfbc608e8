/** Promises of the whole line, of the ledger, the plan, the daemon and the doors: see ../promises.ts. */
export const mainPromises = [
  {
    id: 'ledger.verify-names-the-line',
    text: 'One altered byte in the ledger or its published copy is found, and its line is named.',
  },
  { id: 'ledger.cut-line', text: 'A line that a crash cut is closed by appending; nothing is rewritten.' },
  {
    id: 'ledger.published-anew',
    text: 'A published log that someone altered is kept aside, named, and published anew.',
  },
  { id: 'plan.once', text: 'A task runs once for each content and slot.' },
  { id: 'plan.rename', text: 'A finished task that is only renamed does not run again.' },
  { id: 'plan.invalid-once', text: 'An invalid task gets one message for each content, and is not run.' },
  { id: 'plan.remedy', text: 'A blocked task goes on by itself when its remedy comes.' },
  { id: 'plan.not-built', text: 'A key that this version does not know how to keep blocks the task.' },
  {
    id: 'main.job',
    text: 'A prose task ends right: files, a true result, a log that verifies, an undo to the identical tree.',
  },
  {
    id: 'main.prompt',
    text: 'Instructions reach the model in a fixed order; the ledger holds their hashes, never content or prompts.',
  },
  { id: 'main.verify', text: 'verify names file and line of one altered byte.' },
  {
    id: 'main.same-path',
    text: 'The runbook model goes the same way as any other and sends nothing anywhere.',
  },
  { id: 'main.control-files', text: 'No run can change what steers deskhand or runs on sight.' },
  { id: 'main.nothing-half-done', text: 'A run that fails leaves the folder as it was.' },
  {
    id: 'main.bad-input',
    text: 'Bad input gets one clear message with file, line, rule and example, and loses nothing.',
  },
  { id: 'main.odd-names', text: 'Names of any bytes work.' },
  {
    id: 'doors.one-at-a-time',
    text: 'One program at a time works for a DESKHAND_HOME, and the lock dies with it.',
  },
  { id: 'doors.start', text: 'start keeps going by files alone, and stops cleanly.' },
  { id: 'doors.cancel', text: 'A run can be stopped; then nothing of it is applied.' },
  { id: 'doors.again', text: 'A task runs again when asked for or edited.' },
  { id: 'doors.exec', text: 'exec enters exactly the sandbox of a run, byte for byte.' },
  { id: 'doors.killed', text: 'Killed at any moment, a task has exactly one outcome.' },
  { id: 'main.journalled-first', text: 'What is about to happen is on disk before it happens.' },
  {
    id: 'main.full-disk',
    text: 'A full disk loses nothing: what could not be told or applied is taken up when there is room.',
  },
  { id: 'doors.granted-again', text: 'Revoking a folder and granting it again repeats nothing.' },
  { id: 'doors.cancel-whole', text: 'Changes that were being applied are finished, never torn.' },
  {
    id: 'doors.broken-grants',
    text: 'A grants.yaml that cannot be read takes nothing away and is never called well.',
  },
  { id: 'doors.not-starved', text: 'One task that cannot go on never holds up another.' },
  { id: 'doors.moved-away', text: 'A folder that is away for a while loses no run.' },
  {
    id: 'doors.exec-files',
    text: 'What exec is given to read or append to cannot be overwritten from inside.',
  },
  { id: 'doors.blocked-stays', text: 'What may not run does not run after a kill either.' },
  {
    id: 'doors.lost-ledger',
    text: 'A lost ledger makes a folder hold still instead of doing everything again.',
  },
] as const;
