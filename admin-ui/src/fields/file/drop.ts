// What is dragged over the page and let go.

export const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** The files of a drop. A folder looks like a file that cannot be read, so it is told apart. */
export function dropped(event: DragEvent): { found: File[]; folders: string[] } {
  const found: File[] = [];
  const folders: string[] = [];
  for (const item of event.dataTransfer?.items ?? []) {
    const file = item.getAsFile();
    if (!file) continue;
    if (item.webkitGetAsEntry?.()?.isDirectory) folders.push(file.name);
    else found.push(file);
  }
  return { found, folders };
}
