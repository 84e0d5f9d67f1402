import { oneLine } from '../value';

export const blank = () => '';

export const summary = (value: unknown) => oneLine(String(value ?? ''));
