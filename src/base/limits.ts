/** Every limit: a name, a unit, a reason. Those that a person may set stand in settings.yaml under the same name. */
export const limits = {
  /** Two equal readings this far apart make a file settled: editors and sync clients write in steps. */
  settleMs: 1_000,
  /** A look at each folder without any hint, since watchers lose events silently. */
  rescanMs: 60_000,
  /** After trouble with the disk that holds the ledger, a folder rests this long. */
  troubleMs: 30_000,
  /** Runs at the same time, over all folders. */
  runsAtOnce: 2,
  /** Different notices that one process says; after that something repeats itself with small changes. */
  noticesMax: 10_000,

  /** A task is words. More than this is a document that the task should name. */
  taskBytesMax: 256 * 1024,
  /** Front matter beyond this is no front matter; deep nesting in it would break a YAML parser. */
  frontMatterBytesMax: 64 * 1024,
  /** Claude Code skips instruction files over 4 MiB; so do we, with a warning. */
  instructionBytesMax: 4 * 1024 * 1024,
  settingsBytesMax: 256 * 1024,
  /** One month of one folder's ledger. At 600 bytes a turn that is 400,000 turns. */
  ledgerBytesMax: 256 * 1024 * 1024,
  /** Task files of one folder that a scan looks at. */
  tasksMax: 10_000,

  /** Budget of a run whose task names none. */
  turnsMax: 100,
  minutesMax: 60,
  usdMax: 5,
  tokensMax: 20_000_000,
  /** Below this many tokens a reply is not worth asking for. */
  replyTokensMin: 512,
  /** What is asked for when nothing else bounds it: long replies cost and time out. */
  replyTokensMax: 32_000,

  /** No event on a reply's stream for this long: it has stalled. */
  streamIdleMs: 90_000,
  /** No answer at all to a request for this long. Longer than an idle stream: a model on this machine reads first. */
  replyStartMs: 300_000,
  /** Attempts at one request, the first included. */
  attemptsMax: 6,
  retryFirstMs: 500,
  retryMax: 30_000,
  /** A server may ask for a longer wait than our own; beyond this the run ends and says how long it asked for. */
  retryAfterMaxMs: 300_000,

  /** One tool call without a time-out of its own. */
  toolMs: 120_000,
  toolMsMax: 600_000,
  /** Text that one tool result may hold; the rest goes to a file that the model can read. */
  toolResultCharsMax: 30_000,
  /** What one command may print: kept whole up to here, then the command is ended. */
  commandOutputBytesMax: 64 * 1024 * 1024,
  /** Lines that one reading of a file gives, and characters of each. */
  readLinesMax: 2_000,
  readLineCharsMax: 2_000,
  /** A file that is read or edited as a whole. */
  editBytesMax: 32 * 1024 * 1024,
  /** Paths that Glob gives, lines that Grep gives, and what either looks at before it stops. */
  globPathsMax: 100,
  grepLinesMax: 250,
  searchEntriesMax: 1_000_000,
  /** A picture that is sent to a model. */
  imageBytesMax: 5 * 1024 * 1024,
  /** One line between guest and host, base64 of a picture included. */
  guestLineBytesMax: 16 * 1024 * 1024,
  /** The guest must say hello within this. */
  guestStartMs: 10_000,
  /** How long after a call's own time-out the guest may stay silent before it counts as stalled. */
  guestAnswerGraceMs: 10_000,
  /** What is kept of what the launcher and the guest print as errors, for the reason of a failed start. */
  guestErrorBytesMax: 8 * 1024,
  /** From a polite end to SIGKILL. */
  stopGraceMs: 2_000,

  /** Files that one ChangeSet may touch. */
  changesMax: 100_000,
  /** Folders within folders that a run may make: beyond this most programs can't reach what is in them. */
  folderDepthMax: 256,
} as const;
