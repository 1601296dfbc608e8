/**
 * What a run alters in a person's folder, from the view that it works on to the way back.
 *
 * Hides: the overlay, how it is proven that a file is the one that the run saw, how a file is replaced so that no
 * instant is without it, how an old version is kept. Promises: a file that is not proven unchanged is never altered,
 * both versions survive; a crash at any point rolls forward to the same tree; undo gives the tree back as it was. Cost
 * follows what the run changed. Never: walks the person's folder, follows a link, mounts anything, judges whether a
 * run did well.
 */

export type { Applied } from '../formats/applied.ts';
export { apply, resumeApply } from './apply.ts';
export { check } from './check.ts';
export { type Collected, collect } from './collect.ts';
export type { RunProgram } from './overlay-marks.ts';
export { prepareStage, removeStage, type Stage } from './stage.ts';
export { type Undone, undo } from './undo.ts';
