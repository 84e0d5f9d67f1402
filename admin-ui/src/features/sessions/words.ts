// How somebody signed in, in words.

const METHODS: Record<string, string> = {
  password: 'with a password',
  otp: 'with a mailed code',
  oauth2: 'through a provider',
  totp: 'with an authenticator',
  token: 'with an earlier token',
  impersonate: 'by impersonation',
};

export function methodOf(method: string): string {
  return METHODS[method] ?? `by ${method}`;
}
