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
  {
    id: 'changes.odd-things-named',
    text: 'Pipes, sockets, set-id bits and links that lead out of the folder are not taken over from a run, and the result names them.',
  },
  {
    id: 'changes.control-files-refused',
    text: 'A run that alters what steers deskhand, or what other programs run by themselves, has none of its changes applied.',
  },
  {
    id: 'changes.proof-by-time',
    text: 'A file that is not provably the one that the run saw is never altered by the run.',
  },
  {
    id: 'changes.conflict-beside',
    text: "Where a person's file changed meanwhile it stays, and the run's version is put beside it, with the day in its name.",
  },
  { id: 'changes.never-absent', text: 'A file that a run replaces is there, whole, at every instant.' },
  {
    id: 'changes.undo-identical',
    text: 'undo gives the identical tree, save results, logs and .deskhand/.',
  },
  {
    id: 'changes.undo-keeps-later-edits',
    text: 'What a person changed after a run is kept by its undo, which says so and puts the old version beside it.',
  },
  {
    id: 'changes.crash-rolls-forward',
    text: 'Killed at any point of an apply, deskhand comes to the same tree as without the kill.',
  },
] as readonly { id: string; text: string }[];
