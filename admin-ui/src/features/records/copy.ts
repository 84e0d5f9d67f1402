// Copies a text and says so. Without a secure context the browser gives no clipboard.
import { toast } from '../../ui/toasts.svelte';

export async function copy(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(said, 'good');
  } catch {
    toast(`The browser does not let the page copy. ${text.length < 60 ? text : ''}`.trim(), 'bad');
  }
}
