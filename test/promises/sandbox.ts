/** Promises of this area: see ../promises.ts. */
export const sandboxPromises = [] as readonly { id: string; text: string }[];
