// What the table shows, as the address says it: everything is in the URL, defaults are left out.

export const PAGE_SIZES = [20, 50, 100, 200];
const PER_PAGE = 50;

export interface Query {
  /** As typed: a filter or words. */
  filter: string;
  sort: string;
  page: number;
  perPage: number;
  columns: string | null;
}

export function readQuery(params: URLSearchParams): Query {
  const perPage = Number(params.get('perPage'));
  return {
    filter: params.get('filter') ?? '',
    sort: params.get('sort') ?? '',
    page: Math.max(1, Math.trunc(Number(params.get('page'))) || 1),
    perPage: PAGE_SIZES.includes(perPage) ? perPage : PER_PAGE,
    columns: params.get('columns'),
  };
}

export function writeQuery(query: Query): Record<string, string> {
  const params: Record<string, string> = {};
  if (query.filter) params.filter = query.filter;
  if (query.sort) params.sort = query.sort;
  if (query.page > 1) params.page = String(query.page);
  if (query.perPage !== PER_PAGE) params.perPage = String(query.perPage);
  if (query.columns !== null) params.columns = query.columns;
  return params;
}
