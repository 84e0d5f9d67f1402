import { oneLine } from '../value';

export const blank = () => null;

export const summary = (value: unknown) => (value === undefined ? '' : oneLine(JSON.stringify(value)));

export const format = (value: unknown) => JSON.stringify(value, null, 2);

/**
 * What to send. The server reads a text as JSON if it looks like it (so that forms work), and
 * would store the text `"123"` as a number; a text is therefore sent as the JSON of itself.
 */
export const toBody = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : value);
