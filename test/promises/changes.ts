/** Promises of this area: see ../promises.ts. */
export const changesPromises = [] as readonly { id: string; text: string }[];
