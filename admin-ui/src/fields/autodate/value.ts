export { blank, summary } from '../date/value';
