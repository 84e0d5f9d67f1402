// The labels that a limit may have, to choose from while typing.

import type { Collection } from '../../api';

const OF_RECORDS = ['list', 'view', 'create', 'update', 'delete', 'file'];
const OF_ACCOUNTS = [
  'auth', 'listAuthMethods', 'authWithPassword', 'authWithOAuth2', 'authWithOTP', 'requestOTP', 'authRefresh',
  'requestPasswordReset', 'confirmPasswordReset', 'requestVerification', 'confirmVerification', 'requestEmailChange', 'confirmEmailChange',
];

/** Actions of all collections, then of each, then paths. */
export function labelsFor(collections: Collection[]): string[] {
  const own = collections.filter(({ system }) => !system);
  const actionsOf = ({ type }: Collection) =>
    type === 'view' ? ['list', 'view'] : type === 'auth' ? [...OF_RECORDS, ...OF_ACCOUNTS] : OF_RECORDS;
  return [
    ...[...OF_RECORDS, ...OF_ACCOUNTS].map((action) => `*:${action}`),
    ...own.flatMap((collection) => actionsOf(collection).map((action) => `${collection.name}:${action}`)),
    '/api/',
    '/api/batch',
    '/api/realtime',
  ];
}
