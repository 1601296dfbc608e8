/** Promises of this area: see ../promises.ts. */
export const formatsPromises = [] as readonly { id: string; text: string }[];
