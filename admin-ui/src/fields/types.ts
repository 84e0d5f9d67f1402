// The two components every field type has. Both are given the field, so neither asks for it.
import type { Component } from 'svelte';
import type { Field, RecordModel } from '../api';

export interface InputProps {
  field: Field;
  /** Bindable. Undefined: not touched, so that the server's default acts. */
  value?: unknown;
  /** The stored record; nothing while one is being made. */
  record?: RecordModel | undefined;
  id: string;
  describedby?: string | undefined;
  invalid?: boolean | undefined;
  disabled?: boolean | undefined;
}

export interface CellProps {
  field: Field;
  value: unknown;
  record: RecordModel;
  /** It stands inside a link, which holds no other. */
  inLink?: boolean;
}

export type InputComponent = Component<InputProps, object, 'value'>;
export type CellComponent = Component<CellProps>;
