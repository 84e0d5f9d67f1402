/** The file's own name: paths of servers are long, and their folders rarely tell anything. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() || path;
}
