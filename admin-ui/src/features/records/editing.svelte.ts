// One record while it is edited: what was loaded, what the form says, and the way to the server.
// Knows no component; the drawer shows what this says.
import { api, ApiError, type Collection, messageOf, type RecordModel } from '../../api';
import { bodyOf, changedKeys, copyOf, type Draft, draftOf, malformed, writableFields } from './changes';
import { sameValue } from '../../fields/value';
import { changedMeanwhile, type Choice, type Difference, differences, merged } from './conflict';

export type Saved =
  | { outcome: 'saved'; record: RecordModel }
  | { outcome: 'invalid' | 'unchanged' | 'conflict' | 'gone' | 'failed' };

export class Editing {
  readonly collection: Collection;
  /** The record as it was loaded last; nothing while one is being made. */
  record: RecordModel | undefined = $state.raw();
  draft: Draft = $state({});
  /** What is wrong, by field. */
  errors: Record<string, string> = $state({});
  /** What is wrong with the whole. */
  problem = $state('');
  saving = $state(false);
  /** How much of the files has been sent, from 0 to 1; nothing while none are. */
  sent: number | undefined = $state();
  conflict: { stored: RecordModel; differences: Difference[] } | undefined = $state.raw();
  /** Somebody deleted it while it was edited. */
  gone = $state(false);
  /** What a new record began with. */
  #begun: Draft = {};

  constructor(collection: Collection, record?: RecordModel, copied?: RecordModel) {
    this.collection = collection;
    this.record = record;
    if (record) this.draft = draftOf(record, collection);
    else if (copied) this.draft = this.#begun = copyOf(copied, collection);
  }

  get changed(): string[] {
    return changedKeys(this.draft, this.record, this.collection);
  }

  /** Whether something would be lost. A copy that nobody touched would not. */
  get isDirty(): boolean {
    return this.changed.some((name) => this.record || !sameValue(this.draft[name], this.#begun[name]));
  }

  async save(): Promise<Saved> {
    if (this.saving) return { outcome: 'unchanged' };
    if (!this.#isWellFormed()) return { outcome: 'invalid' };
    if (this.record && this.changed.length === 0) return { outcome: 'unchanged' };
    this.saving = true;
    try {
      return this.record ? await this.#update(this.record) : await this.#create();
    } catch (err) {
      this.#refused(err);
      return { outcome: 'failed' };
    } finally {
      this.saving = false;
      this.sent = undefined;
    }
  }

  /** Takes what was chosen over what is stored now, and saves the rest. */
  async resolve(choices: Record<string, Choice>): Promise<Saved> {
    const { stored, differences: shown } = this.conflict!;
    this.conflict = undefined;
    this.draft = merged(stored, this.#taken(), shown, choices);
    this.record = stored;
    return this.changed.length ? this.save() : { outcome: 'saved', record: stored };
  }

  /** The record was deleted: what the form says becomes a new one with the same id. */
  async recreate(): Promise<Saved> {
    const id = this.record?.id;
    this.record = undefined;
    this.gone = false;
    this.draft = { ...this.draft, id };
    return this.save();
  }

  async #create(): Promise<Saved> {
    const body = bodyOf(this.#taken(), this.changed, this.collection);
    return this.#stored(await api.records.create(this.collection.name, body, this.#watching));
  }

  async #update(loaded: RecordModel): Promise<Saved> {
    const { name } = this.collection;
    let stored: RecordModel;
    try {
      stored = await api.records.view(name, loaded.id);
    } catch (err) {
      if (!(err instanceof ApiError && err.status === 404)) throw err;
      this.gone = true;
      return { outcome: 'gone' };
    }
    const draft = this.#taken();
    if (changedMeanwhile(loaded, stored, this.collection)) {
      this.conflict = { stored, differences: differences(loaded, stored, draft, this.collection) };
      return { outcome: 'conflict' };
    }
    const body = bodyOf(draft, this.changed, this.collection, stored);
    return this.#stored(await api.records.update(name, loaded.id, body, this.#watching));
  }

  #watching = { onsent: (share: number) => (this.sent = share) };

  /** The draft as it is now. A clone of a file would be another file. */
  #taken(): Draft {
    const isFile = (name: string) => this.collection.fields.some((field) => field.name === name && field.type === 'file');
    return Object.fromEntries(
      Object.entries(this.draft).map(([name, value]) => {
        if (!isFile(name)) return [name, $state.snapshot(value)];
        return [name, Array.isArray(value) ? [...value] : value];
      }),
    );
  }

  #stored(record: RecordModel): Saved {
    this.record = record;
    this.draft = draftOf(record, this.collection);
    this.errors = {};
    this.problem = '';
    return { outcome: 'saved', record };
  }

  #isWellFormed(): boolean {
    this.errors = malformed(this.draft);
    this.problem = '';
    const { password, passwordConfirm } = this.draft;
    if (this.collection.type === 'auth' && password && password !== passwordConfirm) {
      this.errors.passwordConfirm = 'The two passwords are not the same.';
    }
    return Object.keys(this.errors).length === 0;
  }

  /** Each message goes to its field; what has no field here is said above the form. */
  #refused(err: unknown): void {
    const inputs = new Set([...writableFields(this.collection, !this.record).map((field) => field.name), 'passwordConfirm']);
    const rest: string[] = [];
    for (const [name, message] of err instanceof ApiError ? leaves(err.data) : []) {
      const field = name.split('.')[0]!;
      if (inputs.has(field)) this.errors[field] = message;
      else rest.push(`${name}: ${message}`);
    }
    const isAllShown = Object.keys(this.errors).length > 0 && rest.length === 0;
    this.problem = isAllShown ? '' : [messageOf(err), ...rest].join(' ');
  }
}

/** The messages of an error's tree, by path. */
function leaves(tree: Record<string, unknown>, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, node]): [string, string][] => {
    if (typeof node !== 'object' || node === null) return [];
    const { code, message } = node as { code?: unknown; message?: unknown };
    if (typeof code === 'string' && typeof message === 'string') return [[path + key, message]];
    return leaves(node as Record<string, unknown>, `${path}${key}.`);
  });
}
