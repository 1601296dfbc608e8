/** Promises of this area: see ../promises.ts. */
export const changesPromises = [
  {
    id: 'disk.any-name',
    text: 'A file may be called anything that the system allows, bytes that are no text included.',
  },
  {
    id: 'disk.no-link-followed',
    text: 'No link inside a granted folder leads deskhand out of it, to read or to write.',
  },
  {
    id: 'changes.applied-is-what-the-run-saw',
    text: 'After a run that nobody disturbed the folder is what the run saw, and after an undo it is what it was before, byte for byte, mode and time too.',
  },
  {
    id: 'changes.both-versions-survive',
    text: 'Whatever a person edits while a run works is kept, and so is what the run wrote.',
  },
] as readonly { id: string; text: string }[];
