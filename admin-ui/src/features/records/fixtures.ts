// Collections and records for the tests of this folder and of the fields.
import type { Collection, Field, FieldType, RecordModel } from '../../api';

export function field(name: string, type: FieldType, options: Partial<Field> = {}): Field {
  return { id: `${type}_${name}`, name, type, system: false, hidden: false, presentable: false, ...options };
}

export function collection(name: string, fields: Field[], options: Partial<Collection> = {}): Collection {
  const id = field('id', 'text', { system: true, primaryKey: true, required: true, autogeneratePattern: '[a-z0-9]{15}' });
  const rules = { listRule: null, viewRule: null, createRule: null, updateRule: null, deleteRule: null };
  return { id: `pbc_${name}`, name, type: 'base', system: false, indexes: [], created: '', updated: '', ...rules, ...options, fields: [id, ...fields] };
}

export function record(of: Collection, id: string, values: Record<string, unknown> = {}): RecordModel {
  return { id, collectionId: of.id, collectionName: of.name, ...values };
}

export const posts = collection('posts', [
  field('title', 'text', { presentable: true, required: true, max: 120 }),
  field('body', 'editor'),
  field('views', 'number'),
  field('status', 'select', { values: ['draft', 'published'], ext: { default: 'draft' } }),
  field('meta', 'json'),
  field('tags', 'relation', { collectionId: 'pbc_tags', maxSelect: 3 }),
  field('updated', 'autodate', { onUpdate: true }),
]);

export const tags = collection('tags', [field('name', 'text', { presentable: true })]);

export function post(id: string, values: Record<string, unknown> = {}): RecordModel {
  const stored = { title: 'Hello', body: '', views: 1, status: 'draft', meta: null, tags: [], updated: '2026-01-01 10:00:00.000Z' };
  return record(posts, id, { ...stored, ...values });
}
