import { isObject } from '../value';

export interface Point {
  lon: number;
  lat: number;
}

export const blank = (): Point => ({ lon: 0, lat: 0 });

export function toPoint(value: unknown): Point | undefined {
  return isObject(value) ? { lon: Number(value.lon) || 0, lat: Number(value.lat) || 0 } : undefined;
}

/** Latitude first, as maps and people write it. */
export function summary(value: unknown): string {
  const point = toPoint(value);
  return point ? `${point.lat}, ${point.lon}` : '';
}
