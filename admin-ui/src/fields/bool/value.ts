export const blank = () => false;

export const summary = (value: unknown) => (value === null || value === undefined ? '' : value ? 'true' : 'false');
