// The shapes that the API speaks. Names are the wire's own.

export type RuleName = 'list' | 'view' | 'create' | 'update' | 'delete' | 'manage' | 'auth';

export type FieldType =
  | 'text'
  | 'editor'
  | 'number'
  | 'bool'
  | 'email'
  | 'url'
  | 'date'
  | 'autodate'
  | 'select'
  | 'file'
  | 'relation'
  | 'json'
  | 'password'
  | 'geoPoint';

/** One field of a collection. Which options it has depends on its type. */
export interface Field {
  id: string;
  name: string;
  type: FieldType;
  system: boolean;
  hidden: boolean;
  presentable: boolean;
  required?: boolean;
  help?: string;
  primaryKey?: boolean;
  pattern?: string;
  autogeneratePattern?: string;
  /** Characters, a value, or for dates a text. */
  min?: number | string | null;
  max?: number | string | null;
  maxSize?: number;
  onlyInt?: boolean;
  onlyDomains?: string[] | null;
  exceptDomains?: string[] | null;
  onCreate?: boolean;
  onUpdate?: boolean;
  values?: string[];
  minSelect?: number;
  maxSelect?: number;
  mimeTypes?: string[] | null;
  thumbs?: string[] | null;
  protected?: boolean;
  collectionId?: string;
  cascadeDelete?: boolean;
  /** What PocketBase has no word for. */
  ext?: FieldExt;
}

export interface FieldExt {
  default?: unknown;
  nullable?: boolean;
  sent?: boolean;
  onDelete?: string;
  read?: string;
  autogenerate?: string;
  ts?: string;
}

export interface Collection {
  id: string;
  name: string;
  type: 'base' | 'auth' | 'view';
  system: boolean;
  fields: Field[];
  indexes: string[];
  /** null: locked. Empty: public. */
  listRule: string | null;
  viewRule: string | null;
  createRule: string | null;
  updateRule: string | null;
  deleteRule: string | null;
  manageRule?: string | null;
  authRule?: string | null;
  viewQuery?: string;
  created: string;
  updated: string;
  passwordAuth?: { enabled: boolean; identityFields: string[] };
  otp?: { enabled: boolean; duration: number; length: number };
  mfa?: { enabled: boolean; duration: number; rule: string };
  oauth2?: { enabled: boolean; providers: { name: string; displayName?: string }[] };
  authAlert?: { enabled: boolean };
  authToken?: { duration: number };
  passwordResetToken?: { duration: number };
  emailChangeToken?: { duration: number };
  verificationToken?: { duration: number };
  fileToken?: { duration: number };
  ext?: CollectionExt;
}

/** What PocketBase has no word for. */
export interface CollectionExt {
  search?: string[];
  queries?: Record<string, string>;
  /** Whether accounts may sign in with an authenticator. */
  totp?: boolean;
}

export interface RecordModel {
  id: string;
  collectionId: string;
  collectionName: string;
  expand?: Record<string, RecordModel | RecordModel[]>;
  [field: string]: unknown;
}

export interface Page<T> {
  items: T[];
  page: number;
  perPage: number;
  /** -1 when the request said `skipTotal`. */
  totalItems: number;
  totalPages: number;
}

/** The parameters of a list. */
export interface ListQuery {
  page?: number;
  perPage?: number;
  sort?: string;
  filter?: string;
  search?: string;
  expand?: string;
  fields?: string;
  skipTotal?: boolean;
}

export interface Session {
  token: string;
  record: RecordModel;
}

/** What a sign-in wants besides the password. */
export interface SecondFactor {
  mfaId: string;
  /** The ways that will do; without them any other one of the collection. */
  methods?: string[];
}

/** An account other than one's own. */
export interface Account {
  collection: string;
  record: string;
}

/** A session as lists have it. */
export interface SessionEntry {
  id: string;
  collectionRef: string;
  recordRef: string;
  method: string;
  address: string;
  userAgent: string;
  created: string;
  /** Exact to five minutes. */
  used: string;
  expires: string;
  /** Whether the request came from it. */
  current: boolean;
}

export interface AuthenticatorState {
  enabled: boolean;
  /** How many are left. */
  recoveryCodes: number;
}

/** What an authenticator is set up with; it counts once a code confirmed it. */
export interface AuthenticatorSecret {
  secret: string;
  /** For the picture that apps scan. */
  url: string;
}

/** A mail without its texts. */
export interface MailEnvelope {
  id: string;
  messageId: string;
  /** Name and address. */
  from: string;
  to: string;
  subject: string;
  created: string;
}

export interface Mail extends MailEnvelope {
  html: string;
  text: string;
}

/** Something that is done after a request, or could not be. */
export interface Job {
  id: string;
  kind: string;
  /** Of a mail; else empty, as `subject`. */
  to: string;
  subject: string;
  state: 'waiting' | 'dead';
  attempts: number;
  error: string;
  /** When it is due; of a dead one, when it was given up. */
  runAt: string;
  created: string;
}

/** Something that happens by the clock. */
export interface Cron {
  id: string;
  /** Five segments, UTC. */
  expression: string;
  /** Empty when that day never comes. */
  next: string;
  last: CronRun | null;
}

/** What came of it once. */
export interface CronRun {
  id: string;
  job: string;
  cause: 'schedule' | 'missed' | 'hand';
  tick: string;
  /** Empty before, as `finished`. */
  started: string;
  finished: string;
  outcome: 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
  error: string;
}

export interface ConfigWarning {
  message: string;
  label: string | null;
  help: string | null;
  file: string | null;
  line: number | null;
  column: number | null;
}

/** A collection as the config file declares it. */
export interface DeclaredCollection {
  managed: boolean;
  protect: boolean;
  renamedFrom: string | null;
  file: string;
  line: number;
  /** As written; a rule that is not written is locked. */
  rules: Partial<Record<RuleName, string>>;
  /** The shorthand as written; null for the long form. */
  fields: Record<string, string | null>;
}

export interface ConfigState {
  source: 'file' | 'api';
  file: string | null;
  environment: string;
  locked: boolean;
  onBoot: 'apply-safe' | 'check' | 'off';
  applied: { number: number; author: string; at: string; version: string; hash: string } | null;
  warnings: ConfigWarning[];
  problem: { kind: 'invalid' | 'blocked'; text: string } | null;
  parked: { collections: string[]; fields: string[] };
  collections: Record<string, DeclaredCollection>;
  /** The paths of settings that the file sets, such as `meta.appName`; not every server tells. */
  settings?: string[];
}

/** A place for files, or for backups. Its secret is never answered. */
export interface Bucket {
  enabled: boolean;
  bucket: string;
  region: string;
  endpoint: string;
  accessKey: string;
  secret?: string;
  forcePathStyle: boolean;
}

export interface LimitRule {
  label: string;
  /** `@guest`, `@auth`, or empty for everybody. */
  audience: string;
  /** The window in seconds. */
  duration: number;
  maxRequests: number;
}

/** What superusers set while the server runs. */
export interface Settings {
  superuserIPs: string[];
  smtp: {
    enabled: boolean;
    port: number;
    host: string;
    username: string;
    password?: string;
    authMethod: string;
    tls: boolean;
    localName: string;
  };
  backups: { cron: string; cronMaxKeep: number; s3: Bucket };
  s3: Bucket;
  meta: {
    accentColor: string;
    appName: string;
    appURL: string;
    senderName: string;
    senderAddress: string;
    hideControls: boolean;
  };
  rateLimits: { rules: LimitRule[]; excludedIPs: string[]; enabled: boolean };
  trustedProxy: { headers: string[]; useLeftmostIP: boolean };
  batch: { enabled: boolean; maxRequests: number; timeout: number; maxBodySize: number };
  logs: { maxDays: number; minLevel: number; logIP: boolean; logAuthId: boolean };
}

export interface TestMail {
  email: string;
  template: string;
  collection: string;
}

export interface LogEntry {
  id: string;
  created: string;
  /** -4 debug, 0 info, 4 warn, 8 error. */
  level: number;
  message: string;
  data: Record<string, unknown>;
}

/** How much was logged in an hour. */
export interface LogHour {
  date: string;
  total: number;
}

export interface Backup {
  key: string;
  size: number;
  modified: string;
}
