import type { Field } from '../../api';
import { isMultiple } from '../options';
import { texts } from '../value';

export const blank = (field: Field) => (isMultiple(field) ? [] : '');

export const summary = (value: unknown) => texts(value).join(', ');
