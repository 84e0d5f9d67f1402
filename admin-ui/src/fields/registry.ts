// All field types in one place. Light inputs come with the records page; the two with a language of
// their own are loaded when a collection has such a field.
import AutodateCell from './autodate/Cell.svelte';
import AutodateInput from './autodate/Input.svelte';
import BoolCell from './bool/Cell.svelte';
import BoolInput from './bool/Input.svelte';
import DateCell from './date/Cell.svelte';
import DateInput from './date/Input.svelte';
import EditorCell from './editor/Cell.svelte';
import EmailCell from './email/Cell.svelte';
import EmailInput from './email/Input.svelte';
import FileCell from './file/Cell.svelte';
import FileInput from './file/Input.svelte';
import GeoPointCell from './geoPoint/Cell.svelte';
import GeoPointInput from './geoPoint/Input.svelte';
import JsonCell from './json/Cell.svelte';
import NumberCell from './number/Cell.svelte';
import NumberInput from './number/Input.svelte';
import PasswordCell from './password/Cell.svelte';
import PasswordInput from './password/Input.svelte';
import RelationCell from './relation/Cell.svelte';
import RelationInput from './relation/Input.svelte';
import SelectCell from './select/Cell.svelte';
import SelectInput from './select/Input.svelte';
import TextCell from './text/Cell.svelte';
import TextInput from './text/Input.svelte';
import type { CellComponent, InputComponent } from './types';
import UrlCell from './url/Cell.svelte';
import UrlInput from './url/Input.svelte';
import type { FieldType } from '../api';
import type { IconName } from '../ui/icons';

export interface Registered {
  Cell: CellComponent;
  /** At hand, or loaded on use. */
  input: InputComponent | (() => Promise<{ default: InputComponent }>);
  isLazy?: true;
  /** It says itself what is wrong with a half-written value, and where. */
  saysWhy?: true;
  icon: IconName;
  /** Wide enough to be read, narrow enough to leave room: a column's longest width in rem. */
  width: number;
}

export const registry: Record<FieldType, Registered> = {
  text: { Cell: TextCell, input: TextInput, icon: 'text', width: 20 },
  editor: { Cell: EditorCell, input: () => import('./editor/Input.svelte'), isLazy: true, icon: 'editor', width: 22 },
  number: { Cell: NumberCell, input: NumberInput, icon: 'hash', width: 12 },
  bool: { Cell: BoolCell, input: BoolInput, icon: 'toggle', width: 8 },
  email: { Cell: EmailCell, input: EmailInput, icon: 'mail', width: 16 },
  url: { Cell: UrlCell, input: UrlInput, icon: 'link', width: 16 },
  date: { Cell: DateCell, input: DateInput, icon: 'calendar', width: 12 },
  autodate: { Cell: AutodateCell, input: AutodateInput, icon: 'clock', width: 12 },
  select: { Cell: SelectCell, input: SelectInput, icon: 'select', width: 16 },
  file: { Cell: FileCell, input: FileInput, icon: 'file', width: 16 },
  relation: { Cell: RelationCell, input: RelationInput, icon: 'relation', width: 18 },
  json: { Cell: JsonCell, input: () => import('./json/Input.svelte'), isLazy: true, saysWhy: true, icon: 'braces', width: 18 },
  password: { Cell: PasswordCell, input: PasswordInput, icon: 'key', width: 8 },
  geoPoint: { Cell: GeoPointCell, input: GeoPointInput, icon: 'geo', width: 14 },
};

/** A type this dashboard does not know yet is shown as the JSON it is. */
export const registered = (type: string): Registered =>
  Object.hasOwn(registry, type) ? registry[type as FieldType] : registry.json;
