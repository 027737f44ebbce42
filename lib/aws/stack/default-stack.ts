/** The name of the stack that is meant where none is given. */
export const DEFAULT_STACK = 'refold';
