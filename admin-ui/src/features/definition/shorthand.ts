// The shorthand of a field as the config file has it, such as `-> users! default=@me immutable`.

/** Its words without a value: what is quoted or in brackets belongs to an option. */
export function wordsOf(written: string | null | undefined): Set<string> {
  const bare = (written ?? '').replace(/^->\s*/, '').replace(/'[^']*'|"[^"]*"/g, "''").replace(/\([^)]*\)/g, '()');
  return new Set(bare.split(/\s+/).slice(1).filter((word) => /^[a-z_]+$/.test(word)));
}
