/** Promises of this area: see ../promises.ts. */
export const formatsPromises = [
  {
    id: 'formats.never-executed',
    text: 'Front matter is data: no file in a folder is ever executed by reading it.',
  },
  {
    id: 'formats.all-mistakes',
    text: 'Every mistake in a file is reported at once, with file, line, rule and a right example.',
  },
  {
    id: 'formats.unknown-keys',
    text: 'An unknown key is named in a warning with the key that was probably meant, and changes nothing.',
  },
  {
    id: 'formats.not-built',
    text: 'A key that this version understands but cannot do yet is named, so that the task waits instead of running without it.',
  },
  {
    id: 'formats.same-task',
    text: 'Line ends, trailing space and a byte order mark do not make a task another task.',
  },
  {
    id: 'formats.hostile-text',
    text: 'Nothing that a model says or a file is called can pass for deskhand’s own words in a result or a log.',
  },
  {
    id: 'formats.folder-narrows',
    text: 'Settings in a folder can only narrow what the owner’s settings allow.',
  },
  {
    id: 'formats.grants-kept',
    text: 'A wrong entry in grants.yaml is named and takes no other entry with it; comments survive changes.',
  },
  {
    id: 'formats.control-files',
    text: 'A file that steers deskhand is recognised in every spelling that some file system takes for the same.',
  },
  {
    id: 'formats.documented',
    text: 'Every example in docs/formats.md is read by the program as the page says.',
  },
  {
    id: 'workspace.cost',
    text: 'Reading a workspace opens only files that steer deskhand, however many others there are.',
  },
  {
    id: 'workspace.no-link',
    text: 'Links, pipes and devices are named and never opened, wherever a task or an instruction file should be.',
  },
  {
    id: 'workspace.conflict-copies',
    text: 'A conflict copy of a task or of instructions is named and never run or followed.',
  },
  {
    id: 'workspace.unreadable-holds',
    text: 'Instructions or settings that cannot be read stop the folder’s tasks instead of being left out.',
  },
  { id: 'workspace.fresh', text: 'A file that changed is never taken for the one that was read before.' },
] as const satisfies readonly { id: string; text: string }[];
