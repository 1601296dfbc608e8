import { codeOf, PersonError } from '../base/errors.ts';

/** The system does not let us act at this one place; elsewhere all may be well. A full or broken disk is not this. */
export function isRefusal(error: unknown): boolean {
  return error instanceof PersonError || reasons.has(codeOf(error) ?? '');
}

export function refusalText(error: unknown): string {
  return reasons.get(codeOf(error) ?? '') ?? 'a file, a link or nothing stands where its folder was';
}

const reasons = new Map([
  ['EACCES', 'this user may not change anything there'],
  ['EPERM', 'the system does not allow this user to change it'],
  ['EROFS', 'it lies on a disk that is read-only'],
  ['ENAMETOOLONG', 'its name is too long for this disk'],
  ['ENOTDIR', 'a file stands where its folder was'],
  ['EISDIR', 'a folder stands where the file was'],
  ['ELOOP', 'a link stands where it was'],
  ['EXDEV', 'another disk is mounted there'],
]);
