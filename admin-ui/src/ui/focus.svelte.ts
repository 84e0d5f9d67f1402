/** A dialog gives the focus back to what opened it. Where that is gone by then, `next` gets it. */
export function followDialog(isOpen: () => boolean, next: () => HTMLElement | null | undefined): void {
  let wasOpen = false;
  $effect(() => {
    const open = isOpen();
    if (wasOpen && !open && document.activeElement === document.body) next()?.focus();
    wasOpen = open;
  });
}
