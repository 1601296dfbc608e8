/** Promises of this area: see ../promises.ts. */
export const mainPromises = [] as readonly { id: string; text: string }[];
